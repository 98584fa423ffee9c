#include "localcloud/apigateway/throttle.h"

#include <gtest/gtest.h>

namespace localcloud {
namespace {

using std::chrono::milliseconds;

int admitted(Throttles& throttles, base::WallTime now, int requests) {
  int count = 0;
  for (int i = 0; i < requests; ++i) count += throttles.admit(now) ? 1 : 0;
  return count;
}

TEST(Throttle, TheAccountHas5000AtOnceAnd10000ASecond) {
  Throttles throttles;
  base::WallTime now{};
  EXPECT_EQ(admitted(throttles, now, 6000), 5000);
  EXPECT_EQ(admitted(throttles, now + milliseconds(100), 6000), 1000);
  EXPECT_EQ(admitted(throttles, now + milliseconds(100'000), 6000), 5000);
}

TEST(Throttle, EachRouteHasTheStagesLimits) {
  Throttles throttles;
  base::WallTime now{};
  StageThrottling limits{.every = ThrottleLimits{.rate = 1, .burst = 1}, .routes = {{"* /b", {.rate = 1, .burst = 0}}}};
  auto ask = [&](std::string_view route) { return throttles.admit("api", "live", limits, route, now); };
  EXPECT_TRUE(ask("GET /a"));
  EXPECT_FALSE(ask("GET /a"));
  EXPECT_TRUE(ask("POST /a"));
  EXPECT_FALSE(ask("GET /b"));
  now += milliseconds(1000);
  EXPECT_TRUE(ask("GET /a"));
  limits.every.reset();
  EXPECT_TRUE(ask("GET /a"));
}

}  // namespace
}  // namespace localcloud
