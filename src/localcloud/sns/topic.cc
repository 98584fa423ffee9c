#include "localcloud/sns/topic.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "codec/json.h"
#include "localcloud/iam/policy.h"
#include "localcloud/service.h"
#include "localcloud/sns/invalid.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

constexpr std::size_t kLargestByDefault = 262'144;

using sns::invalid;

base::Result<std::optional<json::value>> read_json(std::string_view name, const std::string& text) {
  if (text.empty()) return std::optional<json::value>();
  auto parsed = codec::parse_json(text);
  if (!parsed || !parsed->is_object()) return invalid(fmt::format("{}: failed to parse JSON", name));
  if (parsed->get_object().empty()) return std::optional<json::value>();
  return std::optional<json::value>(std::move(*parsed));
}

base::Result<bool> read_bool(std::string_view name, std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return invalid(fmt::format("{} Reason: {}: must be true or false", "Attributes", name));
}

base::Result<std::string> read_redrive(const std::string& text) {
  TRY(auto policy, read_json("RedrivePolicy", text));
  if (!policy) return std::string();
  auto arn = codec::find_string(*policy, "deadLetterTargetArn");
  if (!arn.starts_with("arn:aws:sqs:")) return invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn");
  if (policy->get_object().size() > 1) return invalid("RedrivePolicy: unexpected JSON member");
  if (arn.ends_with(".fifo")) return invalid("RedrivePolicy: must use a standard queue as DLQ for a standard topic");
  return arn;
}

// Attributes of things that the local cloud does not have, and whose effect a caller would miss.
base::Result<> refuse_missing(std::string_view name) {
  static const std::set<std::string_view> kMissing{"SubscriptionRoleArn", "ReplayPolicy",
                                                   "ArchivePolicy",       "ContentBasedDeduplication",
                                                   "FifoThroughputScope", "DataProtectionPolicy"};
  if (kMissing.contains(name) || name.ends_with("FeedbackRoleArn") || name.ends_with("FeedbackSampleRate")) {
    return base::fail(not_implemented("sns", fmt::format("the attribute {}", name)));
  }
  return {};
}

base::Result<std::size_t> read_message_size(const std::string& text) {
  constexpr std::size_t kLeast = 1024;
  constexpr std::size_t kMost = 1'048'576;
  std::size_t size = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || size < kLeast || size > kMost) {
    return invalid(fmt::format("MaximumMessageSize Reason: must be between {} and {}", kLeast, kMost));
  }
  return size;
}

}  // namespace

// --- Subscriptions

base::Result<> SubscriptionSettings::set(std::string_view protocol, const Texts& attributes) {
  auto wanted = *this;
  bool http = protocol.starts_with("http");
  for (const auto& [name, value] : attributes) {
    if (name == "RawMessageDelivery") {
      TRY(wanted.raw, read_bool(name, value));
      if (wanted.raw && !http && protocol != "sqs") {
        return invalid(
            fmt::format("RawMessageDelivery: Delivery protocol [{}] does not support raw message delivery.", protocol));
      }
    } else if (name == "FilterPolicy") {
      TRY(wanted.filter, read_json(name, value));
    } else if (name == "FilterPolicyScope") {
      if (value != "MessageAttributes" && value != "MessageBody") {
        return invalid(
            fmt::format("FilterPolicyScope: Invalid value [{}]. Please use either MessageBody or "
                        "MessageAttributes",
                        value));
      }
      wanted.scope = value == "MessageBody" ? FilterScope::body : FilterScope::attributes;
    } else if (name == "RedrivePolicy") {
      TRY(wanted.dead_letter_arn, read_redrive(value));
    } else if (name == "DeliveryPolicy") {
      if (!http)
        return invalid(fmt::format("DeliveryPolicy: Protocol [{}] does not support a delivery policy", protocol));
      TRY(wanted.delivery_policy, read_json(name, value));
      if (wanted.delivery_policy) TRY(parse_delivery_policy(*wanted.delivery_policy, {}));
    } else {
      TRY(refuse_missing(name));
      return invalid("AttributeName");
    }
  }
  if (wanted.filter) TRY(check_filter_policy(*wanted.filter, wanted.scope));
  *this = std::move(wanted);
  return {};
}

