#include "deploy/stack_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace deploy {
namespace {

using base::awaitable;
using base::Result;
using ::testing::ElementsAre;

// Work that takes a turn of the loop, and writes down when it begins and ends.
struct Recorder {
  std::vector<std::string> steps;
  std::set<std::string> failing;

  awaitable<Result<>> work(std::string id) {
    steps.push_back("+" + id);
    co_await base::sleep_for(std::chrono::nanoseconds(0));
    if (failing.contains(id)) co_return base::fail(base::ErrorKind::deployment, id);
    steps.push_back("-" + id);
    co_return Result<>();
  }
};

awaitable<void> run_into(std::vector<StackNode> nodes, Recorder* recorder, Result<>* result) {
  *result = co_await run_in_order(std::move(nodes), [recorder](std::string id) { return recorder->work(id); });
}

Result<> run(std::vector<StackNode> nodes, Recorder& recorder) {
  boost::asio::io_context loop;
  Result<> result;
  base::run_until_done(loop, run_into(std::move(nodes), &recorder, &result));
  return result;
}

TEST(StackOrder, IndependentOnesGoTogetherAndDependentsAfter) {
  Recorder recorder;
  ASSERT_TRUE(run({{"api", {"data", "net"}}, {"data"}, {"net"}, {"free", {"elsewhere"}}}, recorder));
  EXPECT_THAT(recorder.steps, ElementsAre("+data", "+net", "+free", "-data", "-net", "+api", "-free", "-api"));
}

TEST(StackOrder, AFailureStopsOnlyWhatDependsOnIt) {
  Recorder recorder{.steps = {}, .failing = {"data"}};
  auto result = run({{"data"}, {"api", {"data"}}, {"web", {"api"}}, {"net"}, {"dns", {"net"}}}, recorder);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "data");
  EXPECT_THAT(recorder.steps, ElementsAre("+data", "+net", "-net", "+dns", "-dns"));
}

TEST(StackOrder, ACircleIsRefusedBeforeAnyWork) {
  Recorder recorder;
  auto result = run({{"a", {"b"}}, {"b", {"a"}}, {"c"}}, recorder);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "stacks depend on each other in a circle: a, b");
  EXPECT_TRUE(recorder.steps.empty());
}

TEST(StackOrder, ReversedIsTheOrderOfRemoval) {
  Recorder recorder;
  ASSERT_TRUE(run(reversed({{"data"}, {"api", {"data"}}, {"web", {"api"}}}), recorder));
  EXPECT_THAT(recorder.steps, ElementsAre("+web", "-web", "+api", "-api", "+data", "-data"));
}

awaitable<void> cancel_soon(base::TaskGroup* tasks) {
  co_await base::sleep_for(std::chrono::nanoseconds(0));
  tasks->cancel();
}

awaitable<Result<>> never(std::string) {
  co_await base::sleep_for(std::chrono::hours(1));
  co_return Result<>();
}

awaitable<void> note_end(bool* returned) {
  co_await run_in_order({{"a"}}, never);
  *returned = true;
}

awaitable<void> cancelled_run(bool* returned) {
  base::TaskGroup tasks(co_await boost::asio::this_coro::executor);
  tasks.spawn(note_end(returned));
  tasks.spawn(cancel_soon(&tasks));
  co_await tasks.join();
}

TEST(StackOrder, CancelledItDoesNotLookLikeASuccess) {
  boost::asio::io_context loop;
  bool returned = false;
  base::run_until_done(loop, cancelled_run(&returned));
  EXPECT_FALSE(returned);
}

}  // namespace
}  // namespace deploy
