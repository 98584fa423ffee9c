#include "localcloud/sns/sns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/sns/sns_service.h"

namespace localcloud {

namespace {

constexpr std::string_view kNamespace = "http://sns.amazonaws.com/doc/2010-03-31/";

tl::unexpected<base::Error> invalid(std::string_view what) {
  return aws_error(400, "InvalidParameter", fmt::format("Invalid parameter: {}", what));
}

void write_entry(XmlWriter& xml, std::string_view key, std::string_view value) {
  xml.open("entry").element("key", key).element("value", value).close();
}

}  // namespace

awaitable<net::Response> SnsService::handle(Call call) {
  QueryInput input(call.request);
  auto result = act(call, input);
  if (!result) co_return query_failure(call, kNamespace, result.error());
  co_return query_answer(call, kNamespace, input.action(), *result);
}

base::Result<std::string> SnsService::act(const Call& call, const QueryInput& input) {
  static const std::set<std::string_view> kActions{
      "CreateTopic", "DeleteTopic", "ListTopics", "GetTopicAttributes", "ListSubscriptionsByTopic",
      "Subscribe",   "Unsubscribe", "Publish"};
  auto action = input.action();
  if (!kActions.contains(action)) return base::fail(not_implemented("sns", action));
  auto allowed = [&](std::string_view resource, const json::value* policy) {
    return cloud_.iam->authorize(call.caller, fmt::format("SNS:{}", action), resource, {}, policy);
  };
  if (action == "ListTopics") {
    TRY(allowed(fmt::format("arn:aws:sns:{}:{}:*", cloud_.region, cloud_.account_id), nullptr));
    XmlWriter xml;
    xml.open("Topics");
    for (const auto& [arn, topic] : topics_) xml.open("member").element("TopicArn", arn).close();
    return xml.take();
  }
  if (action == "CreateTopic") {
    TRY(auto name, input.need("Name"));
    TRY(allowed(fmt::format("arn:aws:sns:{}:{}:{}", cloud_.region, cloud_.account_id, name), nullptr));
    for (const auto& attribute : input.structures("Attributes", "entry")) {
      auto key = attribute.get_or("key", "");
      if (key != "DisplayName") return base::fail(not_implemented("sns", "CreateTopic with " + key));
    }
    TRY(auto* created, create_topic(name));
    for (const auto& attribute : input.structures("Attributes", "entry")) {
      created->display_name = attribute.get_or("value", "");
    }
    return XmlWriter().element("TopicArn", created->arn).take();
  }
  if (action == "Unsubscribe") {
    TRY(auto arn, input.need("SubscriptionArn"));
    TRY(allowed(arn.substr(0, arn.rfind(':')), nullptr));
    TRY(unsubscribe(arn));
    return std::string();
  }
  if (action == "Publish" && input.get("PhoneNumber")) {
    return base::fail(not_implemented("sns", "Publish to a phone number"));
  }
  auto arn = input.get_or("TopicArn", input.get_or("TargetArn", ""));
  if (arn.empty()) return invalid("TopicArn or TargetArn Reason: no value for required parameter");
  auto found = topics_.find(arn);
  TRY(allowed(arn, found != topics_.end() && found->second.policy ? &*found->second.policy : nullptr));
  return topic_action(call, input, arn);
}

base::Result<std::string> SnsService::topic_action(const Call& call, const QueryInput& input, const std::string& arn) {
  auto action = input.action();
  if (action == "DeleteTopic") {
    // A topic that is gone is deleted.
    if (topics_.contains(arn)) TRY(delete_topic(arn));
    return std::string();
  }
  TRY(auto* its_topic, topic(arn));
  if (action == "Publish") return publish(input, *its_topic);
  if (action == "Subscribe") return subscribe_action(call, input, arn);
  if (action == "GetTopicAttributes") return topic_attributes(*its_topic);
  XmlWriter xml;
  xml.open("Subscriptions");
  for (const auto& [key, one] : its_topic->subscriptions) {
    xml.open("member").element("TopicArn", one.topic_arn).element("Protocol", one.protocol);
    xml.element("SubscriptionArn", one.arn)
        .element("Owner", cloud_.account_id)
        .element("Endpoint", one.endpoint)
        .close();
  }
  return xml.take();
}

base::Result<std::string> SnsService::subscribe_action(const Call&, const QueryInput& input, const std::string& arn) {
  std::optional<json::value> filter;
  for (const auto& attribute : input.structures("Attributes", "entry")) {
    auto key = attribute.get_or("key", "");
    if (key != "FilterPolicy") return base::fail(not_implemented("sns", "Subscribe with " + key));
    auto policy = codec::parse_json(attribute.get_or("value", ""));
    if (!policy) return invalid("FilterPolicy: failed to parse JSON");
    TRY(check_filter_policy(*policy));
    filter = std::move(*policy);
  }
  TRY(auto protocol, input.need("Protocol"));
  TRY(auto* made, subscribe(arn, protocol, input.get_or("Endpoint", "")));
  if (filter) made->filter = std::move(filter);
  return XmlWriter().element("SubscriptionArn", made->arn).take();
}

std::string SnsService::topic_attributes(const Topic& its_topic) const {
  XmlWriter xml;
  xml.open("Attributes");
  write_entry(xml, "TopicArn", its_topic.arn);
  write_entry(xml, "DisplayName", its_topic.display_name);
  write_entry(xml, "Owner", cloud_.account_id);
  write_entry(xml, "SubscriptionsConfirmed", std::to_string(its_topic.subscriptions.size()));
  write_entry(xml, "SubscriptionsPending", "0");
  write_entry(xml, "SubscriptionsDeleted", "0");
  if (its_topic.policy) write_entry(xml, "Policy", codec::to_text(*its_topic.policy));
  return xml.take();
}

// --- The state

base::Result<Topic*> SnsService::create_topic(std::string_view name) {
  constexpr std::size_t kLongest = 256;
  bool fits = !name.empty() && name.size() <= kLongest && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  });
  if (!fits) return invalid("Topic Name");
  auto arn = fmt::format("arn:aws:sns:{}:{}:{}", cloud_.region, cloud_.account_id, name);
  auto& made = topics_[arn];
  made.arn = arn;
  made.name = std::string(name);
  return &made;
}

