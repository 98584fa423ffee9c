#include "deploy/stack_deployer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"
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

// The wait during which the test's task is cancelled.
awaitable<void> cancel_at(base::TaskGroup* tasks, int* countdown) {
  if (--*countdown == 0) tasks->cancel();
  co_await base::sleep_for(*countdown <= 0 ? std::chrono::hours(1) : std::chrono::nanoseconds(0));
}

class StackDeployerTest : public ::testing::Test {
 protected:
  StackDeployerTest() { cloudformation_.change_sets = {change_set("CREATE_PENDING"), change_set("CREATE_COMPLETE")}; }

  static aws::ChangeSet change_set(std::string status, std::string reason = {}) {
    return {.name = {},
            .id = "change-set",
            .stack_id = FakeCloudFormation::id_of(FakeCloudFormation::kName),
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

  // One that has so many bytes with its mark.
  static std::string template_of_size(std::size_t size) {
    auto of = [](std::size_t fill) { return R"({"Description":")" + std::string(fill, 'x') + R"("})"; };
    return of(size - mark_template(of(0), {}, Content::live)->text.size());
  }

  awaitable<void> run(StackRequest wanted) {
    Sleep sleep = [this](std::chrono::nanoseconds by) { return advance(&clock_, &waits_, by); };
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

  // Deploys, and is cancelled in its `polls`th wait.
  void deploy_until(int polls) {
    boost::asio::io_context loop;
    base::run_until_done(loop, run_until(polls));
  }

  awaitable<void> run_until(int polls) {
    base::TaskGroup tasks(co_await boost::asio::this_coro::executor);
    tasks.spawn(run_with([&tasks, &polls](std::chrono::nanoseconds) { return cancel_at(&tasks, &polls); }));
    co_await tasks.join();
  }

  awaitable<void> run_with(Sleep sleep) {
    StackDeployer deployer(cloudformation_, s3_, clock_, std::move(sleep));
    result_ = co_await deployer.deploy(request(), [this](const DeployEvent& event) {
      events_.push_back(event.resource + " " + event.status);
      reasons_.push_back(event.reason);
    });
  }

  FakeCloudFormation cloudformation_;
  FakeCloudFormation::FakeStack& stack_ = cloudformation_.at(FakeCloudFormation::kName);
  testing::FakeS3 s3_;
  base::FakeClock clock_;
  std::vector<std::chrono::nanoseconds> waits_;
  base::Result<DeployedStack> result_ = base::fail(base::ErrorKind::internal, "not run");
  std::vector<std::string> events_;
  std::vector<std::string> reasons_;
};

TEST_F(StackDeployerTest, CreatesAStackAndReportsEveryEventOnceInOrder) {
  stack_.outputs = {{"Url", "https://x"}};
  stack_.resources = {{"Topic", "arn:topic", "AWS::SNS::Topic"}};
  stack_.operations = {
      {step("CREATE_IN_PROGRESS", {FakeCloudFormation::own_event("CREATE_IN_PROGRESS"),
                                   FakeCloudFormation::event("Topic", "AWS::SNS::Topic", "CREATE_IN_PROGRESS")}),
       step("CREATE_IN_PROGRESS"),
       step("CREATE_COMPLETE", {FakeCloudFormation::event("Topic", "AWS::SNS::Topic", "CREATE_COMPLETE"),
                                FakeCloudFormation::own_event("CREATE_COMPLETE")})}};
  auto result = deploy();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->changed);
  EXPECT_EQ(result->id, FakeCloudFormation::id_of(FakeCloudFormation::kName));
  EXPECT_EQ(result->outputs.at("Url"), "https://x");
  EXPECT_EQ(result->resources.at("Topic"), "arn:topic");
  EXPECT_THAT(events_, ElementsAre("dev-app CREATE_IN_PROGRESS", "Topic CREATE_IN_PROGRESS", "Topic CREATE_COMPLETE",
                                   "dev-app CREATE_COMPLETE"));
  EXPECT_THAT(cloudformation_.calls, ElementsAre("CREATE dev-app", "execute dev-app"));
  const auto& input = cloudformation_.inputs.at(0);
  EXPECT_THAT(input.template_body, HasSubstr(kMarkOutput));
  EXPECT_THAT(input.capabilities, ElementsAre("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"));
  EXPECT_EQ(input.tags.at("livelambda:app"), "app");
  EXPECT_EQ(input.tags.at("livelambda:stage"), "dev");
  EXPECT_EQ(input.parameters.at(0).first, "P");
  EXPECT_THAT(input.change_set_name, ::testing::MatchesRegex("[a-zA-Z][-a-zA-Z0-9]*"));
}

TEST_F(StackDeployerTest, UpdateIsNotTakenForDoneBeforeItBegan) {
  cloudformation_.have_stack(FakeCloudFormation::kName, "UPDATE_COMPLETE", stack_tags("app", "dev"));
  stack_.operations = {{step("UPDATE_COMPLETE"), step("UPDATE_COMPLETE"),
                        step("UPDATE_IN_PROGRESS", {FakeCloudFormation::own_event("UPDATE_IN_PROGRESS")}),
                        step("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                             {FakeCloudFormation::own_event("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")}),
                        step("UPDATE_COMPLETE", {FakeCloudFormation::own_event("UPDATE_COMPLETE")})}};
  ASSERT_TRUE(deploy());
  EXPECT_THAT(events_, ElementsAre("dev-app UPDATE_IN_PROGRESS", "dev-app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                                   "dev-app UPDATE_COMPLETE"));
  EXPECT_THAT(cloudformation_.calls, ElementsAre("UPDATE dev-app", "execute dev-app"));
}

TEST_F(StackDeployerTest, NoChangesIsASuccessWithoutAnyWait) {
  for (const char* reason :
       {"The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed."}) {
    cloudformation_.calls.clear();
    stack_.outputs = {{"Url", "https://x"}};
    cloudformation_.have_stack(FakeCloudFormation::kName, "UPDATE_COMPLETE", stack_tags("app", "dev"));
    cloudformation_.change_sets = {change_set("FAILED", reason)};
    auto result = deploy();
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_FALSE(result->changed);
    EXPECT_EQ(result->outputs.at("Url"), "https://x");
    EXPECT_THAT(cloudformation_.calls, ElementsAre("UPDATE dev-app", "delete change-set/dev-app"));
    EXPECT_TRUE(events_.empty());
    EXPECT_TRUE(waits_.empty());
  }
}

TEST_F(StackDeployerTest, FailureNamesTheFirstResourceThatFailedByItself) {
  stack_.operations = {
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
  cloudformation_.have_stack(FakeCloudFormation::kName, "ROLLBACK_COMPLETE", stack_tags("app", "dev"));
  stack_.operations = {{step("ROLLBACK_COMPLETE"),
                        step("DELETE_IN_PROGRESS", {FakeCloudFormation::own_event("DELETE_IN_PROGRESS")}), step("")},
                       {step("CREATE_COMPLETE", {FakeCloudFormation::own_event("CREATE_COMPLETE")})}};
  ASSERT_TRUE(deploy());
  EXPECT_THAT(cloudformation_.calls, ElementsAre("delete stack dev-app", "CREATE dev-app", "execute dev-app"));
  EXPECT_THAT(reasons_.at(0), HasSubstr("left behind"));
}

TEST_F(StackDeployerTest, WaitsForAnOperationThatIsUnderWay) {
  cloudformation_.have_stack(FakeCloudFormation::kName, "UPDATE_IN_PROGRESS", stack_tags("app", "dev"));
  stack_.operations = {{step("UPDATE_IN_PROGRESS"), step("UPDATE_COMPLETE")},
                       {step("UPDATE_COMPLETE", {FakeCloudFormation::own_event("UPDATE_IN_PROGRESS"),
                                                 FakeCloudFormation::own_event("UPDATE_COMPLETE")})}};
  auto result = deploy();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_THAT(reasons_.at(0), HasSubstr("already under way"));
  EXPECT_THAT(cloudformation_.calls, ElementsAre("UPDATE dev-app", "execute dev-app"));
}

TEST_F(StackDeployerTest, ChangeSetsOfAStackUnderReviewAreLeftToTheDeploymentThatMayHaveMadeThem) {
  cloudformation_.have_stack(FakeCloudFormation::kName, "REVIEW_IN_PROGRESS", {});
  stack_.left_change_sets = {{.name = "livelambda-1", .id = "one"}, {.name = "livelambda-2", .id = "two"}};
  stack_.operations = {{step("CREATE_COMPLETE", {FakeCloudFormation::own_event("CREATE_COMPLETE")})}};
  ASSERT_TRUE(deploy());
  EXPECT_THAT(cloudformation_.calls, ElementsAre("CREATE dev-app", "execute dev-app"));
}

TEST_F(StackDeployerTest, ARefusedTemplateLeavesTheNameToAnotherDeploymentThatIsAboutToBegin) {
  cloudformation_.have_stack(FakeCloudFormation::kName, "REVIEW_IN_PROGRESS", {});
  stack_.left_change_sets = {{.name = "livelambda-1", .id = "one"}};
  cloudformation_.change_sets = {change_set("FAILED", "no")};
  ASSERT_FALSE(deploy());
  EXPECT_THAT(cloudformation_.calls, ElementsAre("CREATE dev-app", "delete change-set/dev-app"));
}

// Another deployment of the same has executed its change set, which drops this one's.
TEST_F(StackDeployerTest, TheSecondOfTwoFirstDeploymentsWaitsForTheFirst) {
  stack_.operations = {FakeCloudFormation::quick(FakeCloudFormation::kName, "CREATE_COMPLETE")};
  cloudformation_.before_execute = [](FakeCloudFormation::FakeStack& stack) -> base::Result<> {
    stack.stack->status = "CREATE_IN_PROGRESS";
    stack.running = true;
    auto text = codec::parse_json(stack.input.template_body);
    stack.stack->outputs[kMarkOutput] = codec::find_string(*text, "Outputs", kMarkOutput, "Value");
    stack.stack->tags = stack.input.tags;
    return base::fail(base::Error{
        .kind = base::ErrorKind::service, .message = "ChangeSet does not exist", .code = "ChangeSetNotFound"});
  };
  auto result = deploy();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(result->changed);
  EXPECT_THAT(reasons_, ::testing::Contains(HasSubstr("already under way")));
  EXPECT_THAT(cloudformation_.calls, ElementsAre("CREATE dev-app", "execute dev-app", "delete change-set/dev-app"));
}

TEST_F(StackDeployerTest, AStackThatAppearsBeforeItsFirstChangeSetIsLookedAtAgain) {
  stack_.operations = {FakeCloudFormation::quick(FakeCloudFormation::kName, "UPDATE_COMPLETE")};
  cloudformation_.before_create = [this](FakeCloudFormation::FakeStack&) -> base::Result<> {
    cloudformation_.have_stack(FakeCloudFormation::kName, "CREATE_COMPLETE", stack_tags("app", "dev"));
    return base::fail(
        base::Error{.kind = base::ErrorKind::service, .message = "already exists", .code = "ValidationError"});
  };
  auto result = deploy();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_THAT(cloudformation_.calls, ElementsAre("CREATE dev-app", "UPDATE dev-app", "execute dev-app"));
}

TEST_F(StackDeployerTest, ARefusedExecutionOfAStackThatNobodyElseTouchesIsAFailure) {
  cloudformation_.before_execute = [](FakeCloudFormation::FakeStack&) -> base::Result<> {
    return base::fail(base::Error{.kind = base::ErrorKind::service, .message = "no", .code = "ValidationError"});
  };
  EXPECT_EQ(deploy().error().kind, base::ErrorKind::deployment);
  EXPECT_THAT(cloudformation_.calls, ElementsAre("CREATE dev-app", "execute dev-app"));
}

TEST_F(StackDeployerTest, AnotherTagAloneIsDeployedToo) {
  stack_.operations = {FakeCloudFormation::quick(FakeCloudFormation::kName, "CREATE_COMPLETE"),
                       FakeCloudFormation::quick(FakeCloudFormation::kName, "UPDATE_COMPLETE")};
  ASSERT_TRUE(deploy());
  auto tagged = request();
  tagged.tags["team"] = "blue";
  ASSERT_TRUE(deploy(tagged));
  EXPECT_TRUE(result_->changed);
  ASSERT_TRUE(deploy(tagged));
  EXPECT_FALSE(result_->changed);
}

TEST_F(StackDeployerTest, StackThatSomeoneElseReviewsIsLeftAlone) {
  cloudformation_.have_stack(FakeCloudFormation::kName, "REVIEW_IN_PROGRESS", {});
  stack_.left_change_sets = {{.name = "theirs", .id = "one"}};
  auto result = deploy();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("theirs"));
  EXPECT_TRUE(cloudformation_.calls.empty());
}

TEST_F(StackDeployerTest, LeavesStacksOfOthersAlone) {
  using Tags = std::map<std::string, std::string>;
  for (const Tags& tags : {Tags(), Tags{{"team", "x"}}, stack_tags("other", "dev"), stack_tags("app", "other")}) {
    cloudformation_.have_stack(FakeCloudFormation::kName, "UPDATE_COMPLETE", tags);
    auto result = deploy();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, base::ErrorKind::deployment);
    EXPECT_TRUE(cloudformation_.calls.empty());
  }
}

TEST_F(StackDeployerTest, TakesOverAStackWithoutOurTagsAndKeepsThoseItHas) {
  cloudformation_.have_stack(FakeCloudFormation::kName, "UPDATE_COMPLETE", {{"team", "x"}, {"aws:owned", "y"}});
  stack_.operations = {FakeCloudFormation::quick(FakeCloudFormation::kName, "UPDATE_COMPLETE")};
  auto wanted = request();
  wanted.take_over = true;
  ASSERT_TRUE(deploy(wanted));
  auto tags = stack_tags("app", "dev");
  tags["team"] = "x";
  tags[kTakenOverTag] = "true";
  EXPECT_EQ(cloudformation_.inputs.at(0).tags, tags);
}

TEST_F(StackDeployerTest, WhatIsDeployedAlreadyIsOnlyRead) {
  stack_.operations = {FakeCloudFormation::quick(FakeCloudFormation::kName, "CREATE_COMPLETE")};
  ASSERT_TRUE(deploy());
  EXPECT_FALSE(result_->outputs.contains(kMarkOutput));
  cloudformation_.calls.clear();
  cloudformation_.questions = 0;
  ASSERT_TRUE(deploy());
  EXPECT_FALSE(result_->changed);
  EXPECT_TRUE(cloudformation_.calls.empty());
  EXPECT_EQ(cloudformation_.questions, 2);  // the stack and its resources

  cloudformation_.questions = 0;
  stack_.operations = {FakeCloudFormation::quick(FakeCloudFormation::kName, "UPDATE_COMPLETE")};
  auto other = request();
  other.parameters = {{"P", "2"}};
  ASSERT_TRUE(deploy(other));
  EXPECT_TRUE(result_->changed);
  EXPECT_THAT(cloudformation_.calls, ElementsAre("UPDATE dev-app", "execute dev-app"));
}

TEST_F(StackDeployerTest, CleaningUpAfterAnUpdateIsNotWaitedForUnlessSomethingChanges) {
  stack_.operations = {FakeCloudFormation::quick(FakeCloudFormation::kName, "CREATE_COMPLETE")};
  ASSERT_TRUE(deploy());
  stack_.stack->status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS";
  cloudformation_.calls.clear();
  ASSERT_TRUE(deploy());
  EXPECT_FALSE(result_->changed);
  EXPECT_TRUE(cloudformation_.calls.empty());

  stack_.running = true;
  stack_.operations = {{step("UPDATE_COMPLETE", {FakeCloudFormation::own_event("UPDATE_COMPLETE")})},
                       FakeCloudFormation::quick(FakeCloudFormation::kName, "UPDATE_COMPLETE")};
  auto other = request();
  other.content = Content::real;
  ASSERT_TRUE(deploy(other));
  EXPECT_TRUE(result_->changed);
}

TEST_F(StackDeployerTest, AStackThatFailedIsNotTakenForDeployed) {
  stack_.operations = {FakeCloudFormation::quick(FakeCloudFormation::kName, "CREATE_COMPLETE")};
  ASSERT_TRUE(deploy());
  stack_.stack->status = "UPDATE_FAILED";
  stack_.operations = {FakeCloudFormation::quick(FakeCloudFormation::kName, "UPDATE_COMPLETE")};
  ASSERT_TRUE(deploy());
  EXPECT_TRUE(result_->changed);
}

TEST_F(StackDeployerTest, ResourcesOfNestedStacksHaveThePathToThem) {
  stack_.operations = {FakeCloudFormation::quick(FakeCloudFormation::kName, "CREATE_COMPLETE")};
  stack_.resources = {{"Topic", "topic", "AWS::SNS::Topic"},
                      {"Old", "old", "AWS::SNS::Topic", "DELETE_COMPLETE"},
                      {"Inner", FakeCloudFormation::id_of("inner"), "AWS::CloudFormation::Stack"}};
  cloudformation_.at("inner").resources = {{"Topic", "inner-topic", "AWS::SNS::Topic"},
                                           {"Core", FakeCloudFormation::id_of("core"), "AWS::CloudFormation::Stack"}};
  cloudformation_.at("core").resources = {{"Queue", "queue", "AWS::SQS::Queue"}};
  ASSERT_TRUE(deploy());
  EXPECT_EQ(result_->resources, (std::map<std::string, std::string>{{"Topic", "topic"},
                                                                    {"Inner", FakeCloudFormation::id_of("inner")},
                                                                    {"Inner/Topic", "inner-topic"},
                                                                    {"Inner/Core", FakeCloudFormation::id_of("core")},
                                                                    {"Inner/Core/Queue", "queue"}}));
}

TEST_F(StackDeployerTest, StackThatNeedsAHandIsNamedWithTheCommand) {
  cloudformation_.have_stack(FakeCloudFormation::kName, "UPDATE_ROLLBACK_FAILED", stack_tags("app", "dev"));
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
  EXPECT_THAT(cloudformation_.calls,
              ElementsAre("CREATE dev-app", "delete change-set/dev-app", "delete stack dev-app"));
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
  stack_.operations = {{step("CREATE_COMPLETE", {FakeCloudFormation::own_event("CREATE_COMPLETE")})}};
  auto large = request();
  large.template_text = template_of_size(51'201);
  ASSERT_TRUE(deploy(large));
  EXPECT_TRUE(cloudformation_.inputs.at(0).template_body.empty());
  EXPECT_THAT(cloudformation_.inputs.at(0).template_url, ::testing::StartsWith("https://bucket.s3.test/templates/"));
  ASSERT_EQ(s3_.objects.size(), 1U);
  EXPECT_EQ(s3_.objects.begin()->second.size(), 51'201U);
}

TEST_F(StackDeployerTest, TemplatesThatFitAreSentAndThoseBeyondAllLimitsRefused) {
  stack_.operations = {{step("CREATE_COMPLETE", {FakeCloudFormation::own_event("CREATE_COMPLETE")})}};
  auto exact = request();
  exact.template_text = template_of_size(51'200);
  ASSERT_TRUE(deploy(exact));
  EXPECT_TRUE(s3_.objects.empty());
  exact.template_text = template_of_size(1'000'001);
  EXPECT_EQ(deploy(exact).error().kind, base::ErrorKind::invalid_input);
}

TEST_F(StackDeployerTest, PollsQuicklyAtFirstAndOnceASecondLater) {
  std::deque<Step> steps = {step("CREATE_IN_PROGRESS", {FakeCloudFormation::own_event("CREATE_IN_PROGRESS")})};
  for (int i = 0; i < 40; ++i) steps.push_back(step("CREATE_IN_PROGRESS"));
  steps.push_back(step("CREATE_COMPLETE", {FakeCloudFormation::own_event("CREATE_COMPLETE")}));
  stack_.operations = {steps};
  ASSERT_TRUE(deploy());
  EXPECT_EQ(waits_.at(1), std::chrono::milliseconds(20));  // the first was the change set's
  EXPECT_EQ(waits_.back(), std::chrono::seconds(1));
}

TEST_F(StackDeployerTest, GivesUpOnADeploymentThatNeverEnds) {
  stack_.operations = {{step("CREATE_IN_PROGRESS", {FakeCloudFormation::own_event("CREATE_IN_PROGRESS")})}};
  auto result = deploy();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, base::ErrorKind::deployment);
  EXPECT_THAT(result.error().message, HasSubstr("two hours"));
}

TEST_F(StackDeployerTest, CancelledUpdateIsRolledBack) {
  cloudformation_.have_stack(FakeCloudFormation::kName, "UPDATE_COMPLETE", stack_tags("app", "dev"));
  stack_.operations = {
      {step("UPDATE_IN_PROGRESS", {FakeCloudFormation::own_event("UPDATE_IN_PROGRESS")}), step("UPDATE_IN_PROGRESS")}};
  deploy_until(2);
  EXPECT_FALSE(result_);
  EXPECT_THAT(cloudformation_.calls, ElementsAre("UPDATE dev-app", "execute dev-app", "cancel dev-app"));
  EXPECT_THAT(reasons_.back(), HasSubstr("rolls back"));
}

TEST_F(StackDeployerTest, CancelledCreationGoesOnAndSaysHowToFollowIt) {
  stack_.operations = {
      {step("CREATE_IN_PROGRESS", {FakeCloudFormation::own_event("CREATE_IN_PROGRESS")}), step("CREATE_IN_PROGRESS")}};
  deploy_until(2);
  EXPECT_THAT(cloudformation_.calls, ElementsAre("CREATE dev-app", "execute dev-app"));
  EXPECT_THAT(reasons_.back(), HasSubstr("aws cloudformation wait stack-create-complete --stack-name dev-app"));
}

TEST_F(StackDeployerTest, CancelledBeforeItBeganLeavesNothingBehind) {
  deploy_until(1);  // the wait for the change set
  EXPECT_THAT(cloudformation_.calls,
              ElementsAre("CREATE dev-app", "delete change-set/dev-app", "delete stack dev-app"));
  EXPECT_TRUE(events_.empty());
}

TEST_F(StackDeployerTest, EventsOfNestedStacksAreToldWithTheirPathAndTheirFailureIsTheReason) {
  std::string inner = FakeCloudFormation::id_of("inner");
  auto nested = [&](std::string status, std::string reason = {}) {
    auto event = FakeCloudFormation::event("Inner", "AWS::CloudFormation::Stack", std::move(status), std::move(reason));
    event.physical_id = FakeCloudFormation::id_of("inner");
    return event;
  };
  cloudformation_.have_stack("inner", "UPDATE_COMPLETE", {});  // with a past, which is not told
  cloudformation_.have_stack(FakeCloudFormation::kName, "UPDATE_COMPLETE", stack_tags("app", "dev"));
  stack_.operations = {
      {{.events = {FakeCloudFormation::own_event("UPDATE_IN_PROGRESS"), nested("UPDATE_IN_PROGRESS")},
        .status = "UPDATE_IN_PROGRESS",
        .nested = {{"inner", FakeCloudFormation::own_event("UPDATE_IN_PROGRESS", {}, "inner")},
                   {"inner", FakeCloudFormation::event("Q", "AWS::SQS::Queue", "UPDATE_FAILED", "no such policy")}}},
       {.events = {nested("UPDATE_FAILED", "Embedded stack was not successfully updated"),
                   FakeCloudFormation::event("Later", "AWS::SNS::Topic", "UPDATE_FAILED", "other"),
                   FakeCloudFormation::own_event("UPDATE_ROLLBACK_IN_PROGRESS"), nested("UPDATE_COMPLETE")},
        .status = "UPDATE_ROLLBACK_IN_PROGRESS",
        .nested = {{"inner", FakeCloudFormation::event("Q", "AWS::SQS::Queue", "UPDATE_COMPLETE")}}},
       {.events = {FakeCloudFormation::own_event("UPDATE_ROLLBACK_COMPLETE")}, .status = "UPDATE_ROLLBACK_COMPLETE"}}};
  auto result = deploy();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "stack dev-app: Inner/Q (AWS::SQS::Queue): no such policy");
  EXPECT_THAT(events_,
              ElementsAre("dev-app UPDATE_IN_PROGRESS", "Inner UPDATE_IN_PROGRESS", "Inner/Q UPDATE_FAILED",
                          "Inner UPDATE_FAILED", "Later UPDATE_FAILED", "dev-app UPDATE_ROLLBACK_IN_PROGRESS",
                          "Inner UPDATE_COMPLETE", "Inner/Q UPDATE_COMPLETE", "dev-app UPDATE_ROLLBACK_COMPLETE"));
}

class StackPreviewTest : public StackDeployerTest {
 protected:
  awaitable<void> look_ahead() {
    StackDeployer deployer(cloudformation_, s3_, clock_,
                           [this](std::chrono::nanoseconds by) { return advance(&clock_, &waits_, by); });
    changes_ = co_await deployer.preview(request());
  }

  base::Result<std::vector<aws::ResourceChange>> preview() {
    boost::asio::io_context loop;
    base::run_until_done(loop, look_ahead());
    return changes_;
  }

  base::Result<std::vector<aws::ResourceChange>> changes_;
};

TEST_F(StackPreviewTest, ReadsAChangeSetAndLeavesNothingBehind) {
  cloudformation_.have_stack(FakeCloudFormation::kName, "UPDATE_COMPLETE", stack_tags("app", "dev"));
  cloudformation_.changes["change-set/dev-app"] = {
      {.action = "Modify", .logical_id = "Inner", .type = "AWS::CloudFormation::Stack", .change_set_id = "inner"},
      {.action = "Add", .logical_id = "Topic", .type = "AWS::SNS::Topic"}};
  cloudformation_.changes["inner"] = {{.action = "Remove", .logical_id = "Queue", .type = "AWS::SQS::Queue"}};
  auto changes = preview();
  ASSERT_TRUE(changes) << changes.error().message;
  std::vector<std::string> ids;
  for (const auto& change : *changes) ids.push_back(change.action + " " + change.logical_id);
  EXPECT_THAT(ids, ElementsAre("Modify Inner", "Remove Inner/Queue", "Add Topic"));
  EXPECT_TRUE(cloudformation_.inputs.at(0).include_nested_stacks);
  EXPECT_THAT(cloudformation_.calls, ElementsAre("UPDATE dev-app", "delete change-set/dev-app"));
}

TEST_F(StackPreviewTest, NothingChangesIsAnEmptyListAndAStackThatIsNotThereIsNamed) {
  EXPECT_EQ(preview().error().kind, base::ErrorKind::not_found);
  EXPECT_TRUE(cloudformation_.calls.empty());
  cloudformation_.have_stack(FakeCloudFormation::kName, "UPDATE_COMPLETE", stack_tags("app", "dev"));
  cloudformation_.change_sets = {change_set("FAILED", "No updates are to be performed.")};
  auto changes = preview();
  ASSERT_TRUE(changes);
  EXPECT_TRUE(changes->empty());
  cloudformation_.change_sets = {change_set("FAILED", "Transform failed")};
  EXPECT_EQ(preview().error().kind, base::ErrorKind::deployment);
}

class StackProcessTest : public StackDeployerTest {
 protected:
  awaitable<void> look_through() {
    StackDeployer deployer(cloudformation_, s3_, clock_,
                           [this](std::chrono::nanoseconds by) { return advance(&clock_, &waits_, by); });
    text_ = co_await deployer.process(request(), {});
  }

  base::Result<std::string> process() {
    boost::asio::io_context loop;
    base::run_until_done(loop, look_through());
    return text_;
  }

  base::Result<std::string> text_;
};

TEST_F(StackProcessTest, ReadsTheProcessedTemplateOfAChangeSetAndLeavesNothingBehind) {
  cloudformation_.processed_template = R"({"Resources":{},"Outputs":{"LiveLambdaTemplate":{"Value":"processing"}}})";
  ASSERT_TRUE(process()) << text_.error().message;
  EXPECT_EQ(*text_, R"({"Resources":{},"Outputs":{}})");
  EXPECT_THAT(cloudformation_.inputs.at(0).template_body, HasSubstr("processing"));
  EXPECT_THAT(cloudformation_.calls,
              ElementsAre("CREATE dev-app", "delete change-set/dev-app", "delete stack dev-app"));

  cloudformation_.calls.clear();
  cloudformation_.have_stack(FakeCloudFormation::kName, "UPDATE_COMPLETE", stack_tags("app", "dev"));
  ASSERT_TRUE(process());
  EXPECT_THAT(cloudformation_.calls, ElementsAre("UPDATE dev-app", "delete change-set/dev-app"));
}

TEST_F(StackProcessTest, SaysWhatAMacroSays) {
  cloudformation_.change_sets = {change_set("FAILED", "Transform 1::Mine failed with: it is Monday")};
  ASSERT_FALSE(process());
  EXPECT_EQ(text_.error().kind, base::ErrorKind::deployment);
  EXPECT_THAT(text_.error().message, HasSubstr("it is Monday"));
  EXPECT_THAT(cloudformation_.calls,
              ElementsAre("CREATE dev-app", "delete change-set/dev-app", "delete stack dev-app"));
}

}  // namespace
}  // namespace deploy
