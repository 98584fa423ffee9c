// What CloudFormation makes of SQS: queues and queue policies.
#include <fmt/format.h>

#include "codec/json.h"
#include "localcloud/iam/policy.h"
#include "localcloud/sqs/sqs_service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

constexpr std::size_t kLongestName = 80;

// The properties that are attributes of the API by the same name, with what stands when a template leaves them out.
const std::map<std::string_view, std::string_view>& attribute_properties() {
  static const std::map<std::string_view, std::string_view> kProperties{{"DelaySeconds", "0"},
                                                                        {"MaximumMessageSize", "1048576"},
                                                                        {"MessageRetentionPeriod", "345600"},
                                                                        {"ReceiveMessageWaitTimeSeconds", "0"},
                                                                        {"VisibilityTimeout", "30"},
                                                                        {"RedrivePolicy", ""},
                                                                        {"RedriveAllowPolicy", ""},
                                                                        {"KmsMasterKeyId", ""},
                                                                        {"KmsDataKeyReusePeriodSeconds", "300"},
                                                                        {"SqsManagedSseEnabled", "true"}};
  return kProperties;
}

SqsService::Texts attributes_of(const json::object& properties) {
  SqsService::Texts attributes;
  for (const auto& [name, fallback] : attribute_properties()) {
    attributes[std::string(name)] = text_property(properties, name, fallback);
  }
  if (!attributes["KmsMasterKeyId"].empty()) attributes.erase("SqsManagedSseEnabled");
  return attributes;
}

// FIFO queues are not there; `FifoQueue: false` is a standard queue.
base::Result<> check_standard(const json::object& properties) {
  auto fifo = text_property(properties, "FifoQueue", "false");
  if (fifo == "false") return {};
  return base::fail(base::ErrorKind::invalid_input, "The local cloud does not implement FIFO queues (FifoQueue)");
}

class QueueType final : public SyncType {
 public:
  explicit QueueType(SqsService& sqs)
      : SyncType({.name = "AWS::SQS::Queue",
                  .works = {"QueueName", "DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod",
                            "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout", "RedrivePolicy", "RedriveAllowPolicy",
                            "KmsMasterKeyId", "FifoQueue", "Tags"},
                  .accepted = {"KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"},
                  .replaces = {"QueueName", "FifoQueue"}}),
        sqs_(sqs) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(check_standard(request.properties));
    auto name = text_property(request.properties, "QueueName");
    if (name.empty()) name = generated_name(request.stack_name, request.logical_id, kLongestName);
    if (sqs_.queue(sqs_.arn_of(name))) {
      return aws_error(400, "AlreadyExists",
                       fmt::format("Resource of type 'AWS::SQS::Queue' with identifier '{}' "
                                   "already exists.",
                                   name));
    }
    TRY(auto tags, tags_property(request));
    TRY(auto* made, sqs_.create_queue(name, attributes_of(request.properties), std::move(tags)));
    return state(*made);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(auto arn, sqs_.arn_of_url(request.physical_id));
    TRY(auto* found, sqs_.queue(arn));
    TRY(auto tags, tags_property(request));
    TRY(check_queue_tags(tags));
    TRY(sqs_.set_attributes(*found, attributes_of(request.properties)));
    found->tags = std::move(tags);
    return state(*found);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    // AWS's own deletion ends when the name is free again.
    if (auto arn = sqs_.arn_of_url(request.physical_id)) sqs_.delete_queue(*arn, false);
    return {};
  }

 private:
  static ResourceState state(const Queue& made) {
    return {.physical_id = made.url,
            .attributes = {{"Arn", made.arn}, {"QueueName", made.name}, {"QueueUrl", made.url}}};
  }

  SqsService& sqs_;
};

// A policy for the queues that one property names: AWS::SQS::QueuePolicy for many, QueueInlinePolicy for one.
class PolicyType final : public SyncType {
 public:
  PolicyType(SqsService& sqs, std::string_view name, std::string_view queues)
      : SyncType({.name = name, .works = {"PolicyDocument", queues}, .replaces = replaced_by(name)}),
        sqs_(sqs),
        queues_(queues) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    return put(request, generated_name(request.stack_name, request.logical_id, kLongestName));
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(clear(request.old_properties));
    return put(request, request.physical_id);
  }

  base::Result<> destroy(const ResourceRequest& request) override { return clear(request.properties); }

 private:
  static std::set<std::string_view> replaced_by(std::string_view name) {
    return name == "AWS::SQS::QueueInlinePolicy" ? std::set<std::string_view>{"Queue"} : std::set<std::string_view>{};
  }

  base::Result<ResourceState> put(const ResourceRequest& request, std::string physical_id) {
    const auto* document = request.properties.if_contains("PolicyDocument");
    if (document == nullptr) return base::fail(base::ErrorKind::invalid_input, "Property PolicyDocument is required");
    auto text = document->is_string() ? std::string(document->get_string()) : codec::to_text(*document);
    auto urls = list_property(request.properties, queues_);
    if (urls.empty())
      return base::fail(base::ErrorKind::invalid_input, fmt::format("Property {} is required", queues_));
    for (const auto& url : urls) {
      TRY(auto arn, sqs_.arn_of_url(url));
      TRY(auto* found, sqs_.queue(arn));
      TRY(sqs_.set_attributes(*found, {{"Policy", text}}));
    }
    return ResourceState{.physical_id = std::move(physical_id)};
  }

  base::Result<> clear(const json::object& properties) {
    for (const auto& url : list_property(properties, queues_)) {
      auto arn = sqs_.arn_of_url(url);
      auto found = arn ? sqs_.queue(*arn) : base::fail(arn.error());
      if (found) TRY(sqs_.set_attributes(**found, {{"Policy", ""}}));
    }
    return {};
  }

  SqsService& sqs_;
  std::string_view queues_;
};

}  // namespace

ResourceTypes sqs_resource_types(SqsService& sqs) {
  ResourceTypes types;
  types.push_back(std::make_unique<QueueType>(sqs));
  types.push_back(std::make_unique<PolicyType>(sqs, "AWS::SQS::QueuePolicy", "Queues"));
  types.push_back(std::make_unique<PolicyType>(sqs, "AWS::SQS::QueueInlinePolicy", "Queue"));
  return types;
}

}  // namespace localcloud
