#include "localcloud/apigateway/throttle.h"

#include <fmt/format.h>

#include <algorithm>

namespace localcloud {

const ThrottleLimits* StageThrottling::of(std::string_view route_key) const {
  auto found = routes.find(route_key);
  if (std::size_t blank = route_key.find(' '); found == routes.end() && blank != std::string_view::npos) {
    found = routes.find(fmt::format("*{}", route_key.substr(blank)));
  }
  if (found != routes.end()) return &found->second;
  return every ? &*every : nullptr;
}

bool TokenBucket::take(const ThrottleLimits& limits, base::WallTime now) {
  double passed = tokens_ ? std::chrono::duration<double>(now - filled_).count() : 0;
  double tokens = tokens_.value_or(limits.burst) + std::max(passed, 0.0) * limits.rate;
  tokens_ = std::min(tokens, limits.burst);
  filled_ = now;
  if (*tokens_ < 1) return false;
  *tokens_ -= 1;
  return true;
}

bool Throttles::admit(std::string_view api_id, std::string_view stage, const StageThrottling& limits,
                      std::string_view route_key, base::WallTime now) {
  const auto* own = limits.of(route_key);
  if (own == nullptr) return true;
  return routes_[fmt::format("{}/{}/{}", api_id, stage, route_key)].take(*own, now);
}

}  // namespace localcloud
