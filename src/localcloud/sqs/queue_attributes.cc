#include "localcloud/sqs/queue_attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "codec/json.h"
#include "localcloud/iam/policy.h"
#include "localcloud/service.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

struct NumberAttribute {
  std::string_view name;
  std::int64_t QueueAttributes::* member;
  std::int64_t least;
  std::int64_t most;
};

constexpr std::array kNumbers{
    NumberAttribute{"DelaySeconds", &QueueAttributes::delay_seconds, 0, 900},
    NumberAttribute{"MaximumMessageSize", &QueueAttributes::largest_message, 1024, 1'048'576},
    NumberAttribute{"MessageRetentionPeriod", &QueueAttributes::retention_seconds, 60, 1'209'600},
    NumberAttribute{"ReceiveMessageWaitTimeSeconds", &QueueAttributes::receive_wait_seconds, 0, 20},
    NumberAttribute{"VisibilityTimeout", &QueueAttributes::visibility_seconds, 0, 43'200},
    NumberAttribute{"KmsDataKeyReusePeriodSeconds", &QueueAttributes::data_key_reuse_seconds, 60, 86'400}};

constexpr std::array<std::string_view, 4> kFifo{"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope",
                                                "FifoThroughputLimit"};

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

tl::unexpected<base::Error> invalid_value(std::string_view name) {
  return aws_error(400, "InvalidAttributeValue", fmt::format("Invalid value for the parameter {}.", name));
}

tl::unexpected<base::Error> invalid_policy(std::string_view value, std::string_view name, std::string_view reason) {
  return aws_error(400, "InvalidParameterValue",
                   fmt::format("Value {} for parameter {} is invalid. Reason: {}", value, name, reason));
}

base::Result<std::optional<json::value>> parse_policy(std::string_view text) {
  if (text.empty()) return std::optional<json::value>();
  auto parsed = codec::parse_json(text);
  if (!parsed) return invalid_value("Policy");
  if (auto checked = check_policy(*parsed, true); !checked) {
    return aws_error(400, "InvalidAttributeValue",
                     fmt::format("Invalid value for the parameter Policy. {}", checked.error().message));
  }
  return std::optional<json::value>(std::move(*parsed));
}

base::Result<std::optional<RedrivePolicy>> parse_redrive(std::string_view text) {
  constexpr std::int64_t kMost = 1000;
  if (text.empty()) return std::optional<RedrivePolicy>();
  auto refuse = [&](std::string_view reason) { return invalid_policy(text, "RedrivePolicy", reason); };
  auto parsed = codec::parse_json(text);
  if (!parsed || !parsed->is_object()) return refuse("Redrive policy is not a valid JSON map.");
  RedrivePolicy policy{.target_arn = codec::find_string(*parsed, "deadLetterTargetArn")};
  if (policy.target_arn.empty()) {
    return refuse("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
  }
  for (const auto& member : parsed->get_object()) {
    if (member.key() == "deadLetterTargetArn") continue;
    if (member.key() != "maxReceiveCount") {
      return refuse(fmt::format("Attribute {} is unknown.", std::string_view(member.key())));
    }
    const auto& value = member.value();
    auto count = value.is_string() ? whole_number(value.get_string()) : whole_number(codec::to_text(value));
    if (!count || *count < 1 || *count > kMost) {
      return refuse(
          fmt::format("Invalid value for maxReceiveCount: {}, valid values are from 1 to 1000 both inclusive.",
                      value.is_string() ? std::string(value.get_string()) : codec::to_text(value)));
    }
    policy.max_receive_count = *count;
  }
  return std::optional<RedrivePolicy>(std::move(policy));
}

base::Result<std::optional<RedriveAllowPolicy>> parse_redrive_allow(std::string_view text) {
  constexpr std::size_t kMostSources = 10;
  if (text.empty()) return std::optional<RedriveAllowPolicy>();
  auto refuse = [&](std::string_view reason) { return invalid_policy(text, "RedriveAllowPolicy", reason); };
  auto parsed = codec::parse_json(text);
  if (!parsed || !parsed->is_object()) return refuse("Amazon SQS can't create the redrive allow policy.");
  RedriveAllowPolicy policy{.permission = codec::find_string(*parsed, "redrivePermission")};
  static const std::set<std::string_view> kPermissions{"allowAll", "denyAll", "byQueue"};
  if (!kPermissions.contains(policy.permission)) {
    return refuse(
        "Amazon SQS can't create the redrive allow policy: redrivePermission must be allowAll, denyAll or "
        "byQueue.");
  }
  const auto* sources = codec::find(*parsed, "sourceQueueArns");
  bool by_queue = policy.permission == "byQueue";
  if ((sources != nullptr) != by_queue || (sources != nullptr && !sources->is_array())) {
    return refuse("sourceQueueArns goes with the redrivePermission byQueue, and with no other.");
  }
  if (sources != nullptr) {
    for (const auto& one : sources->get_array()) {
      if (one.is_string()) policy.sources.emplace_back(one.get_string());
    }
    if (policy.sources.empty() || policy.sources.size() > kMostSources) {
      return refuse("sourceQueueArns must have 1 to 10 ARNs.");
    }
  }
  return std::optional<RedriveAllowPolicy>(std::move(policy));
}

std::string text_of(const RedrivePolicy& policy) {
  return codec::to_text(
      json::object{{"deadLetterTargetArn", policy.target_arn}, {"maxReceiveCount", policy.max_receive_count}});
}

std::string text_of(const RedriveAllowPolicy& policy) {
  json::object text{{"redrivePermission", policy.permission}};
  if (!policy.sources.empty()) text["sourceQueueArns"] = json::array(policy.sources.begin(), policy.sources.end());
  return codec::to_text(text);
}

}  // namespace

bool RedriveAllowPolicy::allows(std::string_view source_arn) const {
  if (permission == "byQueue") return std::find(sources.begin(), sources.end(), source_arn) != sources.end();
  return permission == "allowAll";
}

base::Result<> QueueAttributes::set(std::string_view name, std::string_view value) {
  for (const auto& number : kNumbers) {
    if (number.name != name) continue;
    auto parsed = whole_number(value);
    if (!parsed || *parsed < number.least || *parsed > number.most) return invalid_value(name);
    this->*number.member = *parsed;
    return {};
  }
  if (name == "Policy") {
    TRY(policy, parse_policy(value));
    return {};
  }
  if (name == "RedrivePolicy") {
    TRY(redrive, parse_redrive(value));
    return {};
  }
  if (name == "RedriveAllowPolicy") {
    TRY(redrive_allow, parse_redrive_allow(value));
    return {};
  }
  if (name == "SqsManagedSseEnabled") {
    if (value != "true" && value != "false") return invalid_value(name);
    sqs_managed_encryption = value == "true";
    return {};
  }
  if (name == "KmsMasterKeyId") {
    // The key that the account always has; its effect is on who may send (see SqsService::may).
    if (!value.empty() && value != "alias/aws/sqs") {
      return base::fail(not_implemented("sqs", fmt::format("queues with the KMS key {}", value)));
    }
    kms_key = std::string(value);
    if (!kms_key.empty()) sqs_managed_encryption = false;
    return {};
  }
  if (std::find(kFifo.begin(), kFifo.end(), name) != kFifo.end() && value != "false") {
    return base::fail(not_implemented("sqs", fmt::format("FIFO queues ({})", name)));
  }
  return aws_error(400, "InvalidAttributeName", fmt::format("Unknown Attribute {}.", name));
}

std::map<std::string, std::string> QueueAttributes::texts() const {
  std::map<std::string, std::string> texts;
  for (const auto& number : kNumbers) {
    if (number.name == "KmsDataKeyReusePeriodSeconds" && kms_key.empty()) continue;
    texts[std::string(number.name)] = std::to_string(this->*number.member);
  }
  texts["SqsManagedSseEnabled"] = sqs_managed_encryption ? "true" : "false";
  if (!kms_key.empty()) texts["KmsMasterKeyId"] = kms_key;
  if (policy) texts["Policy"] = codec::to_text(*policy);
  if (redrive) texts["RedrivePolicy"] = text_of(*redrive);
  if (redrive_allow) texts["RedriveAllowPolicy"] = text_of(*redrive_allow);
  return texts;
}

bool is_attribute_name(std::string_view name) {
  static const std::set<std::string_view> kOthers{"All",
                                                  "Policy",
                                                  "RedrivePolicy",
                                                  "RedriveAllowPolicy",
                                                  "SqsManagedSseEnabled",
                                                  "KmsMasterKeyId",
                                                  "QueueArn",
                                                  "CreatedTimestamp",
                                                  "LastModifiedTimestamp",
                                                  "ApproximateNumberOfMessages",
                                                  "ApproximateNumberOfMessagesDelayed",
                                                  "ApproximateNumberOfMessagesNotVisible"};
  auto named = [&](const NumberAttribute& one) { return one.name == name; };
  return kOthers.contains(name) || std::any_of(kNumbers.begin(), kNumbers.end(), named) ||
         std::find(kFifo.begin(), kFifo.end(), name) != kFifo.end();
}

}  // namespace localcloud
