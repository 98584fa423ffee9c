#include "localcloud/apigateway/usage_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "localcloud/apigateway/bad_request.h"
#include "localcloud/service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

// The number of the period that `now` is in; the weeks begin on Sunday, and all by UTC.
std::int64_t period_of(const Quota& quota, base::WallTime now) {
  auto day = std::chrono::floor<std::chrono::days>(now);
  if (quota.period == Quota::Period::day) return day.time_since_epoch().count();
  if (quota.period == Quota::Period::week) return (day.time_since_epoch().count() + 4 - quota.offset) / 7;
  std::chrono::year_month_day date(day - std::chrono::days(quota.offset));
  return std::int64_t{static_cast<int>(date.year())} * 12 + static_cast<unsigned>(date.month());
}

base::Result<double> number(const json::object& properties, std::string_view name, double otherwise) {
  std::string text = text_property(properties, name);
  if (text.empty()) return otherwise;
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) {
    return bad_request(fmt::format("{} must be a number that is not negative", name));
  }
  return value;
}

}  // namespace

std::variant<std::string, Failure> UsagePlans::admit(const Asked& asked, base::WallTime now) {
  const Failure forbidden{FailureKind::invalid_api_key};
  auto key = std::find_if(keys.begin(), keys.end(), [&](const auto& one) { return one.second.value == asked.key; });
  if (asked.key.empty() || key == keys.end() || !key->second.enabled) return forbidden;
  auto plan = std::find_if(plans.begin(), plans.end(), [&](const auto& one) {
    return one.second.keys.contains(key->first) && one.second.stages.contains({asked.api_id, asked.stage});
  });
  if (plan == plans.end()) return forbidden;
  const auto& limits = plan->second;
  const std::string name = plan->first + " " + key->first;
  if (limits.quota) {
    auto& use = used_[name];
    auto period = period_of(*limits.quota, now);
    if (use.period != period) use = {.count = 0, .period = period};
    if (use.count >= limits.quota->limit) return Failure{FailureKind::quota_exceeded};
    ++use.count;
  }
  const std::string route = fmt::format("{} {} {}", asked.api_id, asked.stage, asked.route);
  auto of_method = limits.method_throttles.find(route);
  if (of_method != limits.method_throttles.end() && !buckets_[name + " " + route].take(of_method->second, now)) {
    return Failure{FailureKind::throttled};
  }
  if (limits.throttle && !buckets_[name].take(*limits.throttle, now)) return Failure{FailureKind::throttled};
  return key->first;
}

base::Result<std::optional<ThrottleLimits>> read_rate_limit(const json::object& properties) {
  if (!properties.contains("RateLimit") && !properties.contains("BurstLimit")) return std::optional<ThrottleLimits>();
  ThrottleLimits limit;
  TRY(limit.rate, number(properties, "RateLimit", limit.rate));
  TRY(limit.burst, number(properties, "BurstLimit", limit.burst));
  return std::optional(limit);
}

}  // namespace localcloud
