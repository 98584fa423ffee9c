// Random schedules: whatever the network does, an attempt runs at most once, ends, and is answered with its own answer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "bridge/testing/world.h"

namespace bridge {
namespace {

using base::Millis;
using testing::World;

constexpr std::uint64_t kTests = 40;

std::string event_of(std::mt19937_64& random, int number) {
  std::size_t size = random() % 6 == 0 ? random() % 120'000 : random() % 300;
  std::string event = "event " + std::to_string(number) + " ";
  for (const std::size_t end = event.size() + size; event.size() < end;) {
    const std::uint64_t word = random();  // hard to compress, as what is large is
    event.append(reinterpret_cast<const char*>(&word), sizeof(word));
  }
  return event;
}

void set_weather(World& world, std::mt19937_64& random) {
  auto up_to = [&](std::uint64_t most) { return static_cast<int>(random() % (most + 1)); };
  world.weather = {.lost = up_to(20),
                   .late_unknown = up_to(20),
                   .throttled = up_to(20),
                   .failing = up_to(20),
                   .doubled = up_to(30),
                   .swallowed = up_to(15),
                   .slowest = Millis(1 + up_to(400))};
}

void plan_disturbances(World& world, std::mt19937_64& random) {
  Millis when(static_cast<std::int64_t>(random() % 8'000));
  switch (random() % 7) {
    case 0:
      world.at(when, [&world] { world.cut_stub(); });
      break;
    case 1:
      world.at(when, [&world] { world.reconnect(0); });
      break;
    case 2:
      world.at(when, [&world] { world.cut_session(0); });
      world.at(when + Millis(3'000), [&world] { world.reconnect(0); });
      break;
    default:
      break;
  }
}

// LIVELAMBDA_SCHEDULES is how many seeds are tried in all.
std::uint64_t seeds_of_a_test() {
  const char* given = std::getenv("LIVELAMBDA_SCHEDULES");
  const std::uint64_t all = given == nullptr ? 400 : std::strtoull(given, nullptr, 10);
  return std::max<std::uint64_t>(1, all / kTests);
}

class Schedule : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Schedule, RunsAtMostOnceAndEveryAttemptEnds) {
  const std::uint64_t first = GetParam() * seeds_of_a_test();
  for (std::uint64_t seed = first; seed < first + seeds_of_a_test(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    World world(seed);
    set_weather(world, random);
    if (random() % 5 != 0) world.add_session("tom@laptop");
    world.start_stub();
    world.run_for(Millis(static_cast<std::int64_t>(random() % 1'000) + 501));
    ASSERT_TRUE(world.ready());
    if (world.table == std::nullopt) world.add_session("tom@laptop");
    bool displaced = false;
    for (int number = 1; number <= 6; ++number) {
      world.session(0).run_time = Millis(static_cast<std::int64_t>(random() % (random() % 3 == 0 ? 15'000 : 100)));
      world.session(0).streams = number > 3;
      world.session(0).pause = Millis(static_cast<std::int64_t>(random() % 100));
      if (!displaced) plan_disturbances(world, random);
      if (!displaced && random() % 10 == 0) {
        displaced = true;
        world.at(Millis(static_cast<std::int64_t>(random() % 3'000)), [&world] {
          world.add_session("eve@desk");
          world.displace(0);
        });
      }
      std::string event = event_of(random, number);
      world.invoke(event, Millis(120'000));
      world.run_invocation();
      ASSERT_TRUE(world.answered()) << "attempt " << number;
      EXPECT_LE(world.executions(static_cast<std::uint64_t>(number)), 1) << "attempt " << number;
      if (world.ending()->streamed) {
        EXPECT_TRUE(("echo " + event).starts_with(world.ending()->body));
      }
      if (!world.ending()->failed) {
        EXPECT_EQ(world.ending()->body, "echo " + event);
        EXPECT_EQ(world.executions(static_cast<std::uint64_t>(number)), 1);
      }
      world.run_for(Millis(static_cast<std::int64_t>(random() % 2'000)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Schedule, ::testing::Range<std::uint64_t>(0, kTests));

}  // namespace
}  // namespace bridge
