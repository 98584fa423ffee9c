// Twins that a debugger holds: here the editor that attaches by itself, so that no client is needed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "session/testing/environments_world.h"
#include "session/testing/eventually.h"

namespace session {
namespace {

namespace asio = boost::asio;
using ::testing::ElementsAre;
using namespace std::chrono_literals;
using testing::eventually;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::let_others_run;
using testing::result;
using testing::World;

class NoProcesses final : public os::Spawner {
 public:
  base::Result<std::unique_ptr<os::Process>> spawn(os::ProcessOptions) override {
    return base::fail(base::ErrorKind::internal, "nothing is spawned here");
  }
};

asio::awaitable<void> play_debugged(testing::Scenario scenario) {
  auto executor = co_await asio::this_coro::executor;
  NoProcesses spawner;
  testing::RecordingReporter reporter;
  Debugging debugging(
      executor, spawner, reporter,
      {.ports_file = "", .environment = {{"NODE_OPTIONS", "--require x"}, {"VSCODE_INSPECTOR_OPTIONS", "{}"}}});
  World world(executor, &debugging);
  co_await scenario(world);
  co_await world.environments.close();
  EXPECT_EQ(world.script().alive, 0U) << "a worker was left";
}

void run(testing::Scenario scenario) {
  asio::io_context loop;
  base::run_until_done(loop, play_debugged(scenario));
}

const InvocationReport* finished(const World& world, const std::string& request) {
  for (const Report& report : world.reporter.reports) {
    const auto* one = std::get_if<InvocationReport>(&report);
    if (one != nullptr && one->phase == InvocationReport::Phase::finished && one->request_id == request) return one;
  }
  return nullptr;
}

TEST(Environments, LetAWorkerThatADebuggerHoldsLiveOnPastItsDeadline) {
  run([](World& world) -> asio::awaitable<void> {
    world.announce(1);
    auto held = world.arrive(1);
    EXPECT_TRUE(co_await eventually([&] { return world.taken(1); }));
    world.clock.advance(4s);
    world.environments.start(held);  // wakes whoever waits for the attempt: the real clock stands still for it
    EXPECT_TRUE(co_await eventually([&] { return finished(world, World::request(1)) != nullptr; }));
    const auto* report = finished(world, World::request(1));
    EXPECT_EQ(report->status, "timeout");
    EXPECT_THAT(report->error, HasSubstr("Lambda's timeout of 3 s passed while the debugger held Api"));
    EXPECT_THAT(world.sink.abandoned, ElementsAre(held));
    EXPECT_THAT(world.script().stopped, IsEmpty());

    world.announce(2);  // as Lambda does after a timeout
    auto next = world.arrive(2);
    EXPECT_TRUE(co_await eventually([&] { return world.taken(2); }));
    EXPECT_THAT(world.script().takers, ElementsAre(1001, 1002));
    world.script().end(World::request(2), result("{}"));
    EXPECT_TRUE(co_await eventually([&] { return world.answered(next); }));

    world.script().end(World::request(1), result("{}"));
    EXPECT_TRUE(co_await eventually([&] { return !world.script().closed.empty(); }));
    EXPECT_THAT(world.script().closed, ElementsAre(1001));
    EXPECT_FALSE(world.answered(held));
  });
}

TEST(Environments, DoNotKillAWorkerThatADebuggerHoldsWhenItsStubGivesUp) {
  run([](World& world) -> asio::awaitable<void> {
    world.announce(1);
    auto held = world.arrive(1);
    EXPECT_TRUE(co_await eventually([&] { return world.taken(1); }));
    world.environments.cancel(held, "the stub gave up");
    co_await let_others_run();
    EXPECT_EQ(finished(world, World::request(1))->error, "the stub gave up");
    EXPECT_THAT(world.script().stopped, IsEmpty());
    world.script().end(World::request(1), result("{}"));
    EXPECT_TRUE(co_await eventually([&] { return !world.script().closed.empty(); }));
    EXPECT_THAT(world.sink.abandoned, ElementsAre(held));
  });
}

}  // namespace
}  // namespace session
