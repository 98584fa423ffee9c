#include "localcloud/lambda/answer_stream.h"

#include <gtest/gtest.h>

namespace localcloud {
namespace {

constexpr std::size_t kMegabyte = 1024 * 1024;

TEST(StreamPace, LetsTheFirst6MegabytesThroughAtOnce) {
  StreamPace pace;
  auto now = base::WallTime{} + std::chrono::hours(1);
  EXPECT_EQ(pace.next(2 * kMegabyte, now), now);
  EXPECT_EQ(pace.next(4 * kMegabyte, now), now);
  EXPECT_EQ(pace.next(kMegabyte, now), now + std::chrono::milliseconds(500));
}

TEST(StreamPace, Gives2MegabytesASecondThen) {
  StreamPace pace;
  auto now = base::WallTime{} + std::chrono::hours(1);
  EXPECT_EQ(pace.next(8 * kMegabyte, now), now + std::chrono::seconds(1));
  EXPECT_EQ(pace.next(2 * kMegabyte, now), now + std::chrono::seconds(2));
}

TEST(StreamPace, MakesUpForOneSecondOfAPause) {
  StreamPace pace;
  auto now = base::WallTime{} + std::chrono::hours(1);
  pace.next(6 * kMegabyte, now);
  pace.next(2 * kMegabyte, now);
  now += std::chrono::minutes(1);
  EXPECT_EQ(pace.next(2 * kMegabyte, now), now);
  EXPECT_EQ(pace.next(2 * kMegabyte, now), now + std::chrono::seconds(1));
}

}  // namespace
}  // namespace localcloud
