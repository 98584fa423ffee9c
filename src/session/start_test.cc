#include "session/start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <stdexcept>

#include "base/notifier.h"
#include "base/task_group.h"
#include "net/http_server.h"
#include "net/testing/loopback.h"
#include "os/files.h"
#include "session/testing/eventually.h"
#include "session/testing/no_terminal.h"
#include "session/testing/recording_reporter.h"
#include "worker/testing/fake_spawner.h"

namespace session {
namespace {

namespace asio = boost::asio;
using testing::eventually;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class FakeSignals final : public os::Signals {
 public:
  asio::awaitable<int> next() override {
    while (pending_ == 0) co_await changed_.wait();
    --pending_;
    co_return 2;
  }
  void raise() {
    ++pending_;
    changed_.notify_all();
  }
  int pending() const { return pending_; }

 private:
  int pending_ = 0;
  base::Notifier changed_;
};

// An AWS that answers `silent_after` actions and is silent from then on, or refuses as told.
struct FakeAws {
  std::vector<std::string> actions;
  std::size_t silent_after = 100;
  std::string refused;  // this action is denied

  asio::awaitable<void> handle(net::Exchange& exchange) {
    const std::string& body = exchange.request().body;
    std::string action = body.substr(7, body.find('&') - 7);  // "Action=…&"
    actions.push_back(action);
    if (actions.size() > silent_after) {
      co_await exchange.client_gone();
      co_await exchange.respond({503, {}, ""});
      co_return;
    }
    if (action == refused) {
      co_await exchange.respond(
          {403,
           {},
           "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>"});
      co_return;
    }
    co_await exchange.respond({200,
                               {},
                               "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/tom</Arn>"
                               "<UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult>"
                               "</GetCallerIdentityResponse>"});
  }
};

struct World {
  explicit World(asio::any_io_executor executor)
      : server(executor, [this](net::Exchange& exchange) { return aws.handle(exchange); }),
        folder("livelambda-start-test"),
        starting(executor) {
    options.app_dir = folder.path();
    options.stage = "dev";
    options.user = "tom";
    options.host = "laptop";
    options.environment = {{"AWS_ENDPOINT_URL", server.url("").origin()},
                           {"AWS_REGION", "us-east-1"},
                           {"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                           {"AWS_SECRET_ACCESS_KEY", "secret"}};
    write("template.yaml", "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n");
    write("livelambda.yaml", "name: app\n");
  }

  void write(const std::string& name, std::string_view text) {
    if (!os::write_file(folder.path() + "/" + name, text)) throw std::runtime_error("cannot write " + name);
  }

  asio::awaitable<void> start() {
    outcome = co_await session::start(options, {clock, spawner, signals, terminal, reporter});
  }

  base::SystemClock clock;
  worker::testing::FakeSpawner spawner;
  FakeSignals signals;
  testing::NoTerminal terminal;
  testing::RecordingReporter reporter;
  FakeAws aws;
  net::testing::LiveServer server;
  os::TemporaryDirectory folder;
  Options options;
  std::optional<base::Result<>> outcome;
  base::TaskGroup starting;
};

using Scenario = asio::awaitable<void> (*)(World&);

asio::awaitable<void> play(Scenario scenario) {
  World world(co_await asio::this_coro::executor);
  co_await scenario(world);
  co_await world.starting.close();
  co_await world.server.close();
}

void run(Scenario scenario) {
  asio::io_context loop;
  base::run_until_done(loop, play(scenario));
}

asio::awaitable<void> signal_at_account(World& world) {
  world.aws.silent_after = 0;
  world.starting.spawn(world.start());
  EXPECT_TRUE(co_await eventually([&] { return world.aws.actions.size() == 1; }));
  world.signals.raise();
  co_await world.starting.join();
  EXPECT_TRUE(world.outcome && world.outcome->has_value()) << "a signal is no failure";
}

TEST(Start, EndsBySignalWhileItAsksForTheAccount) {
  run(signal_at_account);
}

asio::awaitable<void> signal_at_deployment(World& world) {
  world.aws.silent_after = 1;
  world.starting.spawn(world.start());
  EXPECT_TRUE(co_await eventually([&] { return world.aws.actions.size() == 2; }));
  world.signals.raise();
  co_await world.starting.join();
  EXPECT_TRUE(world.outcome && world.outcome->has_value());
}

TEST(Start, EndsBySignalDuringTheDeployment) {
  run(signal_at_deployment);
}

asio::awaitable<void> two_signals(World& world) {
  world.aws.silent_after = 1;
  world.starting.spawn(world.start());
  EXPECT_TRUE(co_await eventually([&] { return world.aws.actions.size() == 2; }));
  world.signals.raise();
  world.signals.raise();
  co_await world.starting.join();
  EXPECT_TRUE(world.outcome && world.outcome->has_value());
}

TEST(Start, EndsByTwoSignalsAtOnce) {
  run(two_signals);
}

asio::awaitable<void> early_signal(World& world) {
  world.signals.raise();  // while the local cloud was started, say
  world.starting.spawn(world.start());
  co_await world.starting.join();
  EXPECT_TRUE(world.outcome && world.outcome->has_value());
}

TEST(Start, EndsByASignalThatCameBefore) {
  run(early_signal);
}

asio::awaitable<void> failure(World& world) {
  world.aws.refused = "DescribeStacks";
  world.starting.spawn(world.start());
  co_await world.starting.join();
  EXPECT_TRUE(world.outcome && !world.outcome->has_value());
  if (!world.outcome || *world.outcome) co_return;
  EXPECT_EQ(world.outcome->error().kind, base::ErrorKind::permission);
  EXPECT_THAT(world.outcome->error().message, HasSubstr("not you"));
  world.signals.raise();
  EXPECT_EQ(world.signals.pending(), 1) << "nobody waits for signals any more";
}

TEST(Start, EndsWithTheErrorThatADeploymentFailedOf) {
  run(failure);
}

asio::awaitable<void> broken_template(World& world) {
  world.write("template.yaml", "Resources:\n  Api:\n    Type: AWS::Serverless::Function\n    Properties: {}\n");
  world.starting.spawn(world.start());
  co_await world.starting.join();
  EXPECT_TRUE(world.outcome && !world.outcome->has_value());
  if (!world.outcome || *world.outcome) co_return;
  EXPECT_EQ(world.outcome->error().kind, base::ErrorKind::invalid_input);
  EXPECT_EQ(world.outcome->error().line, 2);
  EXPECT_THAT(world.aws.actions, SizeIs(1)) << "whose account it is, and nothing else";
}

TEST(Start, SaysWhatIsWrongWithTheTemplateBeforeItChangesAnything) {
  run(broken_template);
}

asio::awaitable<void> no_region(World& world) {
  world.options.environment.erase("AWS_REGION");
  world.options.environment["HOME"] = world.folder.path();
  world.starting.spawn(world.start());
  co_await world.starting.join();
  EXPECT_TRUE(world.outcome && !world.outcome->has_value());
  if (!world.outcome || *world.outcome) co_return;
  EXPECT_EQ(world.outcome->error().kind, base::ErrorKind::credentials);
  EXPECT_THAT(world.outcome->error().message, HasSubstr("region"));
  EXPECT_NE(world.outcome->error().hint, "");
}

TEST(Start, NeedsARegion) {
  run(no_region);
}

}  // namespace
}  // namespace session
