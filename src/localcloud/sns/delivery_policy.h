// How often and when a delivery is tried again (SNS developer guide, "Amazon SNS message delivery retries"): a policy's
// four phases, of retries at once, after the least delay, after growing ones and after the longest. Pure.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

struct RetryPolicy {
  std::int64_t min_delay = 20;  // seconds
  std::int64_t max_delay = 20;
  std::int64_t retries = 3;  // of all phases together
  std::int64_t no_delay_retries = 0;
  std::int64_t min_delay_retries = 0;
  std::int64_t max_delay_retries = 0;
  std::string backoff = "linear";  // "arithmetic", "exponential", "geometric", "linear"

  // Before retry `n` (0 is the first); nullopt if there is none. AWS draws the backoff functions and gives no formula:
  // theirs ends, min_delay and max_delay, are exact here.
  std::optional<std::chrono::milliseconds> delay_before(std::int64_t n) const;
};

// What SNS does for Lambda and SQS: 100,015 retries over 23 days.
RetryPolicy service_retries();

// Of HTTP endpoints.
struct DeliveryPolicy {
  RetryPolicy retries;
  std::string content_type = "text/plain; charset=UTF-8";

  json::object as_json() const;  // as EffectiveDeliveryPolicy of a subscription has it
};

// A topic's ("http": {"defaultHealthyRetryPolicy": …}) or a subscription's ("healthyRetryPolicy": …), laid over `base`.
// Errors: InvalidParameter 400; 501 for throttling.
base::Result<DeliveryPolicy> parse_topic_delivery_policy(const json::value& policy);
base::Result<DeliveryPolicy> parse_delivery_policy(const json::value& policy, DeliveryPolicy base);

}  // namespace localcloud
