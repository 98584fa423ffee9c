#include "localcloud/local_clock.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

namespace localcloud {
namespace {

using namespace std::chrono_literals;

TEST(LocalClock, CannotBeTurnedPastTheEndOfTime) {
  boost::asio::io_context loop;
  LocalClock clock(loop.get_executor());
  auto before = clock.now();
  for (int i = 0; i < 3; ++i) clock.advance(base::Millis::max());
  EXPECT_GT(clock.now(), before + 24h * 365 * 99);
  EXPECT_GT(clock.now() + 24h * 365 * 100, clock.now());
  auto turned = clock.now();
  clock.advance(-1h);
  EXPECT_GE(clock.now(), turned);
}

}  // namespace
}  // namespace localcloud
