#include "session/bridge_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <random>

#include "bridge/outgoing.h"
#include "bridge/plain_text.h"
#include "bridge/sealing.h"
#include "net/http_client.h"
#include "session/testing/eventually.h"
#include "session/testing/fake_bridge.h"
#include "session/testing/recording_reporter.h"
#include "session/testing/stub_peer.h"

namespace session {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::eventually;
using testing::FakeBridge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::StubPeer;

constexpr base::Millis kLong = 10min;  // no test waits for its end

// Answers every attempt at once, unless told to let them run.
class Handler final : public AttemptHandler {
 public:
  void announced(bridge::Announced one) override { announcements.push_back(std::move(one.announce)); }
  void arrived(bridge::AttemptArrived attempt) override {
    auto id = attempt.id;
    attempts[id] = std::move(attempt.invocation);
    driver->worker_ready(id);
  }
  void start(bridge::AttemptId id) override {
    started.push_back(id);
    if (answer_at_once) answer(id);
  }
  void cancel(bridge::AttemptId id, std::string) override { cancelled.push_back(id); }
  void has_room(bridge::AttemptId id) override { roomy.push_back(id); }
  void delivered(bridge::Delivered one) override { deliveries.push_back(one.id); }
  void undelivered(bridge::AttemptId) override {}

  void answer(bridge::AttemptId id) {
    if (!stream.empty()) {
      driver->stream_begin(id, {{"Content-Type", "text/plain"}});
      EXPECT_GE(driver->stream_room(id), stream.size());
      driver->stream_write(id, stream);
      driver->stream_end(id, std::nullopt);
      return;
    }
    driver->answer(id, {.headers = {{"Content-Type", "application/json"}}, .body = "re: " + attempts.at(id).event});
  }

  BridgeDriver* driver = nullptr;
  bool answer_at_once = true;
  std::string stream;  // what every attempt is answered with, as a stream; "" = whole answers
  std::vector<bridge::Announce> announcements;
  std::map<bridge::AttemptId, bridge::Invocation> attempts;
  std::vector<bridge::AttemptId> started;
  std::vector<bridge::AttemptId> cancelled;
  std::vector<bridge::AttemptId> roomy;
  std::vector<bridge::AttemptId> deliveries;
};

using FindMaxMessage = std::function<asio::awaitable<std::size_t>()>;

asio::awaitable<std::size_t> known_size(std::size_t size) {
  co_return size;
}

asio::awaitable<std::size_t> never_known() {
  co_await base::sleep_for(kLong);
  co_return bridge::kLargeMaxMessage;
}

struct World {
  World(asio::any_io_executor on, base::Millis patience, FindMaxMessage find_max_message)
      : executor(on),
        bridge(on),
        http(net::make_http_client(on, nullptr)),
        driver(on,
               {.aws = {.http = http.get(),
                        .clock = &clock,
                        .credentials = aws::fixed_credentials({"AKIDEXAMPLE", "secret"}),
                        .region = "us-east-1",
                        .endpoints = {{"", bridge.endpoint()}}},
                .url = bridge.url(),
                .table = "table",
                .owner = "tom@laptop",
                .principal = "arn:aws:iam::123456789012:user/tom",
                .tls = nullptr,
                .find_max_message = std::move(find_max_message),
                .network_change = [this] { return moved.wait(); },
                .patience = patience},
               clock, reporter) {
    handler.driver = &driver;
  }

  asio::awaitable<bool> connect() {
    auto connected = co_await driver.connect(handler);
    if (!connected) ADD_FAILURE() << connected.error().message;
    co_return connected.has_value();
  }

