#include "localcloud/cloudformation/stack_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "localcloud/cloudformation/testing/fake_api.h"

namespace localcloud {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeApi;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::text_of;
using testing::texts_of;

// "Fake::Service::Thing" resources: {"A", "{Value: x}"}.
std::string things(const std::vector<std::pair<std::string, std::string>>& resources, const std::string& rest = "") {
  std::string body = "Resources:\n";
  for (const auto& [id, properties] : resources) {
    body += fmt::format("  {}: {{Type: 'Fake::Service::Thing', Properties: {}}}\n", id, properties);
  }
  return body + rest;
}

std::string status(FakeApi& api) {
  return text_of(api.call("DescribeStacks", {{"StackName", "s"}}), "StackStatus");
}

void deploy(FakeApi& api, const std::string& body, const std::string& action) {
  const auto answer = api.call(action, {{"StackName", "s"}, {"TemplateBody", body}});
  ASSERT_EQ(answer.status, 200) << answer.body;
}

TEST(CreateStack, MakesResourcesInOrderAndResolvesOutputs) {
  FakeApi api;
  deploy(api,
         things({{"A", "{Value: !GetAtt B.Arn}"}, {"B", "{}"}},
                "Outputs: {O: {Value: !Sub '${A.Value}!', Description: d, Export: {Name: shared}}}\n"),
         "CreateStack");
  EXPECT_THAT(api.log.calls, ElementsAre("create B", "create A"));
  const auto stacks = api.call("DescribeStacks", {{"StackName", "s"}});
  EXPECT_EQ(text_of(stacks, "StackStatus"), "CREATE_COMPLETE");
  EXPECT_EQ(text_of(stacks, "OutputValue"), "arn:B-1!");
  EXPECT_EQ(text_of(api.call("ListExports"), "Name"), "shared");
}

TEST(CreateStack, ShowsItsProgressToWhoeverPolls) {
  FakeApi api;
  const auto answer = api.begin("CreateStack", {{"StackName", "s"}, {"TemplateBody", things({{"A", "{}"}})}});
  EXPECT_THAT(text_of(answer, "StackId"), HasSubstr(":stack/s/"));
  const auto meanwhile = api.begin("DescribeStackEvents", {{"StackName", "s"}});
  EXPECT_THAT(texts_of(meanwhile, "ResourceStatus"), ElementsAre("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS"));
  EXPECT_EQ(text_of(meanwhile, "ResourceStatusReason"), "User Initiated");
  EXPECT_EQ(text_of(api.begin("DescribeStacks", {{"StackName", "s"}}), "StackStatus"), "CREATE_IN_PROGRESS");
  api.finish();
  EXPECT_THAT(texts_of(api.call("DescribeStackEvents", {{"StackName", "s"}}), "ResourceStatus"),
              ElementsAre("CREATE_COMPLETE", "CREATE_COMPLETE", "CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS",
                          "CREATE_IN_PROGRESS"));
}

TEST(CreateStack, RollsBackWhatItMade) {
  FakeApi api;
  api.log.fail_create = {"B"};
  deploy(api, things({{"A", "{}"}, {"B", "{Value: !Ref A}"}, {"C", "{Value: !Ref B}"}}), "CreateStack");
  EXPECT_THAT(api.log.calls, ElementsAre("create A", "create B", "remove A-1"));
  EXPECT_EQ(status(api), "ROLLBACK_COMPLETE");
  const auto events = api.call("DescribeStackEvents", {{"StackName", "s"}});
  EXPECT_THAT(texts_of(events, "ResourceStatusReason"), Contains("cannot be made"));
  EXPECT_THAT(texts_of(events, "ResourceStatusReason"),
              Contains("The following resource(s) failed to create: [B]. Rollback requested by user."));
  const auto update = api.call("UpdateStack", {{"StackName", "s"}, {"TemplateBody", things({{"A", "{}"}})}});
  EXPECT_THAT(text_of(update, "Message"), HasSubstr("is in ROLLBACK_COMPLETE state and can not be updated."));
}

TEST(CreateStack, RefusesUnknownTypesAndPropertiesByNameBeforeItMakesAnything) {
  FakeApi api;
  deploy(api, "Resources: {Q: {Type: 'AWS::SQS::Queue'}, A: {Type: 'Fake::Service::Thing', Properties: {Colour: red}}}",
         "CreateStack");
  EXPECT_THAT(api.log.calls, IsEmpty());
  const auto reasons = texts_of(api.call("DescribeStackEvents", {{"StackName", "s"}}), "ResourceStatusReason");
  EXPECT_THAT(reasons, Contains("Resource type AWS::SQS::Queue is not implemented by the local cloud"));
  EXPECT_THAT(reasons, Contains("Encountered unsupported property Colour"));
  EXPECT_EQ(status(api), "ROLLBACK_COMPLETE");
}

TEST(CreateStack, SaysWhatIsWithoutEffect) {
  FakeApi api;
  deploy(api, things({{"A", "{Quiet: 1}"}}), "CreateStack");
  EXPECT_THAT(texts_of(api.call("DescribeStackEvents", {{"StackName", "s"}}), "ResourceStatusReason"),
              Contains("Property Quiet of Fake::Service::Thing is accepted without effect by the local cloud"));
}

TEST(CreateStack, LeavesOutWhatConditionsExclude) {
  FakeApi api;
  deploy(api,
         "Conditions: {No: !Equals [a, b]}\nResources: {A: {Type: 'Fake::Service::Thing', Condition: No}, "
         "B: {Type: 'Fake::Service::Thing'}}",
         "CreateStack");
  EXPECT_THAT(api.log.calls, ElementsAre("create B"));
}

TEST(UpdateStack, ChangesOnlyWhatDiffers) {
  FakeApi api;
  deploy(api, things({{"A", "{Value: one}"}, {"B", "{Value: !GetAtt A.Value}"}, {"C", "{Value: c}"}}), "CreateStack");
  api.log.calls.clear();
  deploy(api, things({{"A", "{Value: two}"}, {"B", "{Value: !GetAtt A.Value}"}, {"C", "{Value: c}"}}), "UpdateStack");
  EXPECT_THAT(api.log.calls, ElementsAre("update A two", "update B two"));
  EXPECT_EQ(status(api), "UPDATE_COMPLETE");
}

TEST(UpdateStack, ReplacesAndThenCleansUp) {
  FakeApi api;
  deploy(api, things({{"A", "{Name: one}"}, {"B", "{Value: !Ref A}"}, {"Gone", "{}"}}), "CreateStack");
  api.log.calls.clear();
  deploy(api, things({{"A", "{Name: two}"}, {"B", "{Value: !Ref A}"}}), "UpdateStack");
  EXPECT_THAT(api.log.calls, ElementsAre("create A", "update B A-4", "remove A-1", "remove Gone-3"));
  const auto resource = api.call("DescribeStackResource", {{"StackName", "s"}, {"LogicalResourceId", "A"}});
  EXPECT_EQ(text_of(resource, "PhysicalResourceId"), "A-4");
  EXPECT_THAT(
      text_of(api.call("DescribeStackResource", {{"StackName", "s"}, {"LogicalResourceId", "Gone"}}), "Message"),
      HasSubstr("does not exist"));
}

TEST(UpdateStack, RollsBackToTheOldProperties) {
  FakeApi api;
  deploy(api, things({{"A", "{Value: restored}"}, {"B", "{Name: one}"}, {"C", "{Value: restored}"}}), "CreateStack");
  api.log.calls.clear();
  api.log.fail_update = {"C"};
  deploy(api,
         things({{"A", "{Value: new}"}, {"B", "{Name: two}"}, {"New", "{}"}, {"C", "{Value: bad, Other: !Ref New}"}}),
         "UpdateStack");
  EXPECT_THAT(api.log.calls, ElementsAre("update A new", "create B", "create New", "update C bad",  //
                                         "update C restored", "update A restored", "remove New-5", "remove B-4"));
  EXPECT_EQ(status(api), "UPDATE_ROLLBACK_COMPLETE");
  const auto resource = api.call("DescribeStackResource", {{"StackName", "s"}, {"LogicalResourceId", "B"}});
  EXPECT_EQ(text_of(resource, "PhysicalResourceId"), "B-2");
  api.log.fail_update.clear();
  api.log.calls.clear();
  deploy(api, things({{"A", "{Value: restored}"}, {"B", "{Name: one}"}, {"C", "{Value: again}"}}), "UpdateStack");
  EXPECT_THAT(api.log.calls, ElementsAre("update C again"));
}

TEST(UpdateStack, RefusesWhatChangesNothing) {
  FakeApi api;
  deploy(api, things({{"A", "{Value: one}"}}), "CreateStack");
  const auto answer = api.call("UpdateStack", {{"StackName", "s"}, {"TemplateBody", things({{"A", "{Value: one}"}})}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(text_of(answer, "Message"), "No updates are to be performed.");
}

TEST(UpdateStack, CanChangeOutputsAlone) {
  FakeApi api;
  deploy(api, things({{"A", "{}"}}, "Outputs: {O: {Value: one}}"), "CreateStack");
  deploy(api, things({{"A", "{}"}}, "Outputs: {O: {Value: two}}"), "UpdateStack");
  EXPECT_EQ(text_of(api.call("DescribeStacks", {{"StackName", "s"}}), "OutputValue"), "two");
}

TEST(DeleteStack, RemovesInReverseOrderAndKeepsWhatIsRetained) {
  FakeApi api;
  deploy(api,
         "Resources:\n  A: {Type: 'Fake::Service::Thing'}\n  B: {Type: 'Fake::Service::Thing', DependsOn: A}\n"
         "  K: {Type: 'Fake::Service::Thing', DeletionPolicy: Retain}\n",
         "CreateStack");
  const auto id = text_of(api.call("DescribeStacks", {{"StackName", "s"}}), "StackId");
  api.log.calls.clear();
  EXPECT_EQ(api.call("DeleteStack", {{"StackName", "s"}}).status, 200);
  EXPECT_THAT(api.log.calls, ElementsAre("remove B-2", "remove A-1"));
  const auto by_name = api.call("DescribeStacks", {{"StackName", "s"}});
  EXPECT_EQ(by_name.status, 400);
  EXPECT_EQ(text_of(by_name, "Code"), "ValidationError");
  EXPECT_EQ(text_of(by_name, "Message"), "Stack with id s does not exist");
  EXPECT_EQ(text_of(api.call("DescribeStacks", {{"StackName", id}}), "StackStatus"), "DELETE_COMPLETE");
}

TEST(DeleteStack, StopsAtWhatCannotBeRemoved) {
  FakeApi api;
  deploy(api, things({{"A", "{}"}, {"B", "{Value: !Ref A}"}, {"C", "{}"}}), "CreateStack");
  api.log.calls.clear();
  api.log.fail_remove = {"B"};
  api.call("DeleteStack", {{"StackName", "s"}});
  EXPECT_EQ(status(api), "DELETE_FAILED");
  EXPECT_THAT(api.log.calls, Not(Contains("remove A-1")));
  api.log.fail_remove.clear();
  api.call("DeleteStack", {{"StackName", "s"}});
  EXPECT_EQ(status(api), "");
  EXPECT_THAT(api.log.calls, Contains("remove A-1"));
}

TEST(DeleteStack, WhileItIsCreatedWaitsForTheStepUnderWay) {
  FakeApi api;
  api.begin("CreateStack", {{"StackName", "s"}, {"TemplateBody", things({{"A", "{}"}, {"B", "{}"}})}});
  api.begin("DeleteStack", {{"StackName", "s"}});
  api.finish();
  EXPECT_THAT(api.log.calls, ElementsAre("create A", "remove A-1"));
  EXPECT_EQ(status(api), "");
}

TEST(Exports, InUseCannotGo) {
  FakeApi api;
  deploy(api, things({{"A", "{}"}}, "Outputs: {O: {Value: v, Export: {Name: shared}}}"), "CreateStack");
  const auto user = things({{"A", "{Value: !ImportValue shared}"}});
  EXPECT_EQ(api.call("CreateStack", {{"StackName", "user"}, {"TemplateBody", user}}).status, 200);
  api.call("DeleteStack", {{"StackName", "s"}});
  const auto stack = api.call("DescribeStacks", {{"StackName", "s"}});
  EXPECT_EQ(text_of(stack, "StackStatus"), "DELETE_FAILED");
  EXPECT_EQ(text_of(stack, "StackStatusReason"), "Export shared cannot be deleted as it is in use by user");
}

}  // namespace
}  // namespace localcloud