base::Result<Topic*> SnsService::topic(std::string_view arn) {
  auto found = topics_.find(arn);
  if (found == topics_.end()) return aws_error(404, "NotFound", "Topic does not exist");
  return &found->second;
}

base::Result<> SnsService::delete_topic(std::string_view arn) {
  TRY(topic(arn));
  topics_.erase(topics_.find(arn));
  return {};
}

base::Result<Subscription*> SnsService::subscribe(std::string_view topic_arn, std::string_view protocol,
                                                  std::string_view endpoint) {
  TRY(auto* its_topic, topic(topic_arn));
  if (protocol != "lambda") {
    return base::fail(not_implemented("sns", fmt::format("Subscribe with the protocol {}", protocol)));
  }
  if (!endpoint.starts_with("arn:aws:lambda:")) return invalid("Lambda endpoint ARN");
  // The same endpoint again is the same subscription.
  for (auto& [arn, one] : its_topic->subscriptions) {
    if (one.endpoint == endpoint) return &one;
  }
  Subscription fresh{.arn = fmt::format("{}:{}", topic_arn, base::random_uuid()),
                     .topic_arn = std::string(topic_arn),
                     .protocol = std::string(protocol),
                     .endpoint = std::string(endpoint),
                     .filter = std::nullopt};
  auto arn = fresh.arn;
  return &its_topic->subscriptions.emplace(std::move(arn), std::move(fresh)).first->second;
}

base::Result<Subscription*> SnsService::subscription(std::string_view arn) {
  auto found = topics_.find(arn.substr(0, arn.rfind(':')));
  if (found != topics_.end()) {
    auto one = found->second.subscriptions.find(std::string(arn));
    if (one != found->second.subscriptions.end()) return &one->second;
  }
  return aws_error(404, "NotFound", "Subscription does not exist");
}

base::Result<> SnsService::unsubscribe(std::string_view arn) {
  auto found = topics_.find(arn.substr(0, arn.rfind(':')));
  if (found != topics_.end()) found->second.subscriptions.erase(std::string(arn));
  return {};
}

ResourceTypes SnsService::resource_types() {
  return sns_resource_types(*this);
}

std::unique_ptr<Sns> make_sns(Cloud& cloud) {
  return std::make_unique<SnsService>(cloud);
}

}  // namespace localcloud