Texts SubscriptionSettings::texts() const {
  Texts texts{{"RawMessageDelivery", raw ? "true" : "false"}};
  if (filter) {
    texts["FilterPolicy"] = codec::to_text(*filter);
    texts["FilterPolicyScope"] = scope == FilterScope::body ? "MessageBody" : "MessageAttributes";
  }
  if (!dead_letter_arn.empty()) {
    texts["RedrivePolicy"] = codec::to_text(json::object{{"deadLetterTargetArn", dead_letter_arn}});
  }
  if (delivery_policy) texts["DeliveryPolicy"] = codec::to_text(*delivery_policy);
  return texts;
}

// --- Topics

base::Result<> TopicSettings::set(std::string_view topic_arn, std::string_view account, const Texts& attributes) {
  constexpr std::size_t kLongestDisplayName = 100;
  auto wanted = *this;
  for (const auto& [name, value] : attributes) {
    if (name == "DisplayName") {
      if (value.size() > kLongestDisplayName) return invalid("DisplayName");
      wanted.display_name = value;
    } else if (name == "Policy") {
      TRY(auto given, read_json(name, value));
      if (given && !check_policy(*given, true)) return invalid("Policy Error: null");
      wanted.policy = given ? std::move(*given) : default_policy(topic_arn, account);
    } else if (name == "DeliveryPolicy") {
      TRY(wanted.delivery_policy, read_json(name, value));
      if (wanted.delivery_policy) TRY(parse_topic_delivery_policy(*wanted.delivery_policy));
    } else if (name == "MaximumMessageSize") {
      TRY(wanted.largest_message, read_message_size(value));
    } else if (name == "KmsMasterKeyId") {
      // The key that the account always has; its effect is on who may publish.
      if (!value.empty() && value != "alias/aws/sns") {
        return base::fail(not_implemented("sns", fmt::format("topics with the KMS key {}", value)));
      }
      wanted.kms_key = value;
    } else if (name == "SignatureVersion") {
      if (value != "1" && value != "2") return invalid("SignatureVersion");
      wanted.signature_version = value;
    } else if (name == "TracingConfig") {
      if (value != "PassThrough" && value != "Active") return invalid("TracingConfig");
      wanted.tracing = value;
    } else if (name == "FifoTopic") {
      if (value != "false") return base::fail(not_implemented("sns", "FIFO topics (FifoTopic)"));
    } else {
      TRY(refuse_missing(name));
      return invalid("AttributeName");
    }
  }
  *this = std::move(wanted);
  return {};
}

Texts TopicSettings::texts() const {
  Texts texts{{"DisplayName", display_name}, {"Policy", codec::to_text(policy)}};
  if (delivery_policy) texts["DeliveryPolicy"] = codec::to_text(*delivery_policy);
  if (largest_message) texts["MaximumMessageSize"] = std::to_string(*largest_message);
  if (!kms_key.empty()) texts["KmsMasterKeyId"] = kms_key;
  if (!signature_version.empty()) texts["SignatureVersion"] = signature_version;
  if (!tracing.empty()) texts["TracingConfig"] = tracing;
  return texts;
}

std::size_t TopicSettings::message_limit() const {
  return largest_message.value_or(kLargestByDefault);
}

json::value default_policy(std::string_view topic_arn, std::string_view account) {
  json::array actions;
  for (const auto* name : {"GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission",
                           "DeleteTopic", "Subscribe", "ListSubscriptionsByTopic", "Publish"}) {
    actions.emplace_back(fmt::format("SNS:{}", name));
  }
  json::object statement{{"Sid", "__default_statement_ID"},
                         {"Effect", "Allow"},
                         {"Principal", json::object{{"AWS", "*"}}},
                         {"Action", std::move(actions)},
                         {"Resource", topic_arn},
                         {"Condition", json::object{{"StringEquals", json::object{{"AWS:SourceOwner", account}}}}}};
  json::array statements;
  statements.emplace_back(std::move(statement));
  return json::object{{"Version", "2008-10-17"}, {"Id", "__default_policy_ID"}, {"Statement", std::move(statements)}};
}

DeliveryPolicy effective_delivery_policy(const TopicSettings& topic, const SubscriptionSettings* subscription) {
  DeliveryPolicy policy;
  // Both were checked when they were set.
  if (topic.delivery_policy) policy = parse_topic_delivery_policy(*topic.delivery_policy).value_or(policy);
  if (subscription != nullptr && subscription->delivery_policy) {
    policy = parse_delivery_policy(*subscription->delivery_policy, policy).value_or(policy);
  }
  return policy;
}

}  // namespace localcloud
