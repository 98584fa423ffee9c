// What CloudFormation makes of SNS: topics, subscriptions and topic policies.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "codec/json.h"
#include "localcloud/sns/sns_service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

constexpr std::size_t kLongestName = 256;

// A property as the API has it: text, or JSON as text.
std::string attribute_text(const json::object& properties, std::string_view name, std::string_view fallback) {
  const auto* value = properties.if_contains(name);
  if (value == nullptr || value->is_null()) return std::string(fallback);
  return value->is_string() ? std::string(value->get_string()) : codec::to_text(*value);
}

class TopicType final : public SyncType {
 public:
  explicit TopicType(SnsService& sns)
      : SyncType({.name = "AWS::SNS::Topic",
                  .works = {"TopicName", "DisplayName", "Subscription", "KmsMasterKeyId", "MaximumMessageSize",
                            "FifoTopic", "Tags"},
                  .accepted = {"TracingConfig", "SignatureVersion"},
                  .replaces = {"TopicName", "FifoTopic"}}),
        sns_(sns) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    auto name = text_property(request.properties, "TopicName");
    if (name.empty()) name = generated_name(request.stack_name, request.logical_id, kLongestName);
    if (sns_.topic(sns_.arn_of(name))) {
      return aws_error(
          400, "AlreadyExists",
          fmt::format("Resource of type 'AWS::SNS::Topic' with identifier '{}' already exists.", sns_.arn_of(name)));
    }
    TRY(auto wanted, endpoints(request.properties));
    TRY(auto tags, tags_property(request));
    TRY(auto* created, sns_.create_topic(name, attributes_of(request.properties), tags));
    auto arn = created->arn;
    auto subscribed = subscribe(arn, wanted);
    if (!subscribed) sns_.delete_topic(arn);
    TRY(subscribed);
    return state(*created);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(auto* found, sns_.topic(request.physical_id));
    auto attributes = attributes_of(request.properties);
    // What an update leaves out is as AWS has it.
    if (request.old_properties.contains("MaximumMessageSize")) attributes.emplace("MaximumMessageSize", "262144");
    TRY(sns_.set_attributes(*found, attributes));
    TRY(auto tags, tags_property(request));
    TRY(sns_.set_tags(*found, std::move(tags)));
    TRY(auto wanted, endpoints(request.properties));
    TRY(auto before, endpoints(request.old_properties));
    for (const auto& old : before) {
      if (!wanted.contains(old)) unsubscribe(*found, old);
    }
    TRY(subscribe(found->arn, wanted));
    return state(*found);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    sns_.delete_topic(request.physical_id);
    return {};
  }

 private:
  using Endpoint = std::pair<std::string, std::string>;  // protocol and address

  static Texts attributes_of(const json::object& properties) {
    Texts attributes;
    for (const auto* name : {"DisplayName", "KmsMasterKeyId"}) {
      attributes[name] = attribute_text(properties, name, "");
    }
    for (const auto* name : {"MaximumMessageSize", "FifoTopic", "TracingConfig", "SignatureVersion"}) {
      if (auto text = attribute_text(properties, name, ""); !text.empty()) attributes[name] = std::move(text);
    }
    return attributes;
  }

  static base::Result<std::set<Endpoint>> endpoints(const json::object& properties) {
    TRY(auto subscriptions, objects_property(properties, "Subscription", {"Protocol", "Endpoint"}));
    std::set<Endpoint> list;
    for (const auto& one : subscriptions) list.emplace(text_property(one, "Protocol"), text_property(one, "Endpoint"));
    return list;
  }

  base::Result<> subscribe(const std::string& arn, const std::set<Endpoint>& wanted) {
    for (const auto& [protocol, endpoint] : wanted) TRY(sns_.subscribe(arn, protocol, endpoint, {}));
    return {};
  }

  void unsubscribe(const Topic& topic, const Endpoint& old) {
    auto found = std::find_if(topic.subscriptions.begin(), topic.subscriptions.end(), [&](const auto& one) {
      return one.second.protocol == old.first && one.second.endpoint == old.second;
    });
    if (found != topic.subscriptions.end()) sns_.unsubscribe(std::string(found->first));
  }

  static ResourceState state(const Topic& topic) {
    return {.physical_id = topic.arn, .attributes = {{"TopicArn", topic.arn}, {"TopicName", topic.name}}};
  }

  SnsService& sns_;
};

