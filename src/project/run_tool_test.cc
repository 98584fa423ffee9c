#include "project/run_tool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <csignal>

#include "base/task_group.h"
#include "project/testing/fake_tools.h"

namespace project {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::FakeRun;
using testing::FakeTools;
using ::testing::HasSubstr;

awaitable<void> run_into(os::Spawner& spawner, ToolRun run, base::Result<std::string>& result) {
  result = co_await run_tool(spawner, std::move(run));
}

base::Result<std::string> run(os::Spawner& spawner, ToolRun tool) {
  base::Result<std::string> result;
  boost::asio::io_context loop(1);
  base::run_until_done(loop, run_into(spawner, std::move(tool), result));
  return result;
}

TEST(RunTool, HandsOnLinesAndReturnsTheOutput) {
  FakeTools tools([](const auto&) { return FakeRun{.output = "one\r\ntwo", .error_output = "progress\n"}; });
  std::vector<std::string> lines;
  auto output = run(tools, {.command = {"sam", "build"},
                            .environment = {{"A", "B"}},
                            .directory = "/app",
                            .on_output = [&lines](const std::string& line) { lines.push_back(line); }});
  ASSERT_TRUE(output) << output.error().message;
  EXPECT_EQ(*output, "one\r\ntwo");
  EXPECT_THAT(lines, ::testing::UnorderedElementsAre("one", "two", "progress"));
  ASSERT_EQ(tools.spawned.size(), 1U);
  EXPECT_THAT(tools.spawned[0].command, ElementsAre("sam", "build"));
  EXPECT_EQ(tools.spawned[0].environment.at("A"), "B");
  EXPECT_EQ(tools.spawned[0].directory, "/app");
  EXPECT_TRUE(tools.signals.empty());
}

TEST(RunTool, FailsWithTheLastLinesOfWhatTheToolSaid) {
  std::string said;
  for (int i = 0; i < 100; ++i) said += "line " + std::to_string(i) + ".\n";
  FakeTools tools([&](const auto&) { return FakeRun{.error_output = said + "\n", .status = {.code = 3}}; });
  auto output = run(tools, {.command = {"sam", "build"}});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().kind, base::ErrorKind::build);
  EXPECT_THAT(output.error().message, HasSubstr("`sam build` ended with status 3:\nline 81."));
  EXPECT_THAT(output.error().message, EndsWith("line 99."));
}

TEST(RunTool, TellsWhatAToolSaysOnEitherStream) {
  FakeTools tools([](const auto&) {
    return FakeRun{.output = "no such stage\n", .error_output = "Packaging\n", .status = {.signal = 9}};
  });
  auto output = run(tools, {.command = {"sam"}});
  ASSERT_FALSE(output);
  EXPECT_THAT(output.error().message, HasSubstr("`sam` was ended by signal 9:\n"));
  EXPECT_THAT(output.error().message, HasSubstr("no such stage"));
  EXPECT_THAT(output.error().message, HasSubstr("Packaging"));
}

TEST(RunTool, SaysHowToInstallWhatIsMissing) {
  FakeTools tools([](const auto&) { return FakeRun{.missing = true}; });
  auto output = run(tools, {.command = {"sam"}, .install_hint = "Install it."});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().kind, base::ErrorKind::not_found);
  EXPECT_EQ(output.error().hint, "Install it.");
}

TEST(RunTool, EndsAToolThatPassesItsDeadline) {
  FakeTools tools([](const auto&) { return FakeRun{.hangs = true}; });
  auto output = run(tools, {.command = {"sam"}, .deadline = std::chrono::seconds(0)});
  ASSERT_FALSE(output);
  EXPECT_THAT(output.error().message, HasSubstr("did not end within 0 s"));
  EXPECT_THAT(tools.signals, ElementsAre(SIGKILL));
}

awaitable<void> cancel_at_once(os::Spawner& spawner, base::Result<std::string>& result) {
  base::TaskGroup tasks(co_await boost::asio::this_coro::executor);
  tasks.spawn(run_into(spawner, {.command = {"sam"}}, result));
  co_await base::sleep_for(std::chrono::nanoseconds(0));
  co_await tasks.close();
}

TEST(RunTool, EndsTheToolWhenItIsCancelled) {
  FakeTools tools([](const auto&) { return FakeRun{.hangs = true}; });
  base::Result<std::string> result = "never set";
  boost::asio::io_context loop(1);
  base::run_until_done(loop, cancel_at_once(tools, result));
  EXPECT_THAT(tools.signals, ElementsAre(SIGKILL));
  EXPECT_EQ(*result, "never set");
}

}  // namespace
}  // namespace project
