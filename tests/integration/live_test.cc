// The real session against the real local cloud, in one process and on one loop, with a real stub and real Node.js:
// what the sanitizers see of the whole path. tests/e2e has the same with the real binaries, from outside.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>

#include "aws/client.h"
#include "base/clock.h"
#include "base/task_group.h"
#include "codec/json.h"
#include "localcloud/server/server.h"
#include "os/files.h"
#include "os/signals.h"
#include "os/spawner.h"
#include "session/start.h"
#include "session/testing/eventually.h"
#include "session/testing/no_terminal.h"
#include "session/testing/recording_reporter.h"

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using base::awaitable;
using session::testing::eventually;

constexpr const char* kTemplate = R"(
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: echo.handler
      Runtime: nodejs20.x
      Timeout: 60
      Environment:
        Variables: { GREETING: hello }
)";

constexpr const char* kHandler = R"(
exports.handler = async (event) => {
  if (event.fail) throw new TypeError("as asked");
  return { greeting: process.env.GREETING, event, version: 1 };
};
)";

// A signal that the test sends to itself.
class TestSignals final : public os::Signals {
 public:
  explicit TestSignals(const asio::any_io_executor& executor)
      : sent_(executor, asio::steady_timer::time_point::max()) {}

  awaitable<int> next() override {
    boost::system::error_code woken;
    while (pending_ == 0) co_await sent_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    --pending_;
    co_return 2;
  }
  void send() {
    ++pending_;
    sent_.cancel();
  }

 private:
  asio::steady_timer sent_;
  int pending_ = 0;
};

