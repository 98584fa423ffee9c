#include "localcloud/sns/delivery_policy.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <set>
#include <string_view>

#include "codec/json.h"
#include "localcloud/service.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

struct Member {
  std::string_view name;
  std::int64_t RetryPolicy::* value;
  std::int64_t least;
  std::int64_t most;
};
constexpr std::array kMembers{Member{"minDelayTarget", &RetryPolicy::min_delay, 1, 3600},
                              Member{"maxDelayTarget", &RetryPolicy::max_delay, 1, 3600},
                              Member{"numRetries", &RetryPolicy::retries, 0, 100},
                              Member{"numNoDelayRetries", &RetryPolicy::no_delay_retries, 0, 100},
                              Member{"numMinDelayRetries", &RetryPolicy::min_delay_retries, 0, 100},
                              Member{"numMaxDelayRetries", &RetryPolicy::max_delay_retries, 0, 100}};

tl::unexpected<base::Error> refuse(std::string message) {
  return aws_error(400, "InvalidParameter", "Invalid parameter: DeliveryPolicy: " + std::move(message));
}

// The delay at `part` (0 to 1) of the way between the two, in seconds.
double grown(const RetryPolicy& policy, double part) {
  auto least = static_cast<double>(policy.min_delay);
  auto most = static_cast<double>(policy.max_delay);
  if (policy.backoff == "geometric") return least * std::pow(most / least, part);
  if (policy.backoff == "arithmetic") return least + (most - least) * part * part;
  if (policy.backoff == "exponential") return least + (most - least) * (std::exp2(part * 10) - 1) / 1023;
  return least + (most - least) * part;
}

base::Result<RetryPolicy> parse_retries(const json::value& value, RetryPolicy policy) {
  const auto* members = value.if_object();
  if (members == nullptr) return refuse("healthyRetryPolicy must be an object");
  for (const auto& [key, given] : *members) {
    std::string_view name = key;
    if (name == "backoffFunction") {
      static const std::set<std::string_view> kFunctions{"arithmetic", "exponential", "geometric", "linear"};
      policy.backoff = given.is_string() ? std::string(given.get_string()) : std::string();
      if (!kFunctions.contains(policy.backoff)) return refuse("backoffFunction is invalid");
      continue;
    }
    const Member* found = nullptr;
    for (const auto& member : kMembers) {
      if (member.name == name) found = &member;
    }
    if (found == nullptr) return refuse(fmt::format("Unexpected JSON member: {}", name));
    const auto* number = given.if_int64();
    if (number == nullptr || *number < found->least || *number > found->most) {
      return refuse(fmt::format("{} must be between {} and {}", name, found->least, found->most));
    }
    policy.*found->value = *number;
  }
  if (policy.min_delay > policy.max_delay) return refuse("minDelayTarget must be less than or equal to maxDelayTarget");
  if (policy.no_delay_retries + policy.min_delay_retries + policy.max_delay_retries > policy.retries) {
    return refuse("numRetries must be greater than or equal to the sum of the retries of every phase");
  }
  return policy;
}

base::Result<std::string> parse_content_type(const json::value& value, std::string fallback) {
  const auto* members = value.if_object();
  if (members == nullptr) return refuse("requestPolicy must be an object");
  for (const auto& [key, given] : *members) {
    if (key != "headerContentType" || !given.is_string()) {
      return refuse(fmt::format("Unexpected JSON member: {}", std::string_view(key)));
    }
    fallback = std::string(given.get_string());
    if (fallback.find_first_of("\r\n") != std::string::npos) return refuse("headerContentType is invalid");
  }
  return fallback;
}

base::Result<DeliveryPolicy> parse_members(const json::object& members, std::string_view retries,
                                           std::string_view request, std::string_view throttle, DeliveryPolicy policy) {
  for (const auto& [key, value] : members) {
    if (value.is_null()) continue;
    if (key == retries) {
      TRY(policy.retries, parse_retries(value, policy.retries));
    } else if (key == request) {
      TRY(policy.content_type, parse_content_type(value, policy.content_type));
    } else if (key == throttle) {
      return base::fail(not_implemented("sns", fmt::format("delivery policies with {}", throttle)));
    } else {
      return refuse(fmt::format("Unexpected JSON member: {}", std::string_view(key)));
    }
  }
  return policy;
}

}  // namespace

std::optional<std::chrono::milliseconds> RetryPolicy::delay_before(std::int64_t n) const {
  if (n >= retries) return std::nullopt;
  auto growing = retries - no_delay_retries - min_delay_retries - max_delay_retries;
  double seconds = static_cast<double>(max_delay);
  if (n < no_delay_retries) {
    seconds = 0;
  } else if (n < no_delay_retries + min_delay_retries) {
    seconds = static_cast<double>(min_delay);
  } else if (auto at = n - no_delay_retries - min_delay_retries; at < growing) {
    seconds = grown(*this, growing < 2 ? 0 : static_cast<double>(at) / static_cast<double>(growing - 1));
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

RetryPolicy service_retries() {
  return {.min_delay = 1,
          .max_delay = 20,
          .retries = 100'015,
          .no_delay_retries = 3,
          .min_delay_retries = 2,
          .max_delay_retries = 100'000,
          .backoff = "exponential"};
}

json::object DeliveryPolicy::as_json() const {
  json::object policy;
  for (const auto& member : kMembers) policy[member.name] = retries.*member.value;
  policy["backoffFunction"] = retries.backoff;
  return {{"healthyRetryPolicy", std::move(policy)},
          {"requestPolicy", json::object{{"headerContentType", content_type}}}};
}

base::Result<DeliveryPolicy> parse_topic_delivery_policy(const json::value& policy) {
  const auto* members = policy.if_object();
  const auto* http = members == nullptr ? nullptr : members->if_contains("http");
  if (http == nullptr || !http->is_object() || members->size() != 1) return refuse("The policy must be one of http");
  auto rest = http->get_object();
  if (const auto* overrides = rest.if_contains("disableSubscriptionOverrides")) {
    if (*overrides != false) {
      return base::fail(not_implemented("sns", "delivery policies with disableSubscriptionOverrides"));
    }
    rest.erase("disableSubscriptionOverrides");
  }
  return parse_members(rest, "defaultHealthyRetryPolicy", "defaultRequestPolicy", "defaultThrottlePolicy", {});
}

base::Result<DeliveryPolicy> parse_delivery_policy(const json::value& policy, DeliveryPolicy base) {
  const auto* members = policy.if_object();
  if (members == nullptr) return refuse("The policy must be an object");
  return parse_members(*members, "healthyRetryPolicy", "requestPolicy", "throttlePolicy", std::move(base));
}

}  // namespace localcloud
