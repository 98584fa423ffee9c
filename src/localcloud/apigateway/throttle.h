// How many requests API Gateway lets in (AGW-guide limits.md, api-gateway-request-throttling.md): token buckets, filled
// by the local clock. HTTP, REST and WebSocket APIs and @connections share the account's; each route of a stage has one
// of its own where the stage sets its limits.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace localcloud {

struct ThrottleLimits {
  double rate = 10'000;  // a second; the account's until something less is set
  double burst = 5'000;  // at once
};

// What a stage sets for its routes.
struct StageThrottling {
  std::optional<ThrottleLimits> every;                        // route that has none of its own
  std::map<std::string, ThrottleLimits, std::less<>> routes;  // "GET /pets", "* /pets", "hello"

  const ThrottleLimits* of(std::string_view route_key) const;
};

class TokenBucket {
 public:
  // Takes a token, if there is one. It begins full.
  bool take(const ThrottleLimits& limits, base::WallTime now);

 private:
  std::optional<double> tokens_;
  base::WallTime filled_{};
};

class Throttles {
 public:
  // Is one more request within the account's limits?
  bool admit(base::WallTime now) { return account_.take({}, now); }
  // Is it within those of its route?
  bool admit(std::string_view api_id, std::string_view stage, const StageThrottling& limits, std::string_view route_key,
             base::WallTime now);

 private:
  TokenBucket account_;
  std::map<std::string, TokenBucket, std::less<>> routes_;  // "api/stage/route key"
};

}  // namespace localcloud
