// The attributes of a queue: which there are, what they may be, and how they read (SQS API reference, CreateQueue and
// GetQueueAttributes). Those that are counted (ApproximateNumberOfMessages, …) are the service's.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

struct RedrivePolicy {
  std::string target_arn;
  std::int64_t max_receive_count = 10;
};

// Which queues may name this one as their dead-letter queue.
struct RedriveAllowPolicy {
  std::string permission = "allowAll";
  std::vector<std::string> sources = {};

  bool allows(std::string_view source_arn) const;
};

struct QueueAttributes {
  std::int64_t delay_seconds = 0;
  std::int64_t largest_message = 1'048'576;
  std::int64_t retention_seconds = 345'600;
  std::int64_t receive_wait_seconds = 0;
  std::int64_t visibility_seconds = 30;
  std::int64_t data_key_reuse_seconds = 300;
  std::optional<json::value> policy = std::nullopt;
  std::optional<RedrivePolicy> redrive = std::nullopt;
  std::optional<RedriveAllowPolicy> redrive_allow = std::nullopt;
  std::string kms_key = {};  // "alias/aws/sqs", or none
  bool sqs_managed_encryption = true;

  // Sets one by its name in the API; "" clears a policy. Errors: InvalidAttributeName, InvalidAttributeValue,
  // InvalidParameterValue 400; 501 for FIFO queues and for keys that the local cloud does not have.
  base::Result<> set(std::string_view name, std::string_view value);

  // As GetQueueAttributes has them.
  std::map<std::string, std::string> texts() const;

  std::chrono::seconds retention() const { return std::chrono::seconds(retention_seconds); }
};

// Is it an attribute that GetQueueAttributes knows, by itself or "All"?
bool is_attribute_name(std::string_view name);

}  // namespace localcloud
