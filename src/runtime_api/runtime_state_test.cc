#include "runtime_api/runtime_state.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime_api/invocation.h"

namespace runtime_api {
namespace {

// The status that a call is refused with; 0 = allowed.
int status(const std::optional<net::Response>& refused) {
  return refused ? refused->status : 0;
}

RuntimeState running(std::string request_id) {
  RuntimeState state;
  EXPECT_EQ(status(state.next()), 0);
  state.hand_over(std::move(request_id));
  return state;
}

TEST(RuntimeState, FollowsAnInvocationFromNextToNext) {
  auto state = running("a");
  EXPECT_EQ(state.phase(), Phase::running);
  EXPECT_EQ(status(state.answer("a", false)), 0);
  EXPECT_EQ(state.phase(), Phase::answered);
  EXPECT_EQ(status(state.next()), 0);
  EXPECT_EQ(state.phase(), Phase::waiting);
}

TEST(RuntimeState, RefusesAnAnswerForAnotherRequest) {
  auto state = running("a");
  auto refused = state.answer("b", false);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 400);
  EXPECT_EQ(refused->body, R"({"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"})");
  EXPECT_EQ(state.phase(), Phase::running);
}

TEST(RuntimeState, RefusesAnAnswerBeforeAnyEventEvenWithAnEmptyId) {
  RuntimeState state;
  EXPECT_EQ(status(state.answer("", false)), 400);
  EXPECT_EQ(status(state.answer("a", true)), 400);
}

TEST(RuntimeState, RefusesASecondAnswer) {
  auto state = running("a");
  EXPECT_EQ(status(state.answer("a", true)), 0);
  auto refused = state.answer("a", false);
  EXPECT_EQ(status(refused), 403);
  EXPECT_NE(refused->body.find("InvalidStateTransition"), std::string::npos);
}

TEST(RuntimeState, RefusesNextWhileAnEventRuns) {
  auto state = running("a");
  EXPECT_EQ(status(state.next()), 403);
  EXPECT_EQ(state.phase(), Phase::running);
}

TEST(RuntimeState, LetsAWaitingRuntimeAskAgain) {
  RuntimeState state;
  EXPECT_EQ(status(state.next()), 0);
  EXPECT_EQ(status(state.next()), 0);
}

TEST(RuntimeState, TakesAnInitErrorOnlyWhileStarting) {
  RuntimeState state;
  EXPECT_EQ(status(state.init_error()), 0);
  EXPECT_EQ(state.phase(), Phase::init_failed);
  EXPECT_EQ(status(state.init_error()), 403);
  EXPECT_EQ(status(state.next()), 403);

  RuntimeState loaded;
  EXPECT_EQ(status(loaded.next()), 0);
  EXPECT_EQ(status(loaded.init_error()), 403);
}

TEST(MakeFailure, EscapesTheMessage) {
  const auto failure = make_failure("Runtime.ExitError", "a \"quoted\"\nmessage");
  EXPECT_TRUE(failure.failure);
  EXPECT_EQ(failure.error_type, "Runtime.ExitError");
  EXPECT_EQ(failure.body, R"({"errorType":"Runtime.ExitError","errorMessage":"a \"quoted\"\nmessage"})");
}

}  // namespace
}  // namespace runtime_api
