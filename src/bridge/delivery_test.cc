// The two machines against each other, row by row of the protocol's delivery table.
#include <gtest/gtest.h>

#include "bridge/testing/world.h"

namespace bridge {
namespace {

using base::Millis;
using testing::World;

constexpr const char* kHttpEvent =
    R"({"version":"2.0","routeKey":"$default","rawPath":"/","headers":{},"requestContext":{"apiId":"a","http":{"method":"GET"}}})";

struct Delivery : ::testing::Test {
  World world{42};

  void start() {
    world.start_stub();
    world.run_for(Millis(600));
    ASSERT_TRUE(world.ready());
  }
  void invoke(std::string event = "{}", Millis timeout = Millis(60'000)) {
    world.invoke(std::move(event), timeout);
    world.run_invocation();
  }
  void expect_echo(const std::string& event) {
    ASSERT_TRUE(world.ending());
    EXPECT_FALSE(world.ending()->failed) << world.ending()->body;
    EXPECT_EQ(world.ending()->body, "echo " + event);
  }
  void expect_error(const std::string& type) {
    ASSERT_TRUE(world.ending());
    EXPECT_TRUE(world.ending()->failed);
    EXPECT_EQ(world.ending()->error_type, type) << world.ending()->body;
  }
};

TEST_F(Delivery, AWarmInvocationCostsTwoMessages) {
  world.add_session("tom@laptop");
  start();
  invoke();
  std::size_t stub_posts = world.stub_posts.size();
  std::size_t session_posts = world.session_posts.size();
  world.run_for(Millis(5'000));
  invoke("{\"n\":2}");
  expect_echo("{\"n\":2}");
  world.run_for(Millis(5'000));
  EXPECT_EQ(world.stub_posts.size(), stub_posts + 1);
  EXPECT_EQ(world.session_posts.size(), session_posts + 1);
  EXPECT_EQ(world.session(0).announced.size(), 1U);
  EXPECT_EQ(world.session(0).delivered.size(), 2U);
  EXPECT_EQ(world.reads, 1) << "the table is no part of a warm invocation";
}

TEST_F(Delivery, InitIsDoneWithin500MsWhateverHappens) {
  world.socket_outcome = {.reach = Outcome::Reach::not_sent};
  world.read_time = Millis(5'000);
  world.start_stub();
  world.run_for(Millis(499));
  EXPECT_FALSE(world.ready());
  world.run_for(Millis(2));
  EXPECT_TRUE(world.ready());
}

TEST_F(Delivery, NobodyRegisteredIs503ForHttpAndAnErrorElse) {
  start();
  invoke(kHttpEvent);
  ASSERT_TRUE(world.ending());
  EXPECT_FALSE(world.ending()->failed);
  EXPECT_NE(world.ending()->body.find("503"), std::string::npos);
  EXPECT_NE(world.ending()->body.find("livelambda start"), std::string::npos);
  EXPECT_LT(world.ending()->after, Millis(1'000));
  EXPECT_TRUE(world.ready());
  invoke("{\"Records\":[]}");
  expect_error("Function.LiveNoSession");
  EXPECT_LT(world.ending()->after, Millis(1'000));
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
  world.end_cleanly(0);
  world.cut_session(0);
  invoke();
  expect_error("Function.LiveNoSession");
  EXPECT_LT(world.ending()->after, Millis(1'000));
}

TEST_F(Delivery, ADeadConnectionIs503WithinASecondAndElseReadOnFor5Seconds) {
  world.add_session("tom@laptop");
  start();
  invoke();
  world.kill(0);
  invoke(kHttpEvent);
  ASSERT_TRUE(world.ending());
  EXPECT_FALSE(world.ending()->failed);
  EXPECT_LT(world.ending()->after, Millis(1'000));
  invoke("{}");
  expect_error("Function.LiveNoSession");
  EXPECT_GE(world.ending()->after, Millis(5'000));
  EXPECT_LT(world.ending()->after, Millis(6'000));
}

TEST_F(Delivery, ASessionThatReconnectsMeanwhileGetsTheAttempt) {
  world.add_session("tom@laptop");
  start();
  invoke();
  world.cut_session(0);
  world.at(Millis(2'000), [&] { world.reconnect(0); });
  invoke("{\"n\":2}");
  expect_echo("{\"n\":2}");
  EXPECT_EQ(world.executions(2), 1);
}

TEST_F(Delivery, AnotherSessionGetsWhatIsNotPinned) {
  world.add_session("tom@laptop");
  start();
  invoke();
  world.kill(0);
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
  world.displace(0);
  invoke("{\"n\":2}");
  expect_echo("{\"n\":2}");
  EXPECT_TRUE(world.session(0).executions.size() == 1);
  EXPECT_EQ(world.executions(2), 1);
  EXPECT_TRUE(world.session(0).drained);
}

TEST_F(Delivery, ADisplacedSessionFinishesWhatRuns) {
  world.add_session("tom@laptop");
  start();
  world.session(0).run_time = Millis(8'000);
  world.at(Millis(1'000), [&] {
    world.add_session("eve@desk");
    world.displace(0);
  });
  invoke();
  expect_echo("{}");
  EXPECT_EQ(world.executions(1), 1);
}

TEST_F(Delivery, ADisplacedSessionFailsWhatRunsLongerThanItsGrace) {
  world.add_session("tom@laptop");
  start();
  world.session(0).run_time = Millis(30'000);
  world.at(Millis(1'000), [&] {
    world.add_session("eve@desk");
    world.displace(0);
  });
  invoke();
  expect_error("Function.LiveDisconnected");
  EXPECT_NE(world.ending()->body.find("another client has connected"), std::string::npos);
  EXPECT_EQ(world.executions(1), 1);
  EXPECT_EQ(world.session(0).cancelled.size(), 1U);
}

TEST_F(Delivery, AKilledSessionIsAnErrorAndNeverASecondRun) {
  world.add_session("tom@laptop");
  start();
  world.session(0).run_time = Millis(30'000);
  world.at(Millis(2'000), [&] { world.kill(0); });
  invoke("{}", Millis(120'000));
  expect_error("Function.LiveDisconnected");
  EXPECT_EQ(world.executions(1), 1);
  EXPECT_GE(world.ending()->after, Millis(30'000));
  EXPECT_LT(world.ending()->after, Millis(42'000));
}

TEST_F(Delivery, AKilledSessionThatAnotherReplacedEndsAfter15Seconds) {
  world.add_session("tom@laptop");
  start();
  world.session(0).run_time = Millis(30'000);
  world.at(Millis(2'000), [&] {
    world.kill(0);
    world.add_session("eve@desk");
  });
  invoke("{}", Millis(120'000));
  expect_error("Function.LiveDisconnected");
  EXPECT_EQ(world.executions(1), 1);
  EXPECT_LT(world.ending()->after, Millis(25'000));
}

TEST_F(Delivery, ASleepingSessionIsGivenUpAndCancelled) {
  world.add_session("tom@laptop");
  start();
  world.session(0).alive = false;  // the connection stays open, nothing is read
  invoke(kHttpEvent);
  ASSERT_TRUE(world.ending());
  EXPECT_FALSE(world.ending()->failed);
  EXPECT_NE(world.ending()->body.find("tom@laptop"), std::string::npos);
  EXPECT_GE(world.ending()->after, Millis(5'000));
  EXPECT_LT(world.ending()->after, Millis(6'000));
  invoke(kHttpEvent);
  ASSERT_TRUE(world.ending());
  EXPECT_LT(world.ending()->after, Millis(3'000)) << "the next attempt gives a silent session 2 s";
}

TEST_F(Delivery, AFrameThatWaitedInASleepingLaptopDoesNotStart) {
  world.add_session("tom@laptop");
  start();
  std::string stale;
  world.session(0).alive = false;
  invoke("{}");
  expect_error("Function.LiveNoSession");
  for (const auto& post : world.stub_posts)
    stale = stale.empty() || post.frame.size() > stale.size() ? post.frame : stale;
  world.run_for(Millis(20'000));
  world.session(0).alive = true;
  for (const auto& post : world.stub_posts) world.session(0).machine->frame(world.now(), post.frame);
  EXPECT_EQ(world.executions(1), 0);
}

TEST_F(Delivery, ABuildThatOutlastsTheFramesWaitsForTheNextAsk) {
  world.add_session("tom@laptop");
  start();
  world.session(0).build_time = Millis(25'000);
  invoke("{}");
  expect_echo("{}");
  EXPECT_EQ(world.executions(1), 1);
}

TEST_F(Delivery, LostFramesAreAskedFor) {
  world.add_session("tom@laptop");
  start();
  world.drop_nth_post = 0;  // the invoke itself
  invoke("{\"n\":1}");
  expect_echo("{\"n\":1}");
  world.drop_nth_post = 1;  // the answer
  invoke("{\"n\":2}");
  expect_echo("{\"n\":2}");
  EXPECT_EQ(world.executions(1), 1);
  EXPECT_EQ(world.executions(2), 1);
}

TEST_F(Delivery, LostChunksAreReposted) {
  world.add_session("tom@laptop");
  start();
  std::mt19937_64 random(5);
  std::string event(300'000, '\0');
  for (char& byte : event) byte = static_cast<char>('a' + random() % 26);
  for (std::uint64_t nth : {0U, 3U, 9U, 14U, 18U}) {
    world.drop_nth_post = nth;
    invoke(event);
    expect_echo(event);
  }
}

TEST_F(Delivery, ALostAnnounceIsSentAgain) {
  world.add_session("tom@laptop");
  world.drop_nth_post = 0;
  start();
  invoke("{}");
  expect_echo("{}");
  EXPECT_EQ(world.session(0).announced.size(), 1U);
}

TEST_F(Delivery, ACutSocketIsFoundByItsMissingPong) {
  world.add_session("tom@laptop");
  start();
  invoke();
  world.cut_stub();
  invoke("{\"n\":2}");
  expect_echo("{\"n\":2}");
  EXPECT_EQ(world.sockets_opened, 2);
  EXPECT_EQ(world.executions(2), 1);
}

TEST_F(Delivery, AnInvokeMayLeaveBeforeTheOwnSocketIsOpen) {
  world.add_session("tom@laptop");
  world.weather.slowest = Millis(1);
  world.socket_outcome = {.status = 500};
  start();
  world.at(Millis(300), [&] { world.socket_outcome = {}; });
  invoke("{}");
  expect_echo("{}");
  EXPECT_EQ(world.executions(1), 1);
}

TEST_F(Delivery, ARefusedSocketIsAnErrorThatSaysWhy) {
  world.add_session("tom@laptop");
  world.socket_outcome = {.status = 403, .detail = "User is not authorized to perform: execute-api:Invoke"};
  start();
  invoke("{}");
  expect_error("Function.LiveDisconnected");
  EXPECT_NE(world.ending()->body.find("permission"), std::string::npos);
}

TEST_F(Delivery, RefusedPostsAreRetriedFor5SecondsThenSayWhy) {
  world.add_session("tom@laptop");
  start();
  world.post_outcome = Outcome{.status = 403, .detail = "AccessDenied"};
  world.at(Millis(3'000), [&] { world.post_outcome.reset(); });
  invoke("{}");
  expect_echo("{}");
  world.post_outcome = Outcome{.status = 403, .detail = "AccessDenied"};
  invoke("{}");
  expect_error("Function.LiveDenied");
}

TEST_F(Delivery, ExpiredCredentialsEndTheProcess) {
  world.add_session("tom@laptop");
  start();
  world.post_outcome = Outcome{.status = 403, .detail = "The security token included in the request is expired"};
  invoke("{}");
  expect_error("Function.LiveDenied");
  EXPECT_TRUE(world.exited());
}

TEST_F(Delivery, NoWayOutIsAnErrorThatSaysSo) {
  world.table_outcome = {.reach = Outcome::Reach::not_sent};
  world.socket_outcome = {.reach = Outcome::Reach::not_sent};
  start();
  invoke("{}");
  expect_error("Function.LiveUnreachable");
  EXPECT_LT(world.ending()->after, Millis(5'000));
  EXPECT_NE(world.ending()->body.find("NAT gateway (docs/vpc.md)"), std::string::npos) << world.ending()->body;
}

// API Gateway's words for an API that the endpoint does not know.
TEST_F(Delivery, APrivateEndpointThatForbidsIsAnErrorThatSaysSo) {
  world.add_session("tom@laptop");
  world.socket_outcome = {.status = 403, .detail = "ForbiddenException Forbidden"};
  world.post_outcome = world.socket_outcome;
  start();
  invoke("{}");
  expect_error("Function.LiveDenied");
  EXPECT_NE(world.ending()->body.find("turn its private DNS off (docs/vpc.md)"), std::string::npos)
      << world.ending()->body;
}

TEST_F(Delivery, AThrottledTableIsNeverReadAsNoRegistration) {
  world.table_outcome = {.status = 400, .detail = "ProvisionedThroughputExceededException"};
  start();
  world.at(Millis(8'000), [&] {
    world.table_outcome = {};
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
  EXPECT_EQ(world.executions(1), 1);
  bool fresh = false;
  for (const auto& post : world.stub_posts) fresh = fresh || post.fresh;
  world.weather.late_unknown = 0;
  world.weather.lost = 100;
  world.invoke("{}");
  world.run_for(Millis(200));
  fresh = false;
  for (const auto& post : world.stub_posts) fresh = fresh || post.fresh;
  EXPECT_TRUE(fresh);
}

TEST_F(Delivery, AfterTheDeadlineTheStubIsSilent) {
  world.add_session("tom@laptop");
  start();
  world.session(0).run_time = Millis(10'000);
  invoke("{}", Millis(3'000));
  world.run_for(Millis(1));
  EXPECT_FALSE(world.stub->next_timer());
  world.run_for(Millis(20'000));
  EXPECT_FALSE(world.answered());
}

TEST_F(Delivery, AnAnswerThatIsTooLargeIsLambdasError) {
  world.add_session("tom@laptop");
  start();
  world.session(0).handler = [](const Invocation&) { return Answer{.body = std::string(kMaxBody + 1, 'x')}; };
  invoke("{}");
  expect_error("Function.ResponseSizeTooLarge");
  world.session(0).handler = [](const Invocation&) { return Answer{.body = std::string(kMaxBody, 'x')}; };
  invoke("{}");
  ASSERT_TRUE(world.ending());
  EXPECT_EQ(world.ending()->body.size(), kMaxBody);
}

TEST_F(Delivery, AFailureIsHandedOnByteForByte) {
  world.add_session("tom@laptop");
  start();
  world.session(0).handler = [](const Invocation&) {
    return Answer{true, {{"lambda-runtime-function-error-type", "Runtime.Foo"}, {"X", "y"}}, "not even json"};
  };
  invoke("{}");
  expect_error("Runtime.Foo");
  EXPECT_EQ(world.ending()->body, "not even json");
}

// The session renews its link while an answer is on its way, and the stub's frames follow.
TEST_F(Delivery, ANewLinkOfTheSameSessionIsFollowed) {
  world.add_session("tom@laptop");
  start();
  world.session(0).run_time = Millis(20'000);
  world.at(Millis(3'000), [&] {
    world.cut_session(0);
    world.run_for(Millis(0));
  });
  world.at(Millis(12'000), [&] { world.reconnect(0); });
  invoke("{}");
  expect_echo("{}");
  EXPECT_EQ(world.executions(1), 1);
}

TEST_F(Delivery, CountsFramesThatWereTurnedRoundOrReplayed) {
  world.add_session("tom@laptop");
  start();
  invoke("{}");
  world.stub->frame(world.now(), world.stub_posts.back().frame);
  EXPECT_EQ(world.stub->dropped().at(DropReason::turned_round), 1U);
  world.session(0).machine->frame(world.now(), world.stub_posts.back().frame);
  EXPECT_EQ(world.session(0).machine->dropped().at(DropReason::replayed), 1U);
  world.session(0).machine->frame(world.now(), world.session_posts.back().frame);
  EXPECT_EQ(world.session(0).machine->dropped().at(DropReason::turned_round), 1U);
}

}  // namespace
}  // namespace bridge
