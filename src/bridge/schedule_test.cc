// Random schedules: whatever the network, the laptops and Lambda do, an attempt runs at most once, ends loudly or with
// its own answer, and nothing grows. LIVELAMBDA_SCHEDULES is how many seeds are tried in all, LIVELAMBDA_FIRST_SCHEDULE
// the first; LIVELAMBDA_SCHEDULE runs one alone and prints what happened.
#include "bridge/testing/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>

namespace bridge {
namespace {

using testing::Life;
using testing::Tally;

constexpr std::uint64_t kTests = 40;

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* given = std::getenv(variable);
  if (given == nullptr) return std::nullopt;
  return std::strtoull(given, nullptr, 10);
}

void expect_kept(std::uint64_t seed, const Life& life) {
  if (life.faults.empty() && life.tally.doubled == 0 && life.tally.lost == 0) return;
  std::string faults;
  for (const std::string& fault : life.faults) faults += "  " + fault + "\n";
  ADD_FAILURE() << "schedule " << seed << " broke the promise:\n"
                << faults << "run it alone: LIVELAMBDA_SCHEDULE=" << seed
                << " build/dev/bridge_test --gtest_filter='*Schedule*'\n"
                << testing::live(seed, true).trace;
}

class Schedule : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  static void TearDownTestSuite() { std::cout << "attempts: " << total_.to_string() << "\n"; }
  static Tally total_;
};
Tally Schedule::total_;

TEST_P(Schedule, LosesNothingAndDoublesNothing) {
  if (auto alone = number_from("LIVELAMBDA_SCHEDULE")) {
    if (GetParam() != 0) return;
    Life life = testing::live(*alone, true);
    std::cout << life.trace;
    expect_kept(*alone, life);
    total_ += life.tally;
    return;
  }
  const std::uint64_t all = number_from("LIVELAMBDA_SCHEDULES").value_or(400);
  const std::uint64_t each = std::max<std::uint64_t>(1, all / kTests);
  const std::uint64_t first = number_from("LIVELAMBDA_FIRST_SCHEDULE").value_or(0) + GetParam() * each;
  for (std::uint64_t seed = first; seed < first + each && !HasFailure(); ++seed) {
    Life life = testing::live(seed, false);
    expect_kept(seed, life);
    total_ += life.tally;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Schedule, ::testing::Range<std::uint64_t>(0, kTests));

}  // namespace
}  // namespace bridge
