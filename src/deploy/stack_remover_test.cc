#include "deploy/stack_remover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deploy/testing/fake_cloudformation.h"
#include "deploy/testing/fake_s3.h"

namespace deploy {
namespace {

using base::awaitable;
using base::Result;
using ::testing::ElementsAre;
using testing::FakeCloudFormation;
using ::testing::HasSubstr;

awaitable<void> no_wait(std::chrono::nanoseconds) {
  co_return;
}

class StackRemoverTest : public ::testing::Test {
 protected:
  void have(const std::string& name, std::string status = "CREATE_COMPLETE") {
    cloudformation_.have_stack(name, std::move(status), stack_tags("app", "dev"));
    cloudformation_.at(name).operations.push_back(FakeCloudFormation::quick(name, "DELETE_COMPLETE"));
  }

  awaitable<void> run(std::vector<StackNode> stacks, std::string debug_stack) {
    StackRemover remover(
        cloudformation_, s3_, clock_, {.app = "app", .stage = "dev", .safety = safety_},
        [this](const DeployEvent& event) { events_.push_back(event.resource + " " + event.status); }, no_wait);
    result_ = co_await remover.remove_stacks(std::move(stacks));
    if (result_ && !debug_stack.empty()) result_ = co_await remover.remove_debug_stack(std::move(debug_stack));
    kept_ = remover.kept();
  }

  Result<> remove(std::vector<StackNode> stacks, std::string debug_stack = {}) {
    boost::asio::io_context loop;
    base::run_until_done(loop, run(std::move(stacks), std::move(debug_stack)));
    return result_;
  }

  FakeCloudFormation cloudformation_;
  testing::FakeS3 s3_;
  base::FakeClock clock_;
  SafetyOptions safety_;
  Result<> result_;
  std::vector<std::string> events_;
  std::vector<DeployEvent> kept_;
};

TEST_F(StackRemoverTest, RemovesDependentsFirstThenTheDebugStackWithItsBucket) {
  for (const char* name : {"data", "api", "debug"}) have(name);
  cloudformation_.at("debug").resources = {{"Bucket", "the-bucket", "AWS::S3::Bucket"}};
  s3_.page = 2;
  for (const char* key : {"a", "b", "c"}) s3_.objects[std::string("the-bucket/") + key] = "x";
  s3_.objects["other/a"] = "x";
  ASSERT_TRUE(remove({{"data"}, {"api", {"data"}}}, "debug"));
  EXPECT_THAT(cloudformation_.calls, ElementsAre("delete stack api", "delete stack data", "delete stack debug"));
  EXPECT_EQ(s3_.objects, (std::map<std::string, std::string>{{"other/a", "x"}}));
  EXPECT_EQ(events_.back(), "debug DELETE_COMPLETE");
}

TEST_F(StackRemoverTest, GoesOnWhereAnInterruptedRemovalEnded) {
  have("api", "DELETE_IN_PROGRESS");
  cloudformation_.have_stack("debug", "REVIEW_IN_PROGRESS", {});
  ASSERT_TRUE(remove({{"data"}, {"api", {"data"}}}, "debug"));
  EXPECT_THAT(cloudformation_.calls, ElementsAre("delete stack debug"));
  EXPECT_THAT(events_, ElementsAre("api DELETE_IN_PROGRESS", "api DELETE_COMPLETE"));
  EXPECT_TRUE(remove({{"data"}, {"api", {"data"}}}));
}

TEST_F(StackRemoverTest, DeletesNothingIfOneOfThemMayNotBe) {
  have("data");
  have("api");
  cloudformation_.at("api").stack->termination_protection = true;
  auto result = remove({{"data"}, {"api"}});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().hint, HasSubstr("--no-enable-termination-protection --stack-name api"));
  cloudformation_.at("api").stack->termination_protection = false;
  cloudformation_.at("api").stack->tags = stack_tags("app", "other");
  EXPECT_THAT(remove({{"data"}, {"api"}}).error().message, HasSubstr("api is not of the app app on stage dev"));
  EXPECT_TRUE(cloudformation_.calls.empty());
}

TEST_F(StackRemoverTest, WhatWasTakenOverGoesOnlyWhenItIsSaid) {
  have("api");
  cloudformation_.at("api").stack->tags[kTakenOverTag] = "true";
  EXPECT_THAT(remove({{"api"}}).error().hint, HasSubstr("--take-over"));
  safety_.take_over = true;
  EXPECT_TRUE(remove({{"api"}}));
}

TEST_F(StackRemoverTest, NamesTheBucketsThatAreNotEmptyAndWhatIsKept) {
  cloudformation_.have_stack("api", "CREATE_COMPLETE", stack_tags("app", "dev"));
  cloudformation_.at("api").operations = {
      {{.events = {FakeCloudFormation::own_event("DELETE_IN_PROGRESS", {}, "api"),
                   FakeCloudFormation::event("Table", "AWS::DynamoDB::Table", "DELETE_SKIPPED"),
                   FakeCloudFormation::event("Bucket", "AWS::S3::Bucket", "DELETE_FAILED",
                                             "The bucket you tried to delete is not empty"),
                   FakeCloudFormation::own_event("DELETE_FAILED", {}, "api")},
        .status = "DELETE_FAILED"}}};
  auto result = remove({{"api"}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "stack api has buckets that are not empty: physical-Bucket (Bucket)");
  EXPECT_THAT(result.error().hint, HasSubstr("aws s3 rm s3://physical-Bucket --recursive"));
  ASSERT_EQ(kept_.size(), 1U);
  EXPECT_EQ(kept_[0].physical_id, "physical-Table");
}

}  // namespace
}  // namespace deploy
