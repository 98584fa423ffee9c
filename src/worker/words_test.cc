#include "worker/words.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace worker {
namespace {

TEST(Words, AreThoseOfLambda) {
  EXPECT_EQ(
      exit_failure("id-1", {.code = 1, .signal = 0}).body,
      R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: id-1 Error: Runtime exited with error: exit status 1"})");
  EXPECT_EQ(
      exit_failure("id-1", {.code = 0, .signal = SIGKILL}).body,
      R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: id-1 Error: Runtime exited with error: signal: killed"})");
  EXPECT_EQ(
      exit_failure("id-1", {.code = 0, .signal = 0}).body,
      R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: id-1 Error: Runtime exited without providing a reason"})");
  EXPECT_EQ(
      timeout_failure("id-1", base::Millis(3000)).body,
      R"({"errorType":"Sandbox.Timedout","errorMessage":"RequestId: id-1 Error: Task timed out after 3.00 seconds"})");
}

TEST(Words, DoWithoutARequestId) {
  EXPECT_EQ(exit_failure("", {.code = 7, .signal = 0}).body,
            R"({"errorType":"Runtime.ExitError","errorMessage":"Error: Runtime exited with error: exit status 7"})");
}

}  // namespace
}  // namespace worker
