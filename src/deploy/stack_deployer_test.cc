#include "deploy/stack_deployer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deploy/testing/fake_cloudformation.h"
#include "deploy/testing/fake_s3.h"

namespace deploy {
namespace {

using base::awaitable;
using ::testing::ElementsAre;
using testing::FakeCloudFormation;
using ::testing::HasSubstr;
using Step = FakeCloudFormation::Step;

awaitable<void> advance(base::FakeClock* clock, std::vector<std::chrono::nanoseconds>* waits,
                        std::chrono::nanoseconds by) {
  clock->advance(by);
  waits->push_back(by);
  co_return;
}

class StackDeployerTest : public ::testing::Test {
 protected:
  StackDeployerTest() { cloudformation_.change_sets = {change_set("CREATE_PENDING"), change_set("CREATE_COMPLETE")}; }

  static aws::ChangeSet change_set(std::string status, std::string reason = {}) {
    return {.id = "change-set",
            .stack_id = FakeCloudFormation::kId,
            .status = std::move(status),
            .status_reason = std::move(reason),
            .execution_status = {}};
  }
  static Step step(std::string status, std::vector<aws::StackEvent> events = {}) {
    return {.events = std::move(events), .status = std::move(status)};
  }
  static StackRequest request() {
    return {.name = FakeCloudFormation::kName,
            .template_text = "{}",
            .parameters = {{"P", "1"}},
            .tags = stack_tags("app", "dev"),
            .bucket = "bucket"};
  }

  awaitable<void> run(StackRequest wanted) {
    StackDeployer::Sleep sleep = [this](std::chrono::nanoseconds by) { return advance(&clock_, &waits_, by); };
    StackDeployer deployer(cloudformation_, s3_, clock_, sleep);
    result_ = co_await deployer.deploy(std::move(wanted), [this](const DeployEvent& event) {
      EXPECT_EQ(event.stack, FakeCloudFormation::kName);
      events_.push_back(event.resource + " " + event.status);
      reasons_.push_back(event.reason);
    });
  }

  base::Result<DeployedStack> deploy(StackRequest wanted = request()) {
    boost::asio::io_context loop;
    base::run_until_done(loop, run(std::move(wanted)));
    return result_;
  }