  asio::any_io_executor executor;
  base::SystemClock clock;
  base::Notifier moved;  // into another network
  FakeBridge bridge;
  std::unique_ptr<net::HttpClient> http;
  testing::RecordingReporter reporter;
  Handler handler;
  BridgeDriver driver;
};

using Scenario = asio::awaitable<void> (*)(World&);

asio::awaitable<void> play(Scenario scenario, base::Millis patience, FindMaxMessage find_max_message) {
  World world(co_await asio::this_coro::executor, patience, std::move(find_max_message));
  co_await scenario(world);
  co_await world.driver.finish(0ms);
  co_await world.bridge.close();
}

void run(Scenario scenario, base::Millis patience = kLong, FindMaxMessage find_max_message = {}) {
  asio::io_context loop;
  base::run_until_done(loop, play(scenario, patience, std::move(find_max_message)));
}

std::string random_text(std::size_t size) {
  std::mt19937 random(7);
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('!' + random() % 90);
  return text;
}

asio::awaitable<void> registers(World& world) {
  if (!co_await world.connect()) co_return;
  EXPECT_EQ(world.bridge.hellos, 1);
  EXPECT_THAT(world.bridge.connections, SizeIs(1));
  auto registration = world.bridge.registration();
  EXPECT_TRUE(registration.has_value());
  if (!registration) co_return;
  EXPECT_EQ(registration->connection_id, world.bridge.connections[0]);
  EXPECT_EQ(registration->endpoint, world.bridge.endpoint() + "/live");
  EXPECT_EQ(registration->owner, "tom@laptop");
  EXPECT_EQ(registration->principal, "arn:aws:iam::123456789012:user/tom");
  EXPECT_EQ(registration->link, 1U);
  EXPECT_EQ(registration->key.size(), 32U);
  EXPECT_TRUE(registration->connected());
}

TEST(BridgeDriver, RegistersTheConnectionThatHelloNamed) {
  run(registers);
}

asio::awaitable<void> carries(World& world) {
  if (!co_await world.connect()) co_return;
  StubPeer stub(world.executor, world.bridge, "dev-app-Api-1");
  stub.start();
  EXPECT_TRUE(co_await eventually([&] { return stub.ready && !world.handler.announcements.empty(); }));
  EXPECT_EQ(world.handler.announcements.at(0).function, "dev-app-Api-1");
  EXPECT_THAT(world.handler.announcements.at(0).environment, ElementsAre(std::pair("TABLE", "orders")));
  stub.invoke("small", "event");
  EXPECT_TRUE(co_await eventually([&] { return stub.ready; }));
  EXPECT_EQ(stub.responses["small"].body, "re: event");
  EXPECT_THAT(stub.responses["small"].headers, ElementsAre(std::pair("Content-Type", "application/json")));
  std::string big = random_text(200'000);  // several frames each way
  stub.invoke("big", big);
  EXPECT_TRUE(co_await eventually([&] { return stub.ready; }));
  EXPECT_TRUE(stub.responses["big"].body == "re: " + big);
  EXPECT_TRUE(co_await eventually([&] { return world.handler.deliveries.size() == 2; }));
  EXPECT_THAT(world.handler.started, SizeIs(2));
  world.handler.stream = random_text(300'000);
  stub.invoke("streamed", "event");
  EXPECT_TRUE(co_await eventually([&] { return stub.ready; }));
  EXPECT_TRUE(stub.streams["streamed"].body == world.handler.stream);
  EXPECT_TRUE(stub.streams["streamed"].ended);
  EXPECT_TRUE(co_await eventually([&] { return world.handler.deliveries.size() == 3; }));
  co_await stub.close();
}

TEST(BridgeDriver, CarriesAttemptsAndTheirAnswers) {
  run(carries);
}

asio::awaitable<void> reconnects(World& world) {
  if (!co_await world.connect()) co_return;
  StubPeer stub(world.executor, world.bridge, "dev-app-Api-1");
  stub.start();
  world.handler.answer_at_once = false;
  stub.invoke("before", "one");
  EXPECT_TRUE(co_await eventually([&] { return world.handler.started.size() == 1; }));
  world.bridge.cut(world.bridge.connections[0]);
  EXPECT_TRUE(co_await eventually([&] { return world.bridge.registration()->link == 2; }));
  EXPECT_EQ(world.bridge.registration()->connection_id, world.bridge.connections.at(1));
  world.handler.answer(world.handler.started[0]);
  EXPECT_TRUE(co_await eventually([&] { return stub.ready; })) << "what ran meanwhile is answered";
  world.handler.answer_at_once = true;
  stub.invoke("after", "two");
  EXPECT_TRUE(co_await eventually([&] { return stub.ready; }));
  EXPECT_EQ(stub.responses["after"].body, "re: two");
  EXPECT_THAT(world.reporter.all<Displaced>(), IsEmpty());
  co_await stub.close();
}

TEST(BridgeDriver, RenewsTheRegistrationAfterALostLink) {
  run(reconnects);
}

asio::awaitable<void> moves(World& world) {
  if (!co_await world.connect()) co_return;
  world.moved.notify_all();
  EXPECT_TRUE(co_await eventually([&] { return world.bridge.puts == 2; })) << "though the link before is whole";
  StubPeer stub(world.executor, world.bridge, "f");
  stub.start();
  stub.invoke("after", "two");
  EXPECT_TRUE(co_await eventually([&] { return stub.ready; }));
  co_await stub.close();
  EXPECT_TRUE(world.bridge.is_open(world.bridge.connections[0])) << "for what is still on its way there";
  world.moved.notify_all();
  EXPECT_TRUE(co_await eventually([&] { return !world.bridge.is_open(world.bridge.connections[0]); }));
}

TEST(BridgeDriver, OpensANewLinkInANewNetwork) {
  run(moves);
}

asio::awaitable<void> renewal_unanswered(World& world) {
  if (!co_await world.connect()) co_return;
  world.bridge.lose_answers_of_puts = 1;  // written, but the answer says 500: the second try fails its condition
  world.bridge.cut(world.bridge.connections[0]);
  EXPECT_TRUE(co_await eventually([&] { return world.bridge.puts == 3; }));
  co_await testing::let_others_run();
  StubPeer stub(world.executor, world.bridge, "f");
  stub.start();
  stub.invoke("after", "two");
  EXPECT_TRUE(co_await eventually([&] { return stub.ready; }));
  EXPECT_EQ(stub.responses["after"].body, "re: two");
  EXPECT_THAT(world.reporter.all<Displaced>(), IsEmpty()) << "displaced by itself";
  co_await stub.close();
}

TEST(BridgeDriver, TakesALostAnswerToItsRenewalForNoDisplacement) {
  run(renewal_unanswered);
}

asio::awaitable<void> refused_reconnects(World& world) {
  if (!co_await world.connect()) co_return;
  world.bridge.refuse_upgrades = 503;
  world.bridge.cut(world.bridge.connections[0]);
  EXPECT_TRUE(co_await eventually([&] { return world.bridge.refusals >= 3; }));
  auto notices = world.reporter.all<Notice>();
  EXPECT_THAT(notices, SizeIs(1)) << "said once";
  world.bridge.refuse_upgrades = 0;
  EXPECT_TRUE(co_await eventually([&] { return world.bridge.registration()->link > 1; }));
}

TEST(BridgeDriver, TriesAgainUntilTheLinkIsBack) {
  run(refused_reconnects);
}

asio::awaitable<void> displaced(World& world) {
  if (!co_await world.connect()) co_return;
  world.bridge.item = bridge::to_item(testing::foreign_registration("ann@desk", "other=", "http://x/live"));
  co_await world.bridge.send(world.bridge.connections[0], std::string(bridge::kDisplacedText));
  std::string by = co_await world.driver.run();
  EXPECT_EQ(by, "ann@desk");
  auto reports = world.reporter.all<Displaced>();
  EXPECT_THAT(reports, SizeIs(1));
  if (!reports.empty()) EXPECT_EQ(reports[0].by, "ann@desk");
  EXPECT_EQ(world.bridge.registration()->owner, "ann@desk") << "it never registers again by itself";
  co_await world.driver.finish(0ms);
  EXPECT_EQ(world.bridge.registration()->connection_id, "other=") << "nor does it take back what is not its own";
}

TEST(BridgeDriver, EndsWithTheOwnerWhenAnotherSessionTookOver) {
  run(displaced);
}

asio::awaitable<void> keep_owner(BridgeDriver& driver, std::string& owner) {
  owner = co_await driver.run();
}

asio::awaitable<void> displaced_while_running(World& world) {
  if (!co_await world.connect()) co_return;
  world.handler.answer_at_once = false;
  StubPeer first(world.executor, world.bridge, "f");
  StubPeer second(world.executor, world.bridge, "f");
  first.start();
  second.start();
  first.invoke("runs", "x");
  EXPECT_TRUE(co_await eventually([&] { return world.handler.started.size() == 1; }));
  world.bridge.item = bridge::to_item(testing::foreign_registration("ann@desk", "other=", "http://x/live"));
  co_await world.bridge.send(world.bridge.connections[0], std::string(bridge::kDisplacedText));
  std::string owner;
  base::TaskGroup running(world.executor);
  running.spawn(keep_owner(world.driver, owner));
  EXPECT_TRUE(co_await eventually([&] { return !world.reporter.all<Displaced>().empty(); }));
  second.invoke("late", "y");  // it still knows the old session
  EXPECT_TRUE(co_await eventually([&] {
    return std::any_of(world.bridge.posts.begin(), world.bridge.posts.end(),
                       [&](const auto& post) { return post.connection_id == second.connection_id; });
  })) << "it is told";
  EXPECT_EQ(owner, "") << "what runs has its grace";
  world.handler.answer(world.handler.started.at(0));
  co_await running.join();
  EXPECT_EQ(owner, "ann@desk");
  EXPECT_EQ(first.responses["runs"].body, "re: x");
  EXPECT_THAT(world.handler.attempts, SizeIs(1)) << "nothing new is taken";
  co_await first.close();
  co_await second.close();
}

TEST(BridgeDriver, LetsWhatRunsEndAndTakesNothingNewWhenDisplaced) {
  run(displaced_while_running);
}

asio::awaitable<void> false_alarm(World& world) {
  if (!co_await world.connect()) co_return;
  int gets = world.bridge.gets;
  for (int i = 0; i < 5; ++i) {
    co_await world.bridge.send(world.bridge.connections[0], std::string(bridge::kDisplacedText));
  }
  EXPECT_TRUE(co_await eventually([&] { return world.bridge.gets > gets; }));
  EXPECT_THAT(world.reporter.all<Displaced>(), IsEmpty());
}

TEST(BridgeDriver, TakesADisplacementForAHintOnly) {
  run(false_alarm);
}

asio::awaitable<void> displaced_while_away(World& world) {
  if (!co_await world.connect()) co_return;
  world.bridge.item = bridge::to_item(testing::foreign_registration("ann@desk", "other=", "http://x/live"));
  world.bridge.cut(world.bridge.connections[0]);
  EXPECT_EQ(co_await world.driver.run(), "ann@desk");
  EXPECT_EQ(world.bridge.registration()->owner, "ann@desk");
}

TEST(BridgeDriver, SeesWhenItReconnectsThatAnotherSessionTookOver) {
  run(displaced_while_away);
}

std::string sealed_by(const bridge::Registration& registration, bridge::EnvironmentId environment) {
  bridge::Outgoing message(bridge::Ask{}, 1, 1, bridge::kDefaultMaxMessage);
  bridge::Sealer sealer(bridge::key_id_of(registration), environment,
                        bridge::derive_keys(registration.key, environment).stub);
  return sealer.seal(message.header(0), message.bytes(0));
}

asio::awaitable<void> foreign_frames(World& world) {
  if (!co_await world.connect()) co_return;
  auto foreign = testing::foreign_registration("eve@elsewhere", "x=", "http://x/live");
  std::string link = world.bridge.connections[0];
  co_await world.bridge.send(link, sealed_by(foreign, bridge::random_environment_id()));
  co_await world.bridge.send(link, R"({"message":"Forbidden","connectionId":"x","requestId":"y"})");
  co_await world.bridge.send(link, R"({"action":"unheard of"})");
  EXPECT_TRUE(co_await eventually([&] { return !world.reporter.all<Dropped>().empty(); }));
  auto dropped = world.reporter.all<Dropped>().at(0);
  EXPECT_EQ(dropped.reason, bridge::to_string(bridge::DropReason::wrong_key));
  EXPECT_EQ(dropped.count, 1U);
  // The right session with another key: the frame does not authenticate.
  auto thief = *world.bridge.registration();
  thief.key = std::string(32, 'k');
  co_await world.bridge.send(link, sealed_by(thief, bridge::random_environment_id()));
  co_await world.bridge.send(link, "not base64 !");
  StubPeer stub(world.executor, world.bridge, "f");  // the link still serves
  stub.start();
  stub.invoke("r", "x");
  EXPECT_TRUE(co_await eventually([&] { return stub.ready; }));
  EXPECT_EQ(stub.responses["r"].body, "re: x");
  EXPECT_THAT(world.handler.attempts, SizeIs(1));
  co_await stub.close();
  co_await world.driver.finish(0ms);
  std::map<std::string, std::uint64_t> counts;
  for (const auto& one : world.reporter.all<Dropped>()) counts[one.reason] = one.count;
  EXPECT_EQ(counts[std::string(bridge::to_string(bridge::DropReason::wrong_key))], 2U);
  EXPECT_EQ(counts[std::string(bridge::to_string(bridge::DropReason::not_base64))], 1U);
}

TEST(BridgeDriver, DropsAndReportsFramesOfOtherKeys) {
  run(foreign_frames);
}

asio::awaitable<void> finishes(World& world) {
  if (!co_await world.connect()) co_return;
  auto before = *world.bridge.registration();
  co_await world.driver.finish(kLong);
  auto after = *world.bridge.registration();
  EXPECT_EQ(after.session, before.session);
  EXPECT_FALSE(after.connected());
  EXPECT_EQ(after.connection_id, "");
  EXPECT_EQ(after.key, "");
  EXPECT_EQ(after.owner, "tom@laptop");
  EXPECT_TRUE(co_await eventually([&] { return !world.bridge.is_open(before.connection_id); }));
  // Nothing happens after the end.
  world.driver.worker_ready({});
  world.driver.answer({}, {});
  world.driver.abandon({});
}

TEST(BridgeDriver, TakesItsConnectionOutOfTheTableAtTheEnd) {
  run(finishes);
}

asio::awaitable<void> finish_with_grace(World& world) {
  if (!co_await world.connect()) co_return;
  world.handler.answer_at_once = false;
  StubPeer stub(world.executor, world.bridge, "f");
  stub.start();
  stub.invoke("runs", "x");
  EXPECT_TRUE(co_await eventually([&] { return world.handler.started.size() == 1; }));
  base::TaskGroup ending(world.executor);
  ending.spawn(world.driver.finish(kLong));
  EXPECT_TRUE(co_await eventually([&] { return !world.bridge.registration()->connected(); }));
  EXPECT_EQ(ending.size(), 1U);
  world.handler.answer(world.handler.started.at(0));
  co_await ending.join();
  EXPECT_EQ(stub.responses["runs"].body, "re: x");
  co_await stub.close();
}

TEST(BridgeDriver, LetsRunningAttemptsEndBeforeItEnds) {
  run(finish_with_grace);
}

asio::awaitable<void> impatient(World& world) {
  if (!co_await world.connect()) co_return;
  world.handler.answer_at_once = false;
  StubPeer stub(world.executor, world.bridge, "f");
  stub.start();
  stub.invoke("runs", "x");
  EXPECT_TRUE(co_await eventually([&] { return world.handler.started.size() == 1; }));
  base::TaskGroup ending(world.executor);
  ending.spawn(world.driver.finish(kLong));
  EXPECT_TRUE(co_await eventually([&] { return !world.bridge.registration()->connected(); }));
  ending.cancel();
  co_await ending.join();  // would take ten minutes
  world.handler.answer(world.handler.started.at(0));
  EXPECT_THAT(stub.responses, IsEmpty());
  co_await stub.close();
}

TEST(BridgeDriver, EndsAtOnceWhenItsEndIsCancelled) {
  run(impatient);
}

asio::awaitable<void> abandoned(World& world) {
  if (!co_await world.connect()) co_return;
  world.handler.answer_at_once = false;
  StubPeer stub(world.executor, world.bridge, "f");
  stub.start();
  stub.invoke("times out", "x");
  EXPECT_TRUE(co_await eventually([&] { return world.handler.started.size() == 1; }));
  world.driver.abandon(world.handler.started.at(0));
  co_await world.driver.finish(kLong);  // would take ten minutes
  EXPECT_THAT(world.handler.cancelled, IsEmpty());
  co_await stub.close();
}

TEST(BridgeDriver, DoesNotWaitForAnAttemptThatGetsNoAnswer) {
  run(abandoned);
}

asio::awaitable<void> cancelled_run(World& world) {
  if (!co_await world.connect()) co_return;
  std::string owner = "unset";
  base::TaskGroup running(world.executor);
  running.spawn(keep_owner(world.driver, owner));
  co_await testing::let_others_run();
  running.cancel();
  co_await running.join();
  EXPECT_THAT(world.reporter.all<Displaced>(), IsEmpty());
  StubPeer stub(world.executor, world.bridge, "f");  // the driver serves until finish()
  stub.start();
  stub.invoke("r", "x");
  EXPECT_TRUE(co_await eventually([&] { return stub.ready; }));
  EXPECT_EQ(stub.responses["r"].body, "re: x");
  co_await stub.close();
}

TEST(BridgeDriver, ServesOnWhenRunIsCancelledUntilItIsFinished) {
  run(cancelled_run);
}

asio::awaitable<void> refused(World& world) {
  world.bridge.refuse_upgrades = 403;
  auto connected = co_await world.driver.connect(world.handler);
  EXPECT_FALSE(connected.has_value());
  if (connected) co_return;
  EXPECT_EQ(connected.error().kind, base::ErrorKind::permission);
  EXPECT_EQ(connected.error().status, 403);
  EXPECT_THAT(connected.error().message, HasSubstr("403"));
  EXPECT_THAT(connected.error().hint, HasSubstr("execute-api:Invoke"));
  EXPECT_EQ(world.bridge.puts, 0);
  co_await world.driver.finish(kLong);
  EXPECT_EQ(world.bridge.puts, 0) << "there is nothing to take back";
}

TEST(BridgeDriver, SaysWhichPermissionIsMissingWhenTheUpgradeIsRefused) {
  run(refused, 0ms);
}

asio::awaitable<void> lift_refusal(FakeBridge& bridge) {
  EXPECT_TRUE(co_await eventually([&] { return bridge.refusals >= 2; }));
  bridge.refuse_upgrades = 0;
}

asio::awaitable<void> young_permission(World& world) {
  world.bridge.refuse_upgrades = 403;
  base::TaskGroup lifting(world.executor);
  lifting.spawn(lift_refusal(world.bridge));
  EXPECT_TRUE(co_await world.connect());
  co_await lifting.join();
  EXPECT_TRUE(world.bridge.registration()->connected());
}

TEST(BridgeDriver, WaitsForAPermissionThatIsNotInForceYet) {
  run(young_permission);
}

asio::awaitable<void> takes_over(World& world) {
  world.bridge.item =
      bridge::to_item(testing::foreign_registration("ann@desk", "ann=", world.bridge.endpoint() + "/live"));
  if (!co_await world.connect()) co_return;
  EXPECT_EQ(world.bridge.registration()->owner, "tom@laptop");
  EXPECT_TRUE(co_await eventually([&] { return !world.bridge.posts.empty(); }));
  EXPECT_EQ(world.bridge.posts[0].connection_id, "ann=");
  EXPECT_EQ(world.bridge.posts[0].body, bridge::kDisplacedText);
  EXPECT_THAT(world.reporter.all<Displaced>(), IsEmpty());
}

TEST(BridgeDriver, TellsTheSessionThatItReplaces) {
  run(takes_over);
}

asio::awaitable<void> denied(World& world) {
  if (!co_await world.connect()) co_return;
  StubPeer stub(world.executor, world.bridge, "f");
  stub.start();
  stub.post_status = 403;
  world.bridge.post_error = "ExpiredTokenException";
  stub.invoke("r", "x");
  EXPECT_TRUE(co_await eventually([&] { return !world.reporter.all<Notice>().empty(); }));
  EXPECT_THAT(world.reporter.all<Notice>().at(0).text, HasSubstr("403 ExpiredTokenException"));
  stub.post_status = 200;
  EXPECT_TRUE(co_await eventually([&] { return stub.ready; })) << "the answer is kept and posted again";
  EXPECT_EQ(stub.responses["r"].body, "re: x");
  co_await stub.close();
}

TEST(BridgeDriver, SaysThatItsAnswersAreRefusedAndKeepsThem) {
  run(denied);
}

asio::awaitable<void> lent_credentials(World& world) {
  if (!co_await world.connect()) co_return;
  StubPeer stub(world.executor, world.bridge, "f");
  stub.start();
  EXPECT_TRUE(co_await eventually([&] { return !world.handler.announcements.empty(); }));
  world.bridge.refuse_posts_of = "AKIDEXAMPLE";  // the session's own
  for (const char* request : {"first", "second"}) {
    stub.invoke(request, "x");
    EXPECT_TRUE(co_await eventually([&] { return stub.ready; }));
    EXPECT_EQ(stub.responses[request].body, "re: x");
  }
  auto notices = world.reporter.all<Notice>();
  EXPECT_THAT(notices, SizeIs(1)) << "said once";
  if (!notices.empty()) EXPECT_THAT(notices[0].text, HasSubstr("expired"));
  co_await stub.close();
}

TEST(BridgeDriver, AnswersWithTheCredentialsOfAnEnvironmentWhereItsOwnAreRefused) {
  run(lent_credentials);
}

// A link closed with 1009: the session is registered with small messages on its next.
asio::awaitable<void> too_big(World& world) {
  if (!co_await world.connect()) co_return;
  EXPECT_EQ(world.bridge.registration()->max_message, bridge::kLargeMaxMessage);
  co_await world.bridge.close_as_too_big(world.bridge.connections[0]);
  EXPECT_TRUE(co_await eventually([&] { return world.bridge.registration()->link == 2; }));
  EXPECT_EQ(world.bridge.registration()->max_message, bridge::kDefaultMaxMessage);
}

TEST(BridgeDriver, GoesBackToSmallMessagesWhenItsLinkIsClosedForTheirSize) {
  run(too_big, kLong, [] { return known_size(bridge::kLargeMaxMessage); });
}

asio::awaitable<void> no_size(World& world) {
  if (!co_await world.connect()) co_return;
  EXPECT_EQ(world.bridge.registration()->max_message, bridge::kDefaultMaxMessage);
}

TEST(BridgeDriver, DoesNotWaitLongToLearnHowLargeAMessageMayBe) {
  run(no_size, kLong, [] { return never_known(); });
}

}  // namespace
}  // namespace session