// A local cloud and a session of a small app, both on the test's loop.
class Live : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(os::write_file(folder_.path() + "/template.yaml", kTemplate));
    ASSERT_TRUE(os::write_file(folder_.path() + "/echo.js", kHandler));
    stub_ = os::read_file(LIVELAMBDA_STUB).value();
    for (const auto& file : fs::directory_iterator("runtimes/nodejs")) {
      std::string name = file.path().filename().string();
      if (!name.ends_with(".mjs") || name.ends_with(".test.mjs")) continue;
      loaders_.emplace_back("nodejs/" + name, os::read_file(file.path().string()).value());
    }
    auto cloud = localcloud::make_local_cloud(loop_.get_executor(), {});
    ASSERT_TRUE(cloud) << cloud.error().message;
    cloud_ = std::move(*cloud);
    http_ = net::make_http_client(loop_.get_executor(), nullptr);
  }

  session::Options options() const {
    const localcloud::LocalCloudReady& ready = cloud_->ready();
    session::Options options{.app_dir = folder_.path(),
                             .stage = "test",
                             .user = "tom",
                             .host = "laptop",
                             .environment = os::own_environment(),
                             .assets = {.stub_x86_64 = stub_, .stub_arm64 = stub_, .loaders = {}}};
    for (const auto& [name, content] : loaders_) options.assets.loaders.push_back({name, content});
    options.environment["AWS_ENDPOINT_URL"] = ready.endpoint;
    options.environment["AWS_REGION"] = ready.region;
    options.environment["AWS_ACCESS_KEY_ID"] = ready.access_key_id;
    options.environment["AWS_SECRET_ACCESS_KEY"] = ready.secret_access_key;
    options.environment.erase("AWS_SESSION_TOKEN");
    options.environment.erase("LIVELAMBDA_CA_FILE");
    return options;
  }

  awaitable<void> run_session() {
    outcome_ = co_await session::start(options(), {clock_, *spawner_, signals_, terminal_, reporter_});
    ended_ = true;
  }

  // What Lambda answers the caller.
  awaitable<std::string> invoke(std::string payload) {
    const localcloud::LocalCloudReady& ready = cloud_->ready();
    aws::ClientConfig config{.http = http_.get(),
                             .clock = &clock_,
                             .credentials = aws::fixed_credentials({ready.access_key_id, ready.secret_access_key, ""}),
                             .region = ready.region};
    std::string function = reporter_.all<session::Ready>().front().functions.front().name;
    auto url = net::parse_url(ready.endpoint + "/2015-03-31/functions/" + function + "/invocations");
    auto answer =
        co_await aws::call(config, *url, {.method = "POST", .target = url->target, .body = std::move(payload)},
                           "lambda", {.attempts = 1, .timeout = std::chrono::minutes(2)});
    co_return answer ? answer->body : "no answer: " + answer.error().message;
  }

  awaitable<void> until_ready(base::TaskGroup& tasks) {
    tasks.spawn(cloud_->run());
    tasks.spawn(run_session());
    bool live = co_await eventually([this] { return ended_ || !reporter_.all<session::Ready>().empty(); });
    if (!live || ended_) {
      throw std::runtime_error("the session did not become ready: " +
                               (ended_ && !outcome_ ? outcome_.error().message : ""));
    }
  }

  bool has_reloaded() const {
    auto reports = reporter_.all<session::BuildReport>();
    return std::any_of(reports.begin(), reports.end(), [](const auto& report) { return report.reload; });
  }

  awaitable<void> end(base::TaskGroup& tasks) {
    signals_.send();
    EXPECT_TRUE(co_await eventually([this] { return ended_; }));
    co_await tasks.close();
    EXPECT_TRUE(outcome_) << outcome_.error().message;
  }

  awaitable<void> tell_of_answers_errors_and_edits() {
    base::TaskGroup tasks(co_await asio::this_coro::executor);
    co_await until_ready(tasks);
    EXPECT_EQ(co_await invoke(R"({"n":1})"), R"({"greeting":"hello","event":{"n":1},"version":1})");

    auto failed = codec::parse_json(co_await invoke(R"({"fail":true})"));
    EXPECT_EQ(codec::find_string(failed.value(), "errorType"), "TypeError");
    EXPECT_EQ(codec::find_string(failed.value(), "errorMessage"), "as asked");

    std::string edited = kHandler;
    edited.replace(edited.find("version: 1"), 10, "version: 2");
    EXPECT_TRUE(os::write_file(folder_.path() + "/echo.js", edited));
    EXPECT_TRUE(co_await eventually([this] { return has_reloaded(); }));
    EXPECT_EQ(co_await invoke(R"({"n":2})"), R"({"greeting":"hello","event":{"n":2},"version":2})");

    EXPECT_TRUE(co_await eventually([this] { return reporter_.finished().size() == 3; }));
    EXPECT_EQ(reporter_.finished()[0].status, "ok");
    EXPECT_EQ(reporter_.finished()[1].status, "error");
    EXPECT_NE(reporter_.finished()[0].pid, reporter_.finished()[2].pid);
    co_await end(tasks);
  }

  awaitable<void> tell_of_a_large_body() {
    base::TaskGroup tasks(co_await asio::this_coro::executor);
    co_await until_ready(tasks);
    std::string text;
    for (int n = 0; text.size() < 1'000'000; ++n) text += std::to_string(n * 2'654'435'761LL);
    std::string answer = co_await invoke("\"" + text + "\"");
    EXPECT_EQ(answer, R"({"greeting":"hello","event":")" + text + R"(","version":1})");
    co_await end(tasks);
  }

  os::TemporaryDirectory folder_{"livelambda-live-test-"};
  std::string stub_;
  std::vector<std::pair<std::string, std::string>> loaders_;
  asio::io_context loop_{1};
  base::SystemClock clock_;
  session::testing::RecordingReporter reporter_;
  TestSignals signals_{loop_.get_executor()};
  session::testing::NoTerminal terminal_;
  std::unique_ptr<os::Spawner> spawner_ = os::make_spawner(loop_.get_executor());
  std::unique_ptr<net::HttpClient> http_;
  std::unique_ptr<localcloud::LocalCloud> cloud_;
  base::Result<> outcome_;
  bool ended_ = false;
};

TEST_F(Live, AnswersErrorsAndEditsReachTheCaller) {
  base::run_until_done(loop_, tell_of_answers_errors_and_edits());
}

TEST_F(Live, ALargeBodyArrivesByteForByte) {
  base::run_until_done(loop_, tell_of_a_large_body());
}

}  // namespace