class SubscriptionType final : public SyncType {
 public:
  explicit SubscriptionType(SnsService& sns)
      : SyncType({.name = "AWS::SNS::Subscription",
                  .works = {"TopicArn", "Protocol", "Endpoint", "FilterPolicy", "FilterPolicyScope",
                            "RawMessageDelivery", "RedrivePolicy", "DeliveryPolicy"},
                  .accepted = {"Region"},
                  .replaces = {"TopicArn", "Protocol", "Endpoint"}}),
        sns_(sns) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(auto topic, needed_property(request.properties, "TopicArn"));
    TRY(auto protocol, needed_property(request.properties, "Protocol"));
    auto attributes = attributes_of(request.properties, protocol);
    TRY(const auto* made, sns_.subscribe(topic, protocol, text_property(request.properties, "Endpoint"), attributes));
    return state(*made);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(auto* found, sns_.subscription(request.physical_id));
    TRY(sns_.set_attributes(*found, attributes_of(request.properties, found->protocol)));
    return state(*found);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    sns_.unsubscribe(request.physical_id);
    return {};
  }

 private:
  // What a template leaves out is as if it had never been set.
  static Texts attributes_of(const json::object& properties, std::string_view protocol) {
    Texts attributes{{"FilterPolicy", attribute_text(properties, "FilterPolicy", "")},
                     {"FilterPolicyScope", attribute_text(properties, "FilterPolicyScope", "MessageAttributes")},
                     {"RawMessageDelivery", attribute_text(properties, "RawMessageDelivery", "false")},
                     {"RedrivePolicy", attribute_text(properties, "RedrivePolicy", "")}};
    bool http = protocol.starts_with("http");
    if (http || properties.contains("DeliveryPolicy")) {
      attributes["DeliveryPolicy"] = attribute_text(properties, "DeliveryPolicy", "");
    }
    return attributes;
  }

  static ResourceState state(const Subscription& subscription) {
    return {.physical_id = subscription.arn, .attributes = {{"Arn", subscription.arn}}};
  }

  SnsService& sns_;
};

// A policy for the topics that one property names: AWS::SNS::TopicPolicy for many, TopicInlinePolicy for one.
class PolicyType final : public SyncType {
 public:
  PolicyType(SnsService& sns, std::string_view name, std::string_view topics, std::set<std::string_view> replaces)
      : SyncType({.name = name, .works = {"PolicyDocument", topics}, .replaces = std::move(replaces)}),
        sns_(sns),
        topics_(topics) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    constexpr std::size_t kLongest = 128;
    return put(request, generated_name(request.stack_name, request.logical_id, kLongest));
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    clear(request.old_properties);
    return put(request, request.physical_id);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    clear(request.properties);
    return {};
  }

 private:
  base::Result<ResourceState> put(const ResourceRequest& request, std::string physical_id) {
    auto text = attribute_text(request.properties, "PolicyDocument", "");
    if (text.empty()) return base::fail(base::ErrorKind::invalid_input, "Property PolicyDocument is required");
    auto arns = list_property(request.properties, topics_);
    if (arns.empty())
      return base::fail(base::ErrorKind::invalid_input, fmt::format("Property {} is required", topics_));
    for (const auto& arn : arns) {
      TRY(auto* topic, sns_.topic(arn));
      TRY(sns_.set_attributes(*topic, {{"Policy", text}}));
    }
    return ResourceState{.physical_id = std::move(physical_id)};
  }

  void clear(const json::object& properties) {
    for (const auto& arn : list_property(properties, topics_)) {
      if (auto topic = sns_.topic(arn)) (*topic)->settings.policy = default_policy(arn, sns_.account());
    }
  }

  SnsService& sns_;
  std::string_view topics_;
};

}  // namespace

ResourceTypes sns_resource_types(SnsService& sns) {
  ResourceTypes types;
  types.push_back(std::make_unique<TopicType>(sns));
  types.push_back(std::make_unique<SubscriptionType>(sns));
  types.push_back(std::make_unique<PolicyType>(sns, "AWS::SNS::TopicPolicy", "Topics", std::set<std::string_view>{}));
  types.push_back(std::make_unique<PolicyType>(sns, "AWS::SNS::TopicInlinePolicy", "TopicArn",
                                               std::set<std::string_view>{"TopicArn"}));
  return types;
}

}  // namespace localcloud
