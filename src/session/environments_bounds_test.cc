// Which workers there are: whose they are, how many, and how much of the machine they may have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "session/testing/environments_world.h"
#include "session/testing/eventually.h"

namespace session {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::eventually;
using ::testing::IsEmpty;
using testing::let_others_run;
using testing::result;
using testing::run;
using ::testing::UnorderedElementsAre;
using testing::World;

// A stub in the sandbox of a log stream, with these keys.
bridge::NameValues sandbox(std::string stream, std::string key) {
  return {{"AWS_LAMBDA_LOG_STREAM_NAME", std::move(stream)}, {"AWS_ACCESS_KEY_ID", std::move(key)}};
}

TEST(Environments, EndAWorkerWhenItsStubWasRunAnewWithOtherCredentials) {
  run([](World& world) -> asio::awaitable<void> {
    world.script().run = [](const auto&, const auto&) { return result("{}"); };
    world.announce(1, "dev-app-Api-1", sandbox("stream", "OLD"));
    auto first = world.arrive(1);
    EXPECT_TRUE(co_await eventually([&] { return world.answered(first); }));
    world.announce(2, "dev-app-Api-1", sandbox("another stream", "OTHER"));
    EXPECT_TRUE(co_await eventually([&] { return world.script().started.size() == 2; }));
    EXPECT_THAT(world.script().closed, IsEmpty());

    world.announce(3, "dev-app-Api-1", sandbox("stream", "NEW"));
    EXPECT_TRUE(co_await eventually([&] { return world.script().closed.size() == 1; }));
    EXPECT_THAT(world.script().closed, ElementsAre(1001));
    auto second = world.arrive(3);
    EXPECT_TRUE(co_await eventually([&] { return world.answered(second); }));
    EXPECT_EQ(world.script().takers.back(), 1003);
    EXPECT_EQ(world.script().started.back().environment.at("AWS_ACCESS_KEY_ID"), "NEW");
  });
}

TEST(Environments, LetAWorkerThatStillLoadsGoOnForTheNextStubOfItsSandbox) {
  run([](World& world) -> asio::awaitable<void> {
    world.script().run = [](const auto&, const auto&) { return result("{}"); };
    world.script().hold_events = true;
    world.announce(1, "dev-app-Api-1", sandbox("stream", "KEY"));
    EXPECT_TRUE(co_await eventually([&] { return world.script().started.size() == 1; }));
    world.announce(2, "dev-app-Api-1", sandbox("stream", "KEY"));
    world.script().hold_events = false;
    world.script().changed.notify_all();
    auto attempt = world.arrive(2);
    EXPECT_TRUE(co_await eventually([&] { return world.answered(attempt); }));
    EXPECT_THAT(world.script().takers, ElementsAre(1001));
    EXPECT_EQ(world.script().started.size(), 1U);
  });
}

TEST(Environments, EndIdleWorkersBeyondTheBoundAndStartOthersForWhomTheyServed) {
  run([](World& world) -> asio::awaitable<void> {
    world.script().run = [](const auto&, const auto&) { return result("{}"); };
    for (std::uint8_t number = 1; number <= 5; ++number) {
      world.clock.advance(1s);
      world.announce(number);
      auto attempt = world.arrive(number);
      EXPECT_TRUE(co_await eventually([&] { return world.answered(attempt); }));
    }
    world.clock.advance(2s);
    world.environments.sweep();
    EXPECT_TRUE(co_await eventually([&] { return world.script().closed.size() == 2; }));
    EXPECT_THAT(world.script().closed, UnorderedElementsAre(1001, 1002)) << "those that were used longest ago";
    auto again = world.arrive(1, 2);
    EXPECT_TRUE(co_await eventually([&] { return world.answered(again); }));
    EXPECT_EQ(world.script().takers.back(), 1006);
    world.clock.advance(2s);
    world.environments.sweep();
    EXPECT_TRUE(co_await eventually([&] { return world.script().closed.size() == 3; }));
  });
}

TEST(Environments, KeepEveryWorkerThatWasBusyAMomentAgoAsABurstComesBackToIt) {
  run([](World& world) -> asio::awaitable<void> {
    world.script().run = [](const auto&, const auto&) { return result("{}"); };
    for (std::uint32_t round = 1; round <= 2; ++round) {
      for (std::uint8_t number = 1; number <= 5; ++number) {
        if (round == 1) world.announce(number);
        auto attempt = world.arrive(number, round);
        EXPECT_TRUE(co_await eventually([&] { return world.answered(attempt); }));
      }
      world.clock.advance(1s);
      world.environments.sweep();
      co_await let_others_run();
    }
    EXPECT_THAT(world.script().closed, IsEmpty());
    EXPECT_EQ(world.script().started.size(), 5U);
  });
}

TEST(Environments, LookByThemselvesForWorkersBeyondTheBounds) {
  run([](World& world) -> asio::awaitable<void> {
    world.script().run = [](const auto&, const auto&) { return result("{}"); };
    for (std::uint8_t number = 1; number <= 4; ++number) {
      world.announce(number);
      auto attempt = world.arrive(number);
      EXPECT_TRUE(co_await eventually([&] { return world.answered(attempt); }));
    }
    world.clock.advance(3s);
    EXPECT_TRUE(co_await eventually([&] { return world.script().closed.size() == 1; }));
  });
}

TEST(Environments, EndIdleWorkersThatHaveTooMuchMemoryTogether) {
  run([](World& world) -> asio::awaitable<void> {
    world.script().run = [](const auto&, const auto&) { return result("{}"); };
    world.script().memory_mb = 1500;
    for (std::uint8_t number = 1; number <= 2; ++number) {
      world.clock.advance(1s);
      world.announce(number, number == 1 ? "dev-app-Api-1" : "dev-app-Sns-1");
      auto attempt = world.arrive(number);
      EXPECT_TRUE(co_await eventually([&] { return world.answered(attempt); }));
    }
    world.clock.advance(2s);
    world.environments.sweep();
    EXPECT_TRUE(co_await eventually([&] { return !world.script().closed.empty(); }));
    EXPECT_THAT(world.script().closed, ElementsAre(1001));
  });
}

TEST(Environments, BoundNoWorkerThatRunsOrWhoseFirstEventIsOnItsWay) {
  run([](World& world) -> asio::awaitable<void> {
    for (std::uint8_t number = 1; number <= 5; ++number) {
      world.announce(number);
      world.arrive(number);
    }
    for (std::uint8_t number = 6; number <= 10; ++number) world.announce(number);
    EXPECT_TRUE(co_await eventually([&] { return world.script().running == 5; }));
    world.environments.sweep();
    co_await let_others_run();
    EXPECT_THAT(world.script().closed, IsEmpty());
    world.clock.advance(11s);
    world.environments.sweep();
    EXPECT_TRUE(co_await eventually([&] { return world.script().closed.size() == 2; }));
    EXPECT_EQ(world.script().running, 5U);
  });
}

TEST(Environments, LimitMemoryToWhatTheFunctionHasInLambda) {
  run([](World& world) -> asio::awaitable<void> {
    world.script().run = [](const auto&, const auto&) {
      auto outcome = result("{}");
      outcome.peak_memory_mb = 61;
      outcome.init = 74ms;
      return outcome;
    };
    world.announce(1, "dev-app-Api-1", {{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"}});
    auto attempt = world.arrive(1);
    EXPECT_TRUE(co_await eventually([&] { return world.answered(attempt); }));
    EXPECT_EQ(world.script().started.at(0).memory_limit_mb, 256);
    EXPECT_EQ(world.script().started.at(0).code.memory_mb, 256);
    world.environments.delivered({.id = attempt, .answered = world.clock.now(), .delivered = world.clock.now()});
    const auto reports = world.reporter.finished();
    EXPECT_EQ(reports.back().memory_size_mb, 256);
    EXPECT_EQ(reports.back().max_memory_mb, 61);
    EXPECT_EQ(reports.back().init_ms, 74);
  });
}

}  // namespace
}  // namespace session
