// The two machines against each other, row by row of the protocol's delivery table.
#include <gtest/gtest.h>

#include "bridge/testing/world.h"

namespace bridge {
namespace {

using base::Millis;
using testing::FakeStub;
using testing::World;

constexpr const char* kHttpEvent =
    R"({"version":"2.0","routeKey":"$default","rawPath":"/","headers":{},"requestContext":{"apiId":"a","http":{"method":"GET"}}})";

struct Delivery : ::testing::Test {
  World world{42};
  FakeStub& stub = world.add_stub();

  void start() {
    stub.keeps_posts = true;
    if (world.sessions() > 0) world.session(0).keeps_posts = true;
    stub.start();
    world.run_for(Millis(600));
    ASSERT_TRUE(stub.ready());
  }
  void invoke(std::string event = "{}", Millis timeout = Millis(60'000)) {
    stub.invoke(std::move(event), timeout);
    world.run_until([&] { return stub.answered(); }, timeout + Millis(1'000));
  }
  int executions(std::uint64_t attempt) const { return world.ledger.runs({stub.environment(), attempt}); }
  void expect_echo(const std::string& event) {
    ASSERT_TRUE(stub.ending());
    EXPECT_FALSE(stub.ending()->failed) << stub.ending()->body;
    EXPECT_EQ(stub.ending()->body, "echo " + event);
  }
  void expect_error(const std::string& type) {
    ASSERT_TRUE(stub.ending());
    EXPECT_TRUE(stub.ending()->failed);
    EXPECT_EQ(stub.ending()->error_type, type) << stub.ending()->body;
  }
};

TEST_F(Delivery, AWarmInvocationCostsTwoMessages) {
  world.add_session("tom@laptop");
  start();
  invoke();
  std::size_t stub_posts = stub.posts.size();
  std::size_t session_posts = world.session(0).posts.size();
  const int reads = world.table.reads;
  world.run_for(Millis(5'000));
  invoke("{\"n\":2}");
  expect_echo("{\"n\":2}");
  world.run_for(Millis(5'000));
  EXPECT_EQ(stub.posts.size(), stub_posts + 1);
  EXPECT_EQ(world.session(0).posts.size(), session_posts + 1);
  EXPECT_EQ(world.session(0).announced.size(), 1U);
  EXPECT_EQ(world.session(0).delivered.size(), 2U);
  EXPECT_EQ(world.table.reads, reads) << "the table is no part of a warm invocation";
}

TEST_F(Delivery, InitIsDoneWithin500MsWhateverHappens) {
  world.gateway.socket_outcome = {.reach = Outcome::Reach::not_sent};
  world.table.read_time = Millis(5'000);
  stub.start();
  world.run_for(Millis(499));
  EXPECT_FALSE(stub.ready());
  world.run_for(Millis(2));
  EXPECT_TRUE(stub.ready());
}

TEST_F(Delivery, NobodyRegisteredIs503ForHttpAndAnErrorElse) {
  start();
  invoke(kHttpEvent);
  ASSERT_TRUE(stub.ending());
  EXPECT_FALSE(stub.ending()->failed);
  EXPECT_NE(stub.ending()->body.find("503"), std::string::npos);
  EXPECT_NE(stub.ending()->body.find("livelambda start"), std::string::npos);
  EXPECT_LT(stub.ending()->after, Millis(1'000));
  EXPECT_TRUE(stub.ready());
  invoke("{\"Records\":[]}");
  expect_error("Function.LiveNoSession");
  EXPECT_LT(stub.ending()->after, Millis(1'000));
}

TEST_F(Delivery, ASessionThatCameAfterTheStubIsFound) {
  start();
  world.add_session("tom@laptop");
  invoke();
  expect_echo("{}");
  EXPECT_EQ(world.session(0).announced.size(), 1U);
}

TEST_F(Delivery, ACleanEndIsToldFromADeadConnection) {
  world.add_session("tom@laptop");
  start();
  invoke();
  world.session(0).end_cleanly();
  world.run_for(Millis(50));
  world.session(0).drop_link();
  invoke();
  expect_error("Function.LiveNoSession");
  EXPECT_LT(stub.ending()->after, Millis(1'000));
}

TEST_F(Delivery, ADeadConnectionIs503WithinASecondAndElseReadOnFor5Seconds) {
  world.add_session("tom@laptop");
  start();
  invoke();
  world.session(0).kill();
  invoke(kHttpEvent);
  ASSERT_TRUE(stub.ending());
  EXPECT_FALSE(stub.ending()->failed);
  EXPECT_LT(stub.ending()->after, Millis(1'000));
  invoke("{}");
  expect_error("Function.LiveNoSession");
  EXPECT_GE(stub.ending()->after, Millis(5'000));
  EXPECT_LT(stub.ending()->after, Millis(6'000));
}

TEST_F(Delivery, ASessionThatReconnectsMeanwhileGetsTheAttempt) {
  world.add_session("tom@laptop");
  start();
  invoke();
  world.session(0).drop_link();
  world.at(Millis(2'000), [&] { world.session(0).reconnect(); });
  invoke("{\"n\":2}");
  expect_echo("{\"n\":2}");
  EXPECT_EQ(executions(2), 1);
}

TEST_F(Delivery, AnotherSessionGetsWhatIsNotPinned) {
  world.add_session("tom@laptop");
  start();
  invoke();
  world.session(0).kill();
  world.add_session("eve@desk");
  invoke("{\"n\":2}");
  expect_echo("{\"n\":2}");
  EXPECT_EQ(world.session(1).announced.size(), 1U);
}

TEST_F(Delivery, ADisplacedSessionRefusesAndTheNewOneRuns) {
  world.add_session("tom@laptop");
  start();
  invoke();
  world.add_session("eve@desk");
  world.run_for(Millis(500));
  invoke("{\"n\":2}");
  expect_echo("{\"n\":2}");
  EXPECT_TRUE(world.session(0).executions.size() == 1);
  EXPECT_EQ(executions(2), 1);
  EXPECT_TRUE(world.session(0).drained);
}

TEST_F(Delivery, ADisplacedSessionFinishesWhatRuns) {
  world.add_session("tom@laptop");
  start();
  world.session(0).run_time = Millis(8'000);
  world.at(Millis(1'000), [&] { world.add_session("eve@desk"); });
  invoke();
  expect_echo("{}");
  EXPECT_EQ(executions(1), 1);
}

TEST_F(Delivery, ADisplacedSessionFailsWhatRunsLongerThanItsGrace) {
  world.add_session("tom@laptop");
  start();
  world.session(0).run_time = Millis(30'000);
  world.at(Millis(1'000), [&] { world.add_session("eve@desk"); });
  invoke();
  expect_error("Function.LiveDisconnected");
  EXPECT_NE(stub.ending()->body.find("another client has connected"), std::string::npos);
  EXPECT_EQ(executions(1), 1);
  EXPECT_EQ(world.session(0).cancelled.size(), 1U);
}

TEST_F(Delivery, AKilledSessionIsAnErrorAndNeverASecondRun) {
  world.add_session("tom@laptop");
  start();
  world.session(0).run_time = Millis(30'000);
  world.at(Millis(2'000), [&] { world.session(0).kill(); });
  invoke("{}", Millis(120'000));
  expect_error("Function.LiveDisconnected");
  EXPECT_EQ(executions(1), 1);
  EXPECT_GE(stub.ending()->after, Millis(30'000));
  EXPECT_LT(stub.ending()->after, Millis(42'000));
}

TEST_F(Delivery, AKilledSessionThatAnotherReplacedEndsAfter15Seconds) {
  world.add_session("tom@laptop");
  start();
  world.session(0).run_time = Millis(30'000);
  world.at(Millis(2'000), [&] {
    world.session(0).kill();
    world.add_session("eve@desk");
  });
  invoke("{}", Millis(120'000));
  expect_error("Function.LiveDisconnected");
  EXPECT_EQ(executions(1), 1);
  EXPECT_LT(stub.ending()->after, Millis(25'000));
}

TEST_F(Delivery, ASleepingSessionIsGivenUpAndCancelled) {
  world.add_session("tom@laptop");
  start();
  world.session(0).alive = false;  // the connection stays open, nothing is read
  invoke(kHttpEvent);
  ASSERT_TRUE(stub.ending());
  EXPECT_FALSE(stub.ending()->failed);
  EXPECT_NE(stub.ending()->body.find("tom@laptop"), std::string::npos);
  EXPECT_GE(stub.ending()->after, Millis(5'000));
  EXPECT_LT(stub.ending()->after, Millis(6'000));
  invoke(kHttpEvent);
  ASSERT_TRUE(stub.ending());
  EXPECT_LT(stub.ending()->after, Millis(3'000)) << "the next attempt gives a silent session 2 s";
}

TEST_F(Delivery, AFrameThatWaitedInASleepingLaptopDoesNotStart) {
  world.add_session("tom@laptop");
  start();
  std::string stale;
  world.session(0).alive = false;
  invoke("{}");
  expect_error("Function.LiveNoSession");
  for (const auto& post : stub.posts) stale = stale.empty() || post.frame.size() > stale.size() ? post.frame : stale;
  world.run_for(Millis(20'000));
  world.session(0).alive = true;
  for (const auto& post : stub.posts) world.session(0).machine().frame(world.session(0).now(), post.frame);
  EXPECT_EQ(executions(1), 0);
}

TEST_F(Delivery, ABuildThatOutlastsTheFramesWaitsForTheNextAsk) {
  world.add_session("tom@laptop");
  start();
  world.session(0).build_time = Millis(25'000);
  invoke("{}");
  expect_echo("{}");
  EXPECT_EQ(executions(1), 1);
}

TEST_F(Delivery, LostFramesAreAskedFor) {
  world.add_session("tom@laptop");
  start();
  world.gateway.drop_nth_post = 0;  // the invoke itself
  invoke("{\"n\":1}");
  expect_echo("{\"n\":1}");
  world.gateway.drop_nth_post = 1;  // the answer
  invoke("{\"n\":2}");
  expect_echo("{\"n\":2}");
  EXPECT_EQ(executions(1), 1);
  EXPECT_EQ(executions(2), 1);
}

TEST_F(Delivery, LostChunksAreReposted) {
  world.add_session("tom@laptop");
  start();
  std::mt19937_64 random(5);
  std::string event(300'000, '\0');
  for (char& byte : event) byte = static_cast<char>('a' + random() % 26);
  for (std::uint64_t nth : {0U, 3U, 9U, 14U, 18U}) {
    world.gateway.drop_nth_post = nth;
    invoke(event);
    expect_echo(event);
  }
}

TEST_F(Delivery, AnEventThatIsLongUnderWayIsNoSilence) {
  world.add_session("tom@laptop");
  start();
  std::mt19937_64 random(5);
  std::string event(2'000'000, '\0');
  for (char& byte : event) byte = static_cast<char>('a' + random() % 26);
  invoke(event);
  const std::uint64_t posts = world.gateway.posts;
  world.gateway.line = 200;
  invoke(event);
  expect_echo(event);
  EXPECT_GT(stub.ending()->after, Millis(12'000)) << "longer than any silence is borne, both ways";
  EXPECT_EQ(executions(2), 1);
  EXPECT_LT(world.gateway.posts, 2 * posts + 20) << "a word a second; what is under way is not posted again";
}

TEST_F(Delivery, ALostAnnounceIsSentAgain) {
  world.add_session("tom@laptop");
  world.gateway.drop_nth_post = 0;
  start();
  invoke("{}");
  expect_echo("{}");
  EXPECT_EQ(world.session(0).announced.size(), 1U);
}

TEST_F(Delivery, ACutSocketIsFoundByItsMissingPong) {
  world.add_session("tom@laptop");
  start();
  invoke();
  stub.cut();
  invoke("{\"n\":2}");
  expect_echo("{\"n\":2}");
  EXPECT_EQ(stub.sockets_opened, 2);
  EXPECT_EQ(executions(2), 1);
}

TEST_F(Delivery, AnInvokeMayLeaveBeforeTheOwnSocketIsOpen) {
  world.add_session("tom@laptop");
  world.weather.slowest = Millis(1);
  world.gateway.socket_outcome = {.status = 500};
  start();
  world.at(Millis(300), [&] { world.gateway.socket_outcome = {}; });
  invoke("{}");
  expect_echo("{}");
  EXPECT_EQ(executions(1), 1);
}

TEST_F(Delivery, ARefusedSocketIsAnErrorThatSaysWhy) {
  world.add_session("tom@laptop");
  world.gateway.socket_outcome = {.status = 403, .detail = "User is not authorized to perform: execute-api:Invoke"};
  start();
  invoke("{}");
  expect_error("Function.LiveDisconnected");
  EXPECT_NE(stub.ending()->body.find("permission"), std::string::npos);
}

TEST_F(Delivery, RefusedPostsAreRetriedFor5SecondsThenSayWhy) {
  world.add_session("tom@laptop");
  start();
  stub.post_outcome = Outcome{.status = 403, .detail = "AccessDenied"};
  world.at(Millis(3'000), [&] { stub.post_outcome.reset(); });
  invoke("{}");
  expect_echo("{}");
  stub.post_outcome = Outcome{.status = 403, .detail = "AccessDenied"};
  invoke("{}");
  expect_error("Function.LiveDenied");
}

TEST_F(Delivery, ExpiredCredentialsEndTheProcess) {
  world.add_session("tom@laptop");
  start();
  stub.post_outcome = Outcome{.status = 403, .detail = "The security token included in the request is expired"};
  invoke("{}");
  expect_error("Function.LiveDenied");
  EXPECT_TRUE(stub.exited());
}

TEST_F(Delivery, NoWayOutIsAnErrorThatSaysSo) {
  world.table.outcome = {.reach = Outcome::Reach::not_sent};
  world.gateway.socket_outcome = {.reach = Outcome::Reach::not_sent};
  start();
  invoke("{}");
  expect_error("Function.LiveUnreachable");
  EXPECT_LT(stub.ending()->after, Millis(5'000));
  EXPECT_NE(stub.ending()->body.find("NAT gateway (docs/vpc.md)"), std::string::npos) << stub.ending()->body;
}

// API Gateway's words for an API that the endpoint does not know.
TEST_F(Delivery, APrivateEndpointThatForbidsIsAnErrorThatSaysSo) {
  world.add_session("tom@laptop");
  world.gateway.socket_outcome = {.status = 403, .detail = "ForbiddenException Forbidden"};
  stub.post_outcome = world.gateway.socket_outcome;
  start();
  invoke("{}");
  expect_error("Function.LiveDenied");
  EXPECT_NE(stub.ending()->body.find("turn its private DNS off (docs/vpc.md)"), std::string::npos)
      << stub.ending()->body;
}

TEST_F(Delivery, AThrottledTableIsNeverReadAsNoRegistration) {
  world.table.outcome = {.status = 400, .detail = "ProvisionedThroughputExceededException"};
  start();
  world.at(Millis(8'000), [&] {
    world.table.outcome = {};
    world.add_session("tom@laptop");
  });
  invoke(kHttpEvent);
  expect_echo(kHttpEvent);
}

TEST_F(Delivery, APostWithoutAnswerIsPostedOnceMoreOnAFreshConnection) {
  world.add_session("tom@laptop");
  start();
  world.weather.late_unknown = 100;
  invoke("{}");
  expect_echo("{}");
  EXPECT_EQ(executions(1), 1);
  bool fresh = false;
  for (const auto& post : stub.posts) fresh = fresh || post.fresh;
  world.weather.late_unknown = 0;
  world.weather.lost = 100;
  stub.invoke("{}");
  world.run_for(Millis(200));
  fresh = false;
  for (const auto& post : stub.posts) fresh = fresh || post.fresh;
  EXPECT_TRUE(fresh);
}

TEST_F(Delivery, AfterTheDeadlineTheStubIsSilent) {
  world.add_session("tom@laptop");
  start();
  world.session(0).run_time = Millis(10'000);
  invoke("{}", Millis(3'000));
  EXPECT_FALSE(stub.machine().next_timer());
  ASSERT_TRUE(stub.ending());
  EXPECT_TRUE(stub.ending()->timed_out);
}

TEST_F(Delivery, AnAnswerThatIsTooLargeIsLambdasError) {
  world.add_session("tom@laptop");
  start();
  world.session(0).handler = [](const Invocation&) { return Answer{.body = std::string(kMaxBody + 1, 'x')}; };
  invoke("{}");
  expect_error("Function.ResponseSizeTooLarge");
  world.session(0).handler = [](const Invocation&) { return Answer{.body = std::string(kMaxBody, 'x')}; };
  invoke("{}");
  ASSERT_TRUE(stub.ending());
  EXPECT_EQ(stub.ending()->body.size(), kMaxBody);
}

TEST_F(Delivery, AFailureIsHandedOnByteForByte) {
  world.add_session("tom@laptop");
  start();
  world.session(0).handler = [](const Invocation&) {
    return Answer{true, {{"lambda-runtime-function-error-type", "Runtime.Foo"}, {"X", "y"}}, "not even json"};
  };
  invoke("{}");
  expect_error("Runtime.Foo");
  EXPECT_EQ(stub.ending()->body, "not even json");
}

// The session renews its link while an answer is on its way, and the stub's frames follow.
TEST_F(Delivery, ANewLinkOfTheSameSessionIsFollowed) {
  world.add_session("tom@laptop");
  start();
  world.session(0).run_time = Millis(20'000);
  world.at(Millis(3'000), [&] {
    world.session(0).drop_link();
    world.run_for(Millis(0));
  });
  world.at(Millis(12'000), [&] { world.session(0).reconnect(); });
  invoke("{}");
  expect_echo("{}");
  EXPECT_EQ(executions(1), 1);
}

TEST_F(Delivery, CountsFramesThatWereTurnedRoundOrReplayed) {
  world.add_session("tom@laptop");
  start();
  invoke("{}");
  stub.machine().frame(stub.now(), stub.posts.back().frame);
  EXPECT_EQ(stub.machine().dropped().at(DropReason::turned_round), 1U);
  world.session(0).machine().frame(world.session(0).now(), stub.posts.back().frame);
  EXPECT_EQ(world.session(0).machine().dropped().at(DropReason::replayed), 1U);
  world.session(0).machine().frame(world.session(0).now(), world.session(0).posts.back().frame);
  EXPECT_EQ(world.session(0).machine().dropped().at(DropReason::turned_round), 1U);
}

}  // namespace
}  // namespace bridge
