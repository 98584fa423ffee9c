#include "session/downloads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "base/task_group.h"
#include "os/files.h"
#include "session/testing/recording_reporter.h"
#include "session/testing/scripted_launcher.h"
#include "worker/testing/fake_spawner.h"

namespace session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class OneLine final : public os::TerminalInput {
 public:
  std::optional<std::string> answer;  // nothing: nobody is there
  bool is_interactive() const override { return answer.has_value(); }
  awaitable<std::optional<std::string>> next_line() override { co_return answer; }
  void forget() override {}
};

class NoSignals final : public os::Signals {
 public:
  awaitable<int> next() override { co_return 0; }
};

// An app whose functions lack boto3.
struct DownloadsTest : ::testing::Test {
  DownloadsTest() { launcher.script().missing = {{"boto3", cache.path() + "/boto3", {"/bin/pip", "install"}}}; }

  base::Result<> fetch() {
    base::Result<> result;
    boost::asio::io_context loop;
    base::run_until_done(loop, [](DownloadsTest& of, base::Result<>& into) -> awaitable<void> {
      into = co_await of.downloads.fetch(of.launcher, {});
    }(*this, result));
    return result;
  }
  bool is_fetched() const { return std::filesystem::is_directory(cache.path() + "/boto3"); }

  os::TemporaryDirectory cache{"livelambda-downloads-test"};
  base::SystemClock clock;
  worker::testing::FakeSpawner spawner;
  NoSignals signals;
  OneLine terminal;
  testing::RecordingReporter reporter;
  testing::ScriptedLauncher launcher;
  Options options;
  Downloads downloads{options, {clock, spawner, signals, terminal, reporter}};
};

TEST_F(DownloadsTest, AreFetchedWithYesWithoutAQuestion) {
  options.yes = true;
  terminal.answer = "n";
  ASSERT_TRUE(fetch());
  EXPECT_TRUE(is_fetched());
  EXPECT_THAT(reporter.all<Question>(), IsEmpty());
}

TEST_F(DownloadsTest, AreAskedForOnceOnATerminal) {
  terminal.answer = "";
  launcher.script().missing.push_back({"@aws-sdk/client-s3", cache.path() + "/npm", {"/bin/npm"}});
  ASSERT_TRUE(fetch());
  EXPECT_TRUE(is_fetched());
  ASSERT_EQ(reporter.all<Question>().size(), 1u);
  EXPECT_THAT(reporter.all<Question>()[0].text, HasSubstr("boto3, @aws-sdk/client-s3"));
  EXPECT_EQ(spawner.spawned.size(), 2u);
}

TEST_F(DownloadsTest, AreNotFetchedAgainstTheUsersWillNorAskedForAgain) {
  terminal.answer = "n";
  ASSERT_TRUE(fetch());
  ASSERT_TRUE(fetch());
  EXPECT_FALSE(is_fetched());
  EXPECT_EQ(reporter.all<Question>().size(), 1u);
}

TEST_F(DownloadsTest, AreNamedWithTheCommandWhereNobodyCanBeAsked) {
  ASSERT_TRUE(fetch());
  EXPECT_FALSE(is_fetched());
  ASSERT_EQ(reporter.all<Notice>().size(), 1u);
  EXPECT_THAT(reporter.all<Notice>()[0].text, HasSubstr("`livelambda start --yes`"));
}

TEST_F(DownloadsTest, ThatFailEndTheStartWithWhatTheToolSaid) {
  options.yes = true;
  spawner.output = "no matching distribution";
  spawner.status = {.code = 1};
  const auto result = fetch();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("no matching distribution"));
  EXPECT_FALSE(is_fetched());
}

TEST(GroupWarnings, NamesEachWarningOnceAndOfManyFunctionsTheFirst) {
  EXPECT_THAT(group_warnings({{"A", "old"}, {"B", ""}, {"C", "new"}, {"D", "old"}}),
              ElementsAre("A, D: old", "C: new"));
  EXPECT_THAT(group_warnings({{"A", "x"}, {"B", "x"}, {"C", "x"}, {"D", "x"}, {"E", "x"}}),
              ElementsAre("A, B, C and 2 more: x"));
}

}  // namespace
}  // namespace session