  FakeCloudFormation cloudformation_;
  testing::FakeS3 s3_;
  base::FakeClock clock_;
  std::vector<std::chrono::nanoseconds> waits_;
  base::Result<DeployedStack> result_ = base::fail(base::ErrorKind::internal, "not run");
  std::vector<std::string> events_;
  std::vector<std::string> reasons_;
};

TEST_F(StackDeployerTest, CreatesAStackAndReportsEveryEventOnceInOrder) {
  cloudformation_.outputs = {{"Url", "https://x"}};
  cloudformation_.resources = {{"Topic", "arn:topic", "AWS::SNS::Topic"}};
  cloudformation_.operations = {
      {step("CREATE_IN_PROGRESS", {FakeCloudFormation::own_event("CREATE_IN_PROGRESS"),
                                   FakeCloudFormation::event("Topic", "AWS::SNS::Topic", "CREATE_IN_PROGRESS")}),
       step("CREATE_IN_PROGRESS"),
       step("CREATE_COMPLETE", {FakeCloudFormation::event("Topic", "AWS::SNS::Topic", "CREATE_COMPLETE"),
                                FakeCloudFormation::own_event("CREATE_COMPLETE")})}};
  auto result = deploy();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->changed);
  EXPECT_EQ(result->id, FakeCloudFormation::kId);
  EXPECT_EQ(result->outputs.at("Url"), "https://x");
  EXPECT_EQ(result->resources.at("Topic"), "arn:topic");
  EXPECT_THAT(events_, ElementsAre("dev-app CREATE_IN_PROGRESS", "Topic CREATE_IN_PROGRESS", "Topic CREATE_COMPLETE",
                                   "dev-app CREATE_COMPLETE"));
  EXPECT_THAT(cloudformation_.calls, ElementsAre("create CREATE", "execute"));
  const auto& input = cloudformation_.inputs.at(0);
  EXPECT_EQ(input.template_body, "{}");
  EXPECT_THAT(input.capabilities, ElementsAre("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"));
  EXPECT_EQ(input.tags.at("livelambda:app"), "app");
  EXPECT_EQ(input.tags.at("livelambda:stage"), "dev");
  EXPECT_EQ(input.parameters.at(0).first, "P");
  EXPECT_THAT(input.change_set_name, ::testing::MatchesRegex("[a-zA-Z][-a-zA-Z0-9]*"));
}

TEST_F(StackDeployerTest, UpdateIsNotTakenForDoneBeforeItBegan) {
  cloudformation_.have_stack("UPDATE_COMPLETE", stack_tags("app", "dev"));
  cloudformation_.operations = {{step("UPDATE_COMPLETE"), step("UPDATE_COMPLETE"),
                                 step("UPDATE_IN_PROGRESS", {FakeCloudFormation::own_event("UPDATE_IN_PROGRESS")}),
                                 step("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                                      {FakeCloudFormation::own_event("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")}),
                                 step("UPDATE_COMPLETE", {FakeCloudFormation::own_event("UPDATE_COMPLETE")})}};
  ASSERT_TRUE(deploy());
  EXPECT_THAT(events_, ElementsAre("dev-app UPDATE_IN_PROGRESS", "dev-app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                                   "dev-app UPDATE_COMPLETE"));
  EXPECT_THAT(cloudformation_.calls, ElementsAre("create UPDATE", "execute"));
}

TEST_F(StackDeployerTest, NoChangesIsASuccessWithoutAnyWait) {
  for (const char* reason :
       {"The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed."}) {
    cloudformation_.calls.clear();
    cloudformation_.outputs = {{"Url", "https://x"}};
    cloudformation_.have_stack("UPDATE_COMPLETE", stack_tags("app", "dev"));
    cloudformation_.change_sets = {change_set("FAILED", reason)};
    auto result = deploy();
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_FALSE(result->changed);
    EXPECT_EQ(result->outputs.at("Url"), "https://x");
    EXPECT_THAT(cloudformation_.calls, ElementsAre("create UPDATE", "delete change set"));
    EXPECT_TRUE(events_.empty());
    EXPECT_TRUE(waits_.empty());
  }
}

TEST_F(StackDeployerTest, FailureNamesTheFirstResourceThatFailedByItself) {
  cloudformation_.operations = {
      {step("ROLLBACK_IN_PROGRESS",
            {FakeCloudFormation::own_event("CREATE_IN_PROGRESS"),
             FakeCloudFormation::event("Early", "AWS::SQS::Queue", "CREATE_FAILED", "Resource creation cancelled"),
             FakeCloudFormation::event("Bucket", "AWS::S3::Bucket", "CREATE_FAILED", "my-bucket already exists"),
             FakeCloudFormation::event("Later", "AWS::SNS::Topic", "CREATE_FAILED", "something else"),
             FakeCloudFormation::own_event("ROLLBACK_IN_PROGRESS",
                                           "The following resource(s) failed to create: [Bucket].")}),
       step("ROLLBACK_COMPLETE", {FakeCloudFormation::own_event("ROLLBACK_COMPLETE")})}};
  auto result = deploy();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, base::ErrorKind::deployment);
  EXPECT_EQ(result.error().message, "stack dev-app: Bucket (AWS::S3::Bucket): my-bucket already exists");
  EXPECT_THAT(result.error().hint, HasSubstr("AWS::StackName"));
  EXPECT_EQ(events_.back(), "dev-app ROLLBACK_COMPLETE");  // the rollback was waited for
}

TEST_F(StackDeployerTest, DeletesWhatAFailedCreationLeftBehind) {
  cloudformation_.have_stack("ROLLBACK_COMPLETE", stack_tags("app", "dev"));
  cloudformation_.operations = {
      {step("ROLLBACK_COMPLETE"), step("DELETE_IN_PROGRESS", {FakeCloudFormation::own_event("DELETE_IN_PROGRESS")}),
       step("")},
      {step("CREATE_COMPLETE", {FakeCloudFormation::own_event("CREATE_COMPLETE")})}};
  ASSERT_TRUE(deploy());
  EXPECT_THAT(cloudformation_.calls, ElementsAre("delete stack", "create CREATE", "execute"));
  EXPECT_THAT(reasons_.at(0), HasSubstr("left behind"));
}

TEST_F(StackDeployerTest, WaitsForAnOperationThatIsUnderWay) {
  cloudformation_.have_stack("UPDATE_IN_PROGRESS", stack_tags("app", "dev"));
  cloudformation_.operations = {{step("UPDATE_IN_PROGRESS"), step("UPDATE_COMPLETE")},
                                {step("UPDATE_COMPLETE", {FakeCloudFormation::own_event("UPDATE_IN_PROGRESS"),
                                                          FakeCloudFormation::own_event("UPDATE_COMPLETE")})}};
  auto result = deploy();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_THAT(reasons_.at(0), HasSubstr("already under way"));
  EXPECT_THAT(cloudformation_.calls, ElementsAre("create UPDATE", "execute"));
}

TEST_F(StackDeployerTest, StackUnderReviewIsCreated) {
  cloudformation_.have_stack("REVIEW_IN_PROGRESS", {});
  cloudformation_.operations = {{step("CREATE_COMPLETE", {FakeCloudFormation::own_event("CREATE_COMPLETE")})}};
  ASSERT_TRUE(deploy());
  EXPECT_EQ(cloudformation_.calls.at(0), "create CREATE");
}

TEST_F(StackDeployerTest, LeavesStacksOfOthersAlone) {
  using Tags = std::map<std::string, std::string>;
  for (const Tags& tags : {Tags(), Tags{{"livelambda:app", "other"}}, Tags{{"team", "x"}}}) {
    cloudformation_.have_stack("UPDATE_COMPLETE", tags);
    auto result = deploy();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, base::ErrorKind::deployment);
    EXPECT_TRUE(cloudformation_.calls.empty());
  }
}

TEST_F(StackDeployerTest, StackThatNeedsAHandIsNamedWithTheCommand) {
  cloudformation_.have_stack("UPDATE_ROLLBACK_FAILED", stack_tags("app", "dev"));
  auto result = deploy();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().hint, HasSubstr("continue-update-rollback"));
  EXPECT_TRUE(cloudformation_.calls.empty());
}

TEST_F(StackDeployerTest, ChangeSetThatFailsLeavesNothingBehind) {
  cloudformation_.change_sets = {change_set("FAILED", "Transform AWS::Serverless-2016-10-31 failed with: no")};
  auto result = deploy();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, base::ErrorKind::deployment);
  EXPECT_THAT(result.error().message, HasSubstr("Transform"));
  EXPECT_THAT(cloudformation_.calls, ElementsAre("create CREATE", "delete change set", "delete stack"));
}

