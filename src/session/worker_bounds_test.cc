#include "session/worker_bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace session {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

IdleWorker worker(std::string function, int used, long memory_mb) {
  return {.function = std::move(function), .last_used = base::SteadyTime(1h) + used * 1s, .memory_mb = memory_mb};
}

TEST(WorkerBounds, KeepTheNewestOfEachFunction) {
  const std::vector<IdleWorker> idle{worker("A", 2, 50), worker("A", 1, 50), worker("B", 0, 50), worker("A", 3, 50)};
  EXPECT_THAT(beyond({.idle_per_function = 2}, idle), UnorderedElementsAre(1));
  EXPECT_THAT(beyond({.idle_per_function = 3}, idle), IsEmpty());
  EXPECT_THAT(beyond({.idle_per_function = 0}, idle), UnorderedElementsAre(0, 1, 2, 3));
}

TEST(WorkerBounds, EndTheOldestOfAllWhenMemoryIsShort) {
  const std::vector<IdleWorker> idle{worker("A", 1, 400), worker("B", 3, 500), worker("C", 2, 300)};
  EXPECT_THAT(beyond({.idle_memory_mb = 1200}, idle), IsEmpty());
  EXPECT_THAT(beyond({.idle_memory_mb = 1199}, idle), UnorderedElementsAre(0));
  EXPECT_THAT(beyond({.idle_memory_mb = 700}, idle), UnorderedElementsAre(0, 2));
}

TEST(WorkerBounds, KeepSmallOnesBesideOneThatIsTooLarge) {
  const std::vector<IdleWorker> idle{worker("Large", 2, 3000), worker("Small", 1, 100)};
  EXPECT_THAT(beyond({}, idle), UnorderedElementsAre(0));
}

}  // namespace
}  // namespace session
