// Events that services push: SNS, also by way of a queue, S3 and CloudWatch Logs.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/events.h"
#include "localcloud/cloudformation/sam/resolve.h"

namespace localcloud::sam {
namespace {

Made subscription(const Event& event, const Target& target, std::string_view protocol, const json::value& endpoint) {
  Made made{.id = event.made_id, .type = "AWS::SNS::Subscription", .attributes = target.passed_on};
  made.properties["Endpoint"] = endpoint;
  made.properties["Protocol"] = protocol;
  made.properties["TopicArn"] = event.properties.at("Topic");
  for (const char* same : {"Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"}) {
    set_if(made.properties, same, find(event.properties, same));
  }
  return made;
}

Made queue_policy(std::string id, const Target& target, const json::value& topic, const json::value& queue_arn,
                  const json::value& queue_url) {
  json::object condition;
  object_in(condition, "ArnEquals")["aws:SourceArn"] = topic;
  json::object statement;
  statement["Action"] = "sqs:SendMessage";
  statement["Effect"] = "Allow";
  statement["Principal"] = "*";
  statement["Resource"] = queue_arn;
  statement["Condition"] = std::move(condition);
  Made made{.id = std::move(id), .type = "AWS::SQS::QueuePolicy", .attributes = target.passed_on};
  auto& document = object_in(made.properties, "PolicyDocument");
  document["Version"] = "2012-10-17";
  document["Statement"].emplace_array().emplace_back(std::move(statement));
  made.properties["Queues"].emplace_array().push_back(queue_url);
  return made;
}

// Is the topic of this template a FIFO topic? Its own word for it, as the queue gets it.
base::Result<json::value> fifo_topic(const Context& context, const json::value& topic) {
  const auto id = referenced_id(topic);
  if (!id) return json::value(false);
  const auto properties = object_at(object_at(context.resources, *id), "Properties");
  const auto* fifo = find(properties, "FifoTopic");
  return fifo == nullptr ? json::value(false) : with_parameters(*fifo, context.parameters);
}

constexpr std::array kBucketProperties = {"AccessControl",
                                          "AccelerateConfiguration",
                                          "AnalyticsConfigurations",
                                          "BucketEncryption",
                                          "BucketName",
                                          "CorsConfiguration",
                                          "IntelligentTieringConfigurations",
                                          "InventoryConfigurations",
                                          "LifecycleConfiguration",
                                          "LoggingConfiguration",
                                          "MetricsConfigurations",
                                          "NotificationConfiguration",
                                          "ObjectLockConfiguration",
                                          "ObjectLockEnabled",
                                          "OwnershipControls",
                                          "PublicAccessBlockConfiguration",
                                          "ReplicationConfiguration",
                                          "Tags",
                                          "VersioningConfiguration",
                                          "WebsiteConfiguration"};

// The bucket again, as SAM knows buckets.
base::Result<Made> bucket_resource(const std::string& id, const json::object& bucket) {
  Made made{.id = id,
            .type = "AWS::S3::Bucket",
            .properties = object_at(bucket, "Properties"),
            .attributes = own_attributes(bucket)};
  made.depends_on = depends_on(bucket);
  for (const auto& [name, _] : made.properties) {
    if (std::find(kBucketProperties.begin(), kBucketProperties.end(), std::string_view(name)) !=
        kBucketProperties.end()) {
      continue;
    }
    return invalid_resource(
        id, fmt::format("property {} not defined for resource of type AWS::S3::Bucket", std::string_view(name)));
  }
  return made;
}

// S3 checks that it may call the function when the notification is set. A DependsOn does that; where the permission is
// there under a condition only, a tag that refers to it.
base::Result<> depend_on(json::object& bucket, const std::string& bucket_id, const Made& needed,
                         const std::string& condition) {
  if (condition.empty()) {
    json::array names;
    if (const auto* given = find(bucket, "DependsOn")) {
      names = as_list(*given);
    }
    const json::value id = json::string(needed.id);
    if (!contains(names, id)) names.push_back(id);
    bucket["DependsOn"] = std::move(names);
    return {};
  }
  auto& properties = object_in(bucket, "Properties");
  if (const auto* tags = find(properties, "Tags"); tags != nullptr && !tags->is_array()) {
    return invalid_resource(bucket_id, "Property 'Tags' should be a list.");
  }
  json::object tag;
  tag["Key"] = "sam:ConditionalDependsOn:" + needed.id;
  tag["Value"] = if_condition(condition, ref_to(needed.id), "no dependency");
  auto& tags = properties["Tags"];
  if (!tags.is_array()) tags.emplace_array();
  tags.get_array().emplace_back(std::move(tag));
  return {};
}

base::Result<> add_notifications(json::object& bucket, const std::string& bucket_id, const Event& event,
                                 const Target& target) {
  auto& properties = object_in(bucket, "Properties");
  const auto* given = find(properties, "NotificationConfiguration");
  if (given != nullptr && !given->is_object()) {
    return invalid_resource(bucket_id, "Property 'NotificationConfiguration' should be a map.");
  }
  auto& notifications = object_in(properties, "NotificationConfiguration");
  auto& list = notifications["LambdaConfigurations"];
  if (list.is_null()) list.emplace_array();
  if (!list.is_array()) return invalid_resource(bucket_id, "Invalid type for LambdaConfigurations. Must be a list.");
  const auto& types = event.properties.at("Events");
  for (const auto& type : as_list(types)) {
    json::object entry;
    entry["Function"] = target.arn();
    set_if(entry, "Filter", find(event.properties, "Filter"));
    entry["Event"] = type;
    const json::value notification = target.condition.empty() ? entry : if_condition(target.condition, entry);
    if (!contains(list.get_array(), notification)) list.get_array().push_back(notification);
  }
  return {};
}

std::string bucket_of(const Event& event) {
  return string_at(object_at(event.properties, "Bucket"), "Ref");
}

}  // namespace

base::Result<std::vector<Made>> make_topic_event(const Context& context, const Event& event, const Target& target,
                                                 Role& role) {
  std::vector<Made> made;
  const auto& topic = event.properties.at("Topic");
  if (!truthy_at(event.properties, "SqsSubscription")) {
    made.push_back(permission(event, target, {.principal = "sns.amazonaws.com", .source_arn = topic}));
    made.push_back(subscription(event, target, "lambda", target.arn()));
    return made;
  }
  const auto given = object_at(event.properties, "SqsSubscription");
  const bool own = event.properties.at("SqsSubscription").is_bool();
  if (!own && (!truthy_at(given, "QueueArn") || !truthy_at(given, "QueueUrl"))) {
    return invalid_event(event.id, "No QueueARN or QueueURL provided.");
  }
  const auto queue_id = event.made_id + "Queue";
  const json::value arn = own ? get_att(queue_id, "Arn") : given.at("QueueArn");
  const json::value url = own ? ref_to(queue_id) : given.at("QueueUrl");
  if (own) {
    Made queue{.id = queue_id, .type = "AWS::SQS::Queue", .attributes = target.passed_on};
    TRY(auto fifo, fifo_topic(context, topic));
    if (truthy(fifo)) queue.properties["FifoQueue"] = std::move(fifo);
    made.push_back(std::move(queue));
  }
  const auto policy_id = string_at(given, "QueuePolicyLogicalId");
  made.push_back(queue_policy(policy_id.empty() ? event.made_id + "QueuePolicy" : policy_id, target, topic, arn, url));
  made.push_back(subscription(event, target, "sqs", arn));
  Event from_queue{.id = event.id, .made_id = event.made_id + "EventSourceMapping", .type = "SQS", .properties = {}};
  from_queue.properties["Queue"] = arn;
  from_queue.properties["BatchSize"] = truthy_at(given, "BatchSize") ? given.at("BatchSize") : json::value(10);
  from_queue.properties["Enabled"] = true;
  TRY(auto mapping, make_pull_event(from_queue, target, role));
  made.insert(made.end(), mapping.begin(), mapping.end());
  return made;
}

base::Result<> check_bucket_event(const Context& context, const Event& event) {
  const auto bucket = object_at(event.properties, "Bucket");
  if (const auto* reference = bucket.if_contains("Ref"); reference != nullptr && !reference->is_string()) {
    return invalid_event(event.id, "'Ref' value in S3 events is not a valid string.");
  }
  if (find_object(context.resources, bucket_of(event)) != nullptr) return {};
  return invalid_event(event.id, "S3 events must reference an S3 bucket in the same template.");
}

base::Result<std::vector<Made>> make_bucket_event(Context& context, const Event& event, const Target& target) {
  const auto bucket_id = bucket_of(event);
  auto* bucket = find_object(context.resources, bucket_id);
  std::vector<Made> made;
  made.push_back(
      permission(event, target, {.principal = "s3.amazonaws.com", .source_account = ref_to("AWS::AccountId")}));
  TRY(depend_on(*bucket, bucket_id, made.front(), target.condition));
  if (const auto* given = find(*bucket, "Properties"); given != nullptr && !given->is_object()) {
    return invalid_resource(bucket_id, "Properties should be a map.");
  }
  TRY(add_notifications(*bucket, bucket_id, event, target));
  TRY(auto resource, bucket_resource(bucket_id, *bucket));
  made.push_back(std::move(resource));
  return made;
}

base::Result<std::vector<Made>> make_log_event(const Event& event, const Target& target) {
  json::object variables;
  variables["__LogGroupName__"] = event.properties.at("LogGroupName");
  std::vector<Made> made;
  made.push_back(permission(
      event, target,
      {.principal = "logs.amazonaws.com",
       .source_arn = sub("arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:${__LogGroupName__}:*", variables)}));
  Made filter{.id = event.made_id, .type = "AWS::Logs::SubscriptionFilter", .attributes = target.passed_on};
  filter.depends_on = json::array({json::value(json::string(made.front().id))});
  filter.properties["LogGroupName"] = event.properties.at("LogGroupName");
  filter.properties["FilterPattern"] = event.properties.at("FilterPattern");
  filter.properties["DestinationArn"] = target.arn();
  made.push_back(std::move(filter));
  return made;
}

}  // namespace localcloud::sam
