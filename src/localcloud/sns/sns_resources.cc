// What CloudFormation makes of SNS: topics, subscriptions and topic policies.
#include <fmt/format.h>

#include "codec/json.h"
#include "localcloud/iam/policy.h"
#include "localcloud/sns/sns_service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

base::Result<std::optional<json::value>> filter_property(const json::object& properties) {
  const auto* value = properties.if_contains("FilterPolicy");
  if (value == nullptr || value->is_null()) return std::optional<json::value>();
  json::value policy = *value;
  if (value->is_string()) {
    TRY(auto parsed, codec::parse_json(value->get_string()));
    policy = std::move(parsed);
  }
  TRY(check_filter_policy(policy));
  return std::optional<json::value>(std::move(policy));
}

class TopicType final : public SyncType {
 public:
  explicit TopicType(SnsService& sns)
      : SyncType({.name = "AWS::SNS::Topic",
                  .works = {"TopicName", "DisplayName", "Subscription"},
                  .accepted = {"Tags", "KmsMasterKeyId", "TracingConfig", "SignatureVersion"},
                  .replaces = {"TopicName"}}),
        sns_(sns) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    constexpr std::size_t kLongest = 256;
    auto name = text_property(request.properties, "TopicName");
    if (name.empty()) name = generated_name(request.stack_name, request.logical_id, kLongest);
    TRY(auto* created, sns_.create_topic(name));
    return fill(*created, request);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(auto* found, sns_.topic(request.physical_id));
    for (const auto& [protocol, endpoint] : endpoints(request.old_properties)) {
      for (auto one = found->subscriptions.begin(); one != found->subscriptions.end();) {
        one = one->second.endpoint == endpoint ? found->subscriptions.erase(one) : std::next(one);
      }
    }
    return fill(*found, request);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    return unless_gone(sns_.delete_topic(request.physical_id));
  }

 private:
  static std::vector<std::pair<std::string, std::string>> endpoints(const json::object& properties) {
    std::vector<std::pair<std::string, std::string>> list;
    const auto* subscriptions = properties.if_contains("Subscription");
    if (subscriptions == nullptr || !subscriptions->is_array()) return list;
    for (const auto& one : subscriptions->get_array()) {
      list.emplace_back(codec::find_string(one, "Protocol"), codec::find_string(one, "Endpoint"));
    }
    return list;
  }

  base::Result<ResourceState> fill(Topic& topic, const ResourceRequest& request) {
    topic.display_name = text_property(request.properties, "DisplayName");
    for (const auto& [protocol, endpoint] : endpoints(request.properties)) {
      TRY(sns_.subscribe(topic.arn, protocol, endpoint));
    }
    return ResourceState{
        .physical_id = topic.arn, .ref = {}, .attributes = {{"TopicArn", topic.arn}, {"TopicName", topic.name}}};
  }

  SnsService& sns_;
};

class SubscriptionType final : public SyncType {
 public:
  explicit SubscriptionType(SnsService& sns)
      : SyncType({.name = "AWS::SNS::Subscription",
                  .works = {"TopicArn", "Protocol", "Endpoint", "FilterPolicy", "FilterPolicyScope"},
                  .accepted = {"Region"},
                  .replaces = {"TopicArn", "Protocol", "Endpoint"}}),
        sns_(sns) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(check_scope(request.properties));
    TRY(auto filter, filter_property(request.properties));
    TRY(auto topic, needed_property(request.properties, "TopicArn"));
    TRY(auto protocol, needed_property(request.properties, "Protocol"));
    TRY(auto* made, sns_.subscribe(topic, protocol, text_property(request.properties, "Endpoint")));
    made->filter = std::move(filter);
    return state(*made);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(check_scope(request.properties));
    TRY(auto filter, filter_property(request.properties));
    TRY(auto* found, sns_.subscription(request.physical_id));
    found->filter = std::move(filter);
    return state(*found);
  }

  base::Result<> destroy(const ResourceRequest& request) override { return sns_.unsubscribe(request.physical_id); }

 private:
  static base::Result<> check_scope(const json::object& properties) {
    auto scope = text_property(properties, "FilterPolicyScope", "MessageAttributes");
    if (scope == "MessageAttributes") return {};
    return base::fail(base::ErrorKind::invalid_input, "The local cloud does not implement FilterPolicyScope " + scope);
  }

  static ResourceState state(const Subscription& subscription) {
    return {.physical_id = subscription.arn, .ref = {}, .attributes = {{"Arn", subscription.arn}}};
  }

  SnsService& sns_;
};

class TopicPolicyType final : public SyncType {
 public:
  explicit TopicPolicyType(SnsService& sns)
      : SyncType(
            {.name = "AWS::SNS::TopicPolicy", .works = {"PolicyDocument", "Topics"}, .accepted = {}, .replaces = {}}),
        sns_(sns) {}

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
    const auto* document = request.properties.if_contains("PolicyDocument");
    if (document == nullptr) return base::fail(base::ErrorKind::invalid_input, "Property PolicyDocument is required");
    TRY(check_policy(*document, true));
    for (const auto& arn : list_property(request.properties, "Topics")) {
      TRY(auto* topic, sns_.topic(arn));
      topic->policy = *document;
    }
    return ResourceState{.physical_id = std::move(physical_id), .ref = {}, .attributes = {}};
  }

  void clear(const json::object& properties) {
    for (const auto& arn : list_property(properties, "Topics")) {
      if (auto topic = sns_.topic(arn)) (*topic)->policy.reset();
    }
  }

  SnsService& sns_;
};

}  // namespace

ResourceTypes sns_resource_types(SnsService& sns) {
  ResourceTypes types;
  types.push_back(std::make_unique<TopicType>(sns));
  types.push_back(std::make_unique<SubscriptionType>(sns));
  types.push_back(std::make_unique<TopicPolicyType>(sns));
  return types;
}

}  // namespace localcloud
