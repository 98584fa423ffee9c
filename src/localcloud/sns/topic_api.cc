// The operations on topics (SNS API reference).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "codec/json.h"
#include "localcloud/policy_statements.h"
#include "localcloud/sns/invalid.h"
#include "localcloud/sns/sns_service.h"
#include "localcloud/sns/sns_xml.h"

namespace localcloud {

namespace {

using sns::invalid;

Texts tags_input(const QueryInput& input) {
  Texts tags;
  for (const auto& tag : input.structures("Tags")) tags[tag.get_or("Key", "")] = tag.get_or("Value", "");
  return tags;
}

}  // namespace

SnsService::Output SnsService::create(const Call& call, const QueryInput& input) {
  auto name = input.get_or("Name", "");
  TRY(may(call, "CreateTopic", arn_of(name)));
  if (input.get("DataProtectionPolicy"))
    return base::fail(not_implemented("sns", "the attribute DataProtectionPolicy"));
  auto tags = tags_input(input);
  if (!tags.empty()) TRY(may(call, "TagResource", arn_of(name)));
  TRY(const auto* made, create_topic(name, attributes_input(input), tags));
  return XmlWriter().element("TopicArn", made->arn).take();
}

SnsService::Output SnsService::remove(const Call& call, const QueryInput& input) {
  auto arn = input.get_or("TopicArn", "");
  if (arn.empty()) return invalid("TopicArn Reason: no value for required parameter");
  TRY(may(call, "DeleteTopic", arn));
  delete_topic(arn);  // one that is gone is deleted
  return std::string();
}

SnsService::Output SnsService::list(const Call& call, const QueryInput& input) {
  TRY(may(call, "ListTopics", arn_of("*")));
  Pieces members;
  for (const auto& [arn, one] : topics_) members.push_back(XmlWriter().element("TopicArn", arn).take());
  return page_xml(input, "Topics", members);
}

SnsService::Output SnsService::get_topic(const Call& call, const QueryInput& input) {
  TRY(const auto* found, open(call, input, "GetTopicAttributes"));
  auto in_state = [&](Subscription::State state) {
    return std::to_string(std::count_if(found->subscriptions.begin(), found->subscriptions.end(),
                                        [&](const auto& one) { return one.second.state == state; }));
  };
  auto texts = found->settings.texts();
  texts["TopicArn"] = found->arn;
  texts["Owner"] = cloud_.account_id;
  texts["SubscriptionsConfirmed"] = in_state(Subscription::State::confirmed);
  texts["SubscriptionsPending"] = in_state(Subscription::State::pending);
  texts["SubscriptionsDeleted"] = std::to_string(found->deleted_subscriptions);
  auto effective = effective_delivery_policy(found->settings, nullptr).as_json();
  json::object http{{"defaultHealthyRetryPolicy", effective["healthyRetryPolicy"]},
                    {"disableSubscriptionOverrides", false},
                    {"defaultRequestPolicy", effective["requestPolicy"]}};
  texts["EffectiveDeliveryPolicy"] = codec::to_text(json::object{{"http", std::move(http)}});
  return attributes_xml(texts);
}

SnsService::Output SnsService::set_topic(const Call& call, const QueryInput& input) {
  TRY(auto* found, open(call, input, "SetTopicAttributes"));
  auto name = input.get_or("AttributeName", "");
  TRY(set_attributes(*found, {{name, input.get_or("AttributeValue", "")}}));
  return std::string();
}

// --- Permissions: statements of the topic's policy, by their Sid

SnsService::Output SnsService::add_permission(const Call& call, const QueryInput& input) {
  static const std::set<std::string_view> kActions{
      "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission",
      "DeleteTopic",        "Subscribe",          "Publish",       "ListSubscriptionsByTopic"};
  TRY(auto* found, open(call, input, "AddPermission"));
  auto label = input.get_or("Label", "");
  if (label.empty()) return invalid("Label");
  json::array accounts;
  for (const auto& account : input.list("AWSAccountId")) {
    accounts.emplace_back(fmt::format("arn:aws:iam::{}:root", account));
  }
  json::array actions;
  for (const auto& name : input.list("ActionName")) {
    if (!kActions.contains(name)) return invalid(fmt::format("Policy statement action out of service scope!"));
    actions.emplace_back(fmt::format("SNS:{}", name));
  }
  if (accounts.empty() || actions.empty()) return invalid("AWSAccountId or ActionName Reason: no value");
  auto& statements = statements_of(found->settings.policy);
  if (find_statement(statements, label) != statements.end()) return invalid("Statement already exists");
  statements.emplace_back(json::object{{"Sid", label},
                                       {"Effect", "Allow"},
                                       {"Principal", json::object{{"AWS", std::move(accounts)}}},
                                       {"Action", std::move(actions)},
                                       {"Resource", found->arn}});
  return std::string();
}

SnsService::Output SnsService::remove_permission(const Call& call, const QueryInput& input) {
  TRY(auto* found, open(call, input, "RemovePermission"));
  auto& statements = statements_of(found->settings.policy);
  auto one = find_statement(statements, input.get_or("Label", ""));
  if (one != statements.end()) statements.erase(one);
  return std::string();
}

// --- Tags

base::Result<Topic*> SnsService::open_tagged(const Call& call, const QueryInput& input, std::string_view action) {
  auto arn = input.get_or("ResourceArn", "");
  TRY(may(call, action, arn));
  auto found = topic(arn);
  if (!found) return aws_error(404, "ResourceNotFound", "Resource does not exist");
  return *found;
}

SnsService::Output SnsService::tag(const Call& call, const QueryInput& input) {
  TRY(auto* found, open_tagged(call, input, "TagResource"));
  auto tags = tags_input(input);
  if (tags.empty()) return invalid("Tags");
  tags.insert(found->tags.begin(), found->tags.end());
  TRY(set_tags(*found, std::move(tags)));
  return std::string();
}

SnsService::Output SnsService::untag(const Call& call, const QueryInput& input) {
  TRY(auto* found, open_tagged(call, input, "UntagResource"));
  auto keys = input.list("TagKeys");
  if (keys.empty()) return invalid("TagKeys");
  for (const auto& key : keys) found->tags.erase(key);
  return std::string();
}

SnsService::Output SnsService::list_tags(const Call& call, const QueryInput& input) {
  TRY(const auto* found, open_tagged(call, input, "ListTagsForResource"));
  XmlWriter xml;
  xml.open("Tags");
  for (const auto& [key, value] : found->tags) xml.open("member").element("Key", key).element("Value", value).close();
  return xml.take();
}

}  // namespace localcloud