TEST_F(StackDeployerTest, RefusalOfTheServiceIsADeploymentErrorAndOthersKeepTheirKind) {
  cloudformation_.create_error =
      base::Error{.kind = base::ErrorKind::service, .message = "Template format error", .code = "ValidationError"};
  EXPECT_EQ(deploy().error().kind, base::ErrorKind::deployment);
  EXPECT_THAT(result_.error().message, HasSubstr("Template format error"));
  cloudformation_.create_error = base::Error{.kind = base::ErrorKind::permission, .message = "no"};
  EXPECT_EQ(deploy().error().kind, base::ErrorKind::permission);
}

TEST_F(StackDeployerTest, LargeTemplatesGoThroughTheBucket) {
  cloudformation_.operations = {{step("CREATE_COMPLETE", {FakeCloudFormation::own_event("CREATE_COMPLETE")})}};
  auto large = request();
  large.template_text = std::string(51'201, ' ');
  ASSERT_TRUE(deploy(large));
  EXPECT_TRUE(cloudformation_.inputs.at(0).template_body.empty());
  EXPECT_THAT(cloudformation_.inputs.at(0).template_url, ::testing::StartsWith("https://bucket.s3.test/templates/"));
  ASSERT_EQ(s3_.objects.size(), 1U);
  EXPECT_EQ(s3_.objects.begin()->second, large.template_text);
}

TEST_F(StackDeployerTest, TemplatesThatFitAreSentAndThoseBeyondAllLimitsRefused) {
  cloudformation_.operations = {{step("CREATE_COMPLETE", {FakeCloudFormation::own_event("CREATE_COMPLETE")})}};
  auto exact = request();
  exact.template_text = std::string(51'200, ' ');
  ASSERT_TRUE(deploy(exact));
  EXPECT_TRUE(s3_.objects.empty());
  exact.template_text = std::string(1'000'001, ' ');
  EXPECT_EQ(deploy(exact).error().kind, base::ErrorKind::invalid_input);
}

TEST_F(StackDeployerTest, PollsQuicklyAtFirstAndOnceASecondLater) {
  std::deque<Step> steps = {step("CREATE_IN_PROGRESS", {FakeCloudFormation::own_event("CREATE_IN_PROGRESS")})};
  for (int i = 0; i < 40; ++i) steps.push_back(step("CREATE_IN_PROGRESS"));
  steps.push_back(step("CREATE_COMPLETE", {FakeCloudFormation::own_event("CREATE_COMPLETE")}));
  cloudformation_.operations = {steps};
  ASSERT_TRUE(deploy());
  EXPECT_EQ(waits_.at(1), std::chrono::milliseconds(20));  // the first was the change set's
  EXPECT_EQ(waits_.back(), std::chrono::seconds(1));
}

TEST_F(StackDeployerTest, GivesUpOnADeploymentThatNeverEnds) {
  cloudformation_.operations = {{step("CREATE_IN_PROGRESS", {FakeCloudFormation::own_event("CREATE_IN_PROGRESS")})}};
  auto result = deploy();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, base::ErrorKind::deployment);
  EXPECT_THAT(result.error().message, HasSubstr("two hours"));
}

}  // namespace
}  // namespace deploy
