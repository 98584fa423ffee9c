// The named scenarios of the promise: nothing is lost, nothing runs twice, whatever befalls link, table, laptop and
// execution environment.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>

#include "bridge/testing/world.h"

namespace bridge {
namespace {

using base::Millis;
using testing::FakeSession;
using testing::FakeStub;
using testing::Tally;
using testing::World;
using namespace std::chrono_literals;

const Outcome kExpired{.status = 403, .detail = "ExpiredTokenException"};

struct Scenario : ::testing::Test {
  World world{7};

  FakeStub& warm_stub() {
    FakeStub& stub = world.add_stub();
    stub.start();
    world.run_for(600ms);
    EXPECT_TRUE(stub.ready());
    return stub;
  }
  void finish(FakeStub& stub) {
    EXPECT_TRUE(world.run_until([&] { return stub.answered(); }, 200s));
  }
  void invoke(FakeStub& stub, std::string event = "{}", std::string request_id = "") {
    stub.invoke(std::move(event), 120s, std::move(request_id));
    finish(stub);
  }
  static void expect_echo(const FakeStub& stub, const std::string& event = "{}") {
    ASSERT_TRUE(stub.ending());
    EXPECT_FALSE(stub.ending()->failed) << stub.ending()->error_type << stub.ending()->body;
    EXPECT_EQ(stub.ending()->body, "echo " + event);
  }
  static void expect_error(const FakeStub& stub) {
    ASSERT_TRUE(stub.ending());
    EXPECT_TRUE(stub.ending()->failed);
    EXPECT_TRUE(stub.ending()->error_type.starts_with("Function.Live")) << stub.ending()->error_type;
  }
  std::string large() {
    std::string event;
    while (event.size() < 300'000) event.push_back(static_cast<char>('!' + world.timeline.below(90)));
    return event;
  }
  void TearDown() override {
    const Tally tally = world.ledger.tally();
    EXPECT_EQ(tally.doubled, 0U);
    EXPECT_EQ(tally.lost, 0U);
    for (const std::string& fault : world.ledger.faults()) ADD_FAILURE() << fault;
    RecordProperty("attempts", tally.to_string());
  }
};

TEST_F(Scenario, ARetryWithTheSameRequestIdRunsOnTheSameEnvironment) {
  FakeSession& session = world.add_session("tom@laptop");
  FakeStub& stub = warm_stub();
  session.handler = [](const Invocation&) { return error_answer("Error", "the handler threw"); };
  invoke(stub, "{}", "one");
  EXPECT_EQ(stub.ending()->error_type, "Error");
  session.handler = [](const Invocation& invocation) { return Answer{.body = "echo " + invocation.event}; };
  invoke(stub, "{}", "one");
  expect_echo(stub);
  EXPECT_EQ(session.executions.size(), 2U);
}

TEST_F(Scenario, ARetryWithTheSameRequestIdRunsOnAnotherEnvironment) {
  FakeSession& session = world.add_session("tom@laptop");
  FakeStub& first = warm_stub();
  FakeStub& second = warm_stub();
  session.handler = [](const Invocation&) { return error_answer("Error", "the handler threw"); };
  invoke(first, "{}", "one");
  session.handler = [](const Invocation& invocation) { return Answer{.body = "echo " + invocation.event}; };
  invoke(second, "{}", "one");
  expect_echo(second);
  EXPECT_EQ(session.executions.size(), 2U);
}

TEST_F(Scenario, ARegistrationWhoseReplyIsLostIsItsOwn) {
  world.weather.table_unanswered = 100;
  FakeSession& session = world.start_session("tom@laptop");
  world.run_for(100ms);
  world.weather.table_unanswered = 0;
  ASSERT_TRUE(world.run_until([&] { return session.ready(); }, 60s));
  ASSERT_TRUE(world.table.item);
  EXPECT_EQ(world.table.item->connection_id, session.connection_id());
  FakeStub& stub = warm_stub();
  invoke(stub);
  expect_echo(stub);
}

TEST_F(Scenario, OfTwoStartsTogetherAndARenewalOneIsRegisteredAndTheOthersKnow) {
  FakeSession& old = world.add_session("tom@laptop");
  FakeStub& stub = warm_stub();
  invoke(stub);
  old.reconnect();
  FakeSession& eve = world.start_session("eve@desk");
  FakeSession& ann = world.start_session("ann@desk");
  world.run_for(30s);
  EXPECT_TRUE(old.displaced);
  EXPECT_NE(eve.displaced, ann.displaced);
  FakeSession& winner = eve.displaced ? ann : eve;
  EXPECT_EQ(world.table.item->connection_id, winner.connection_id());
  invoke(stub, "{\"n\":2}");
  expect_echo(stub, "{\"n\":2}");
  EXPECT_EQ(winner.executions.size(), 1U);
}

TEST_F(Scenario, ADisplacementLeavesWhatRunsAndMovesWhatCameInPart) {
  FakeSession& old = world.add_session("tom@laptop");
  FakeStub& runs = warm_stub();
  FakeStub& in_part = warm_stub();
  FakeStub& idle = warm_stub();
  for (FakeStub* stub : {&runs, &in_part, &idle}) invoke(*stub);
  old.run_time = 4s;
  runs.invoke("{\"runs\":1}", 120s);
  world.run_for(500ms);
  const std::string event = large();
  in_part.invoke(event, 120s);
  world.run_for(12ms);
  FakeSession& eve = world.add_session("eve@desk");
  invoke(idle, "{\"cached\":\"tom\"}");
  finish(runs);
  finish(in_part);
  expect_echo(runs, "{\"runs\":1}");
  expect_echo(in_part, event);
  expect_echo(idle, "{\"cached\":\"tom\"}");
  EXPECT_GE(eve.executions.size(), 1U);
  EXPECT_TRUE(old.displaced);
}

// Whatever order the frames of an attempt arrive in, its ask and its cancel among them.
TEST_F(Scenario, AnAskOvertakesTheInvoke) {
  world.add_session("tom@laptop");
  FakeStub& stub = warm_stub();
  world.weather.late = 100;
  for (int i = 0; i < 20; ++i) {
    invoke(stub, "{\"n\":" + std::to_string(i) + "}");
    ASSERT_TRUE(stub.ending());
  }
}

TEST_F(Scenario, ACancelOvertakesTheInvokeWhichThenDoesNotStart) {
  FakeSession& session = world.add_session("tom@laptop");
  FakeStub& stub = warm_stub();
  stub.keeps_posts = true;
  session.alive = false;  // what is posted waits somewhere
  invoke(stub, "{\"n\":1}");
  expect_error(stub);
  session.alive = true;
  const auto posts = stub.posts;
  for (auto post = posts.rbegin(); post != posts.rend(); ++post) session.text(session.connection_id(), post->frame);
  world.run_for(5s);
  EXPECT_TRUE(session.executions.empty());
}

TEST_F(Scenario, ALaptopThatWakesAfterTheStubGaveUpStartsNothing) {
  FakeSession& session = world.add_session("tom@laptop");
  FakeStub& stub = warm_stub();
  session.sleep();
  invoke(stub);
  expect_error(stub);
  EXPECT_LE(stub.ending()->after, 7s);
  world.run_for(5min);
  session.wake();
  world.run_for(30s);
  EXPECT_TRUE(session.executions.empty());
  invoke(stub, "{\"n\":2}");
  expect_echo(stub, "{\"n\":2}");
}

struct Thaw : Scenario, ::testing::WithParamInterface<int> {};

TEST_P(Thaw, FindsAnswersThoughItsSocketIsDeadAndStillAccepts) {
  world.add_session("tom@laptop");
  FakeStub& stub = warm_stub();
  invoke(stub);
  world.run_for(1s);
  stub.strand();
  world.run_for(std::chrono::minutes(GetParam()));
  invoke(stub, "{\"n\":2}");
  expect_echo(stub, "{\"n\":2}");
  EXPECT_LE(stub.ending()->after, 10s);
}

INSTANTIATE_TEST_SUITE_P(After, Thaw, ::testing::Values(1, 11, 121));

TEST_F(Scenario, AFreezeInTheMiddleOfTheAnnounceIsMadeUp) {
  world.stub_options.announce.environment.emplace_back("LARGE", large().substr(0, 100'000));
  FakeSession& session = world.add_session("tom@laptop");
  world.weather.slowest = 400ms;
  FakeStub& stub = world.add_stub();
  stub.start();
  ASSERT_TRUE(world.run_until([&] { return stub.ready(); }, 5s));
  stub.freeze();
  world.run_for(11min);
  invoke(stub);
  expect_echo(stub);
  EXPECT_EQ(session.announced.size(), 1U);
}

TEST_F(Scenario, AThousandColdStartsAreAnsweredThroughThrottlingAndRightsThatAreYoung) {
  FakeSession& session = world.add_session("tom@laptop");
  session.run_time = 20ms;
  world.weather = {.throttled = 10, .refused = 60, .table_throttled = 60, .slowest = 50ms};
  const int stubs = std::getenv("LIVELAMBDA_SCHEDULES") == nullptr ? 100 : 1'000;  // sanitizers: fewer
  for (int i = 0; i < stubs; ++i) {
    FakeStub& stub = world.add_stub();
    stub.post_outcome = Outcome{.status = 403, .detail = "AccessDenied"};
    world.at(4s, [&stub] { stub.post_outcome.reset(); });
    world.at(world.timeline.up_to(500ms), [&stub] { stub.invoke("{}", 120s); });
  }
  world.run_for(1s);
  world.run_until_all_answered(200s);
  const Tally tally = world.ledger.tally();
  EXPECT_EQ(tally.sent, static_cast<std::uint64_t>(stubs));
  EXPECT_EQ(tally.answered + tally.failed, static_cast<std::uint64_t>(stubs));
  std::map<std::string, int> endings;
  for (std::size_t i = 0; i < world.stubs(); ++i) endings[world.stub(i).ending()->error_type] += 1;
  std::cout << "a thousand cold starts: " << tally.to_string() << "\n";
  for (const auto& [type, count] : endings)
    std::cout << "  " << (type.empty() ? "answered" : type) << " " << count << "\n";
}

TEST_F(Scenario, AnAnswerWaitsForTheDevelopersCredentials) {
  FakeSession& session = world.add_session("tom@laptop");
  FakeStub& stub = warm_stub();
  session.run_time = 5s;
  world.at(2s, [&] { session.credentials_expired = kExpired; });
  world.at(20s, [&] { session.credentials_expired.reset(); });
  invoke(stub);
  expect_echo(stub);
}

TEST_F(Scenario, CredentialsThatAreNeverRenewedEndTheAttemptLoudlyWithinItsBound) {
  FakeSession& session = world.add_session("tom@laptop");
  FakeStub& stub = warm_stub();
  session.run_time = 5s;
  world.at(2s, [&] { session.credentials_expired = kExpired; });
  invoke(stub);
  expect_error(stub);
  EXPECT_LE(stub.ending()->after, 44s);
}

// The bounds of an invocation that never reached a session; `http` events get their 503 sooner.
constexpr const char* kHttpEvent =
    R"({"version":"2.0","routeKey":"$default","rawPath":"/","headers":{},"requestContext":{"apiId":"a","http":{"method":"GET"}}})";

TEST_F(Scenario, NeverReachedEndsWithinTwoSecondsOfARefusalAndSevenOfSilence) {
  FakeStub& stub = warm_stub();
  invoke(stub);
  expect_error(stub);
  EXPECT_LE(stub.ending()->after, 2s) << "nobody is registered";
  FakeSession& session = world.add_session("tom@laptop");
  invoke(stub);
  expect_echo(stub);
  session.kill();
  invoke(stub, kHttpEvent);
  EXPECT_LE(stub.ending()->after, 2s) << "the connection is gone";
  invoke(stub);
  EXPECT_LE(stub.ending()->after, 7s) << "no 503: it reads on for 5 s";
  FakeSession& other = world.add_session("eve@desk");
  invoke(stub);
  expect_echo(stub);
  other.go_offline();
  invoke(stub);
  EXPECT_LE(stub.ending()->after, 7s) << "posts are accepted, and never answered";
}

}  // namespace
}  // namespace bridge
