#include "deploy/failure_hint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace deploy {
namespace {

using ::testing::HasSubstr;

// Reasons as services write them into the events of a stack.
TEST(FailureHint, TellsWhoRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"User: arn:aws:iam::1:user/tom is not authorized to perform: lambda:CreateFunction on resource: x with an "
       "explicit deny in a service control policy",
       "Your organisation denies this"},
      {"User: arn:aws:iam::1:user/tom is not authorized to perform: iam:CreateRole on resource: x because no "
       "permissions boundary allows the iam:CreateRole action",
       "permissions boundary of the credentials that deploy"},
      {"User: arn:aws:iam::1:user/tom is not authorized to perform: sns:CreateTopic", "lack this permission"},
      {"Access Denied (Service: S3, Status Code: 403)", "lack this permission"},
      {"orders already exists in stack x", "${AWS::StackName}"},
      {"The code signature failed one or more of the validation checks for signature mismatch or expiry, and the code "
       "signing policy is set to ENFORCE. Lambda blocks the deployment.",
       "`live: false`"},
      {"Bad Topic does not exist", "Mend the template"}};
  for (const auto& [reason, hint] : cases) EXPECT_THAT(failure_hint(reason), HasSubstr(hint)) << reason;
}

}  // namespace
}  // namespace deploy
