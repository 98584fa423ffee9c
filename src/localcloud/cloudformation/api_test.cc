#include "localcloud/cloudformation/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "localcloud/cloudformation/testing/fake_api.h"

namespace localcloud {
namespace {

using ::testing::ElementsAre;
using testing::FakeApi;
using ::testing::HasSubstr;
using testing::text_of;
using testing::texts_of;

constexpr const char* kOne = "{Resources: {A: {Type: 'Fake::Service::Thing', Properties: {Value: one}}}}";
constexpr const char* kTwo =
    "{Resources: {A: {Type: 'Fake::Service::Thing', Properties: {Name: new}}, B: {Type: 'Fake::Service::Thing', "
    "Properties: {Name: "
    "!Ref A}}}}";

net::Response change_set(FakeApi& api, const std::string& name, const std::string& body, const std::string& type) {
  return api.call("CreateChangeSet",
                  {{"StackName", "s"}, {"ChangeSetName", name}, {"TemplateBody", body}, {"ChangeSetType", type}});
}

TEST(ChangeSet, CreatesAStackWhenItIsExecuted) {
  FakeApi api;
  const auto made = change_set(api, "first", kOne, "CREATE");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_THAT(text_of(made, "Id"), HasSubstr(":changeSet/first/"));
  EXPECT_EQ(text_of(api.call("DescribeStacks", {{"StackName", "s"}}), "StackStatus"), "REVIEW_IN_PROGRESS");
  const auto described = api.call("DescribeChangeSet", {{"ChangeSetName", text_of(made, "Id")}});
  EXPECT_EQ(text_of(described, "Status"), "CREATE_COMPLETE");
  EXPECT_EQ(text_of(described, "ExecutionStatus"), "AVAILABLE");
  EXPECT_THAT(texts_of(described, "Action"), ElementsAre("Add"));
  EXPECT_EQ(api.call("ExecuteChangeSet", {{"StackName", "s"}, {"ChangeSetName", "first"}}).status, 200);
  EXPECT_EQ(text_of(api.call("DescribeStacks", {{"StackName", "s"}}), "StackStatus"), "CREATE_COMPLETE");
  const auto again = api.call("ExecuteChangeSet", {{"StackName", "s"}, {"ChangeSetName", "first"}});
  EXPECT_EQ(text_of(again, "Code"), "InvalidChangeSetStatus");
}

TEST(ChangeSet, TellsReplacementAndWhatDependsOnIt) {
  FakeApi api;
  api.call("CreateStack", {{"StackName", "s"},
                           {"TemplateBody",
                            "{Resources: {A: {Type: 'Fake::Service::Thing', Properties: {Name: old}}, "
                            "B: {Type: 'Fake::Service::Thing', Properties: {Name: !Ref A}}, "
                            "Gone: {Type: 'Fake::Service::Thing'}}}"}});
  change_set(api, "c", kTwo, "UPDATE");
  const auto described = api.call("DescribeChangeSet", {{"StackName", "s"}, {"ChangeSetName", "c"}});
  EXPECT_THAT(texts_of(described, "Action"), ElementsAre("Modify", "Modify", "Remove"));
  EXPECT_THAT(texts_of(described, "Replacement"), ElementsAre("True", "Conditional"));
  EXPECT_THAT(texts_of(described, "RequiresRecreation"), ElementsAre("Always", "Conditionally"));
  EXPECT_THAT(texts_of(described, "Evaluation"), ElementsAre("Static", "Dynamic"));
}

TEST(ChangeSet, WithoutChangesFails) {
  FakeApi api;
  api.call("CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}});
  EXPECT_EQ(change_set(api, "c", kOne, "UPDATE").status, 200);
  const auto described = api.call("DescribeChangeSet", {{"StackName", "s"}, {"ChangeSetName", "c"}});
  EXPECT_EQ(text_of(described, "Status"), "FAILED");
  EXPECT_EQ(text_of(described, "ExecutionStatus"), "UNAVAILABLE");
  EXPECT_EQ(text_of(described, "StatusReason"),
            "The submitted information didn't contain changes. Submit different information to create a change set.");
}

TEST(ChangeSet, ShowsAFailedTransform) {
  FakeApi api;
  change_set(api, "c",
             "{Transform: 'AWS::Serverless-2016-10-31', Resources: {S: {Type: 'AWS::Serverless::StateMachine'}}}",
             "CREATE");
  const auto described = api.call("DescribeChangeSet", {{"StackName", "s"}, {"ChangeSetName", "c"}});
  EXPECT_EQ(text_of(described, "Status"), "FAILED");
  EXPECT_THAT(text_of(described, "StatusReason"), HasSubstr("AWS::Serverless::StateMachine is not implemented"));
}

TEST(ChangeSet, OtherOnesGoWhenOneIsExecuted) {
  FakeApi api;
  change_set(api, "a", kOne, "CREATE");
  change_set(api, "b", kOne, "CREATE");
  api.call("ExecuteChangeSet", {{"StackName", "s"}, {"ChangeSetName", "b"}});
  EXPECT_THAT(texts_of(api.call("ListChangeSets", {{"StackName", "s"}}), "ChangeSetName"), ElementsAre("b"));
  const auto gone = api.call("DescribeChangeSet", {{"StackName", "s"}, {"ChangeSetName", "a"}});
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(text_of(gone, "Code"), "ChangeSetNotFound");
}

struct Refusal {
  const char* action;
  FakeApi::Parameters parameters;
  const char* code;
  const char* message;
};

class CloudFormationRefusals : public ::testing::TestWithParam<Refusal> {};

TEST_P(CloudFormationRefusals, AreWordedAsCloudFormationWordsThem) {
  FakeApi api;
  api.call("CreateStack", {{"StackName", "there"}, {"TemplateBody", kOne}});
  const auto answer = api.call(GetParam().action, GetParam().parameters);
  EXPECT_EQ(text_of(answer, "Code"), GetParam().code) << answer.body;
  EXPECT_THAT(text_of(answer, "Message"), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Table, CloudFormationRefusals,
    ::testing::Values(
        Refusal{"CreateStack",
                {{"StackName", "there"}, {"TemplateBody", kOne}},
                "AlreadyExistsException",
                "Stack [there] already exists"},
        Refusal{
            "CreateStack", {{"StackName", "1x"}, {"TemplateBody", kOne}}, "ValidationError", "[a-zA-Z][-a-zA-Z0-9]*"},
        Refusal{"CreateStack",
                {{"StackName", "x"}, {"TemplateBody", std::string(51'201, ' ')}},
                "ValidationError",
                "51200"},
        Refusal{"CreateStack",
                {{"StackName", "x"}, {"TemplateBody", "{Resources: {R: {Type: 'AWS::IAM::Role'}}}"}},
                "InsufficientCapabilitiesException",
                "Requires capabilities : [CAPABILITY_IAM]"},
        Refusal{"CreateStack",
                {{"StackName", "x"},
                 {"Capabilities.member.1", "CAPABILITY_IAM"},
                 {"TemplateBody", "{Resources: {R: {Type: 'AWS::IAM::Role', Properties: {RoleName: x}}}}"}},
                "InsufficientCapabilitiesException",
                "Requires capabilities : [CAPABILITY_NAMED_IAM]"},
        Refusal{"CreateStack",
                {{"StackName", "x"},
                 {"TemplateBody",
                  "{Transform: 'AWS::Serverless-2016-10-31', Resources: {R: {Type: 'Fake::Service::Thing'}}}"}},
                "InsufficientCapabilitiesException",
                "Requires capabilities : [CAPABILITY_AUTO_EXPAND]"},
        Refusal{"UpdateStack",
                {{"StackName", "gone"}, {"TemplateBody", kOne}},
                "ValidationError",
                "Stack [gone] does not exist"},
        Refusal{"DescribeStackEvents", {{"StackName", "gone"}}, "ValidationError", "Stack [gone] does not exist"},
        Refusal{"CreateChangeSet",
                {{"StackName", "there"}, {"ChangeSetName", "c"}, {"TemplateBody", kOne}, {"ChangeSetType", "CREATE"}},
                "ValidationError",
                "Stack [there] already exists and cannot be created again with the changeSet [c]."},
        Refusal{"CreateChangeSet",
                {{"StackName", "there"}, {"ChangeSetName", "c"}, {"TemplateBody", kOne}, {"ChangeSetType", "IMPORT"}},
                "NotImplemented",
                "IMPORT"},
        Refusal{"DetectStackDrift", {{"StackName", "there"}}, "NotImplemented", "cloudformation:DetectStackDrift"}));

TEST(StackTemplate, IsKeptBeforeAndAfterItsMacros) {
  FakeApi api;
  const std::string sam =
      "Transform: AWS::Serverless-2016-10-31\nResources: {T: {Type: 'AWS::Serverless::SimpleTable'}}\n";
  change_set(api, "c", sam, "CREATE");
  const auto template_at = [&](const char* stage) {
    return text_of(api.call("GetTemplate", {{"StackName", "s"}, {"ChangeSetName", "c"}, {"TemplateStage", stage}}),
                   "TemplateBody");
  };
  EXPECT_EQ(template_at("Original"), xml_escape(sam));
  EXPECT_THAT(template_at("Processed"), HasSubstr("AWS::DynamoDB::Table"));
}

TEST(StackTemplate, SummaryNamesParametersTypesAndCapabilities) {
  FakeApi api;
  const auto summary = api.call("GetTemplateSummary", {{"TemplateBody",
                                                        "{Parameters: {P: {Type: String, Default: d, AllowedValues: "
                                                        "[d, e]}}, Resources: {R: {Type: 'AWS::IAM::Role'}}}"}});
  EXPECT_EQ(text_of(summary, "ParameterKey"), "P");
  EXPECT_EQ(text_of(summary, "DefaultValue"), "d");
  EXPECT_THAT(summary.body, HasSubstr("<member>CAPABILITY_IAM</member>"));
  EXPECT_THAT(summary.body, HasSubstr("<member>AWS::IAM::Role</member>"));
}

TEST(StackParameters, AreKeptHiddenAndReused) {
  FakeApi api;
  const std::string body =
      "{Parameters: {P: {Type: String, NoEcho: true}}, Resources: {A: {Type: 'Fake::Service::Thing', Properties: "
      "{Value: !Ref P}}}}";
  api.call("CreateStack", {{"StackName", "s"},
                           {"TemplateBody", body},
                           {"Parameters.member.1.ParameterKey", "P"},
                           {"Parameters.member.1.ParameterValue", "hidden"}});
  EXPECT_EQ(text_of(api.call("DescribeStacks", {{"StackName", "s"}}), "ParameterValue"), "****");
  const auto same = api.call("UpdateStack", {{"StackName", "s"},
                                             {"UsePreviousTemplate", "true"},
                                             {"Parameters.member.1.ParameterKey", "P"},
                                             {"Parameters.member.1.UsePreviousValue", "true"}});
  EXPECT_EQ(text_of(same, "Message"), "No updates are to be performed.");
}

TEST(TerminationProtection, KeepsAStackFromBeingDeleted) {
  FakeApi api;
  api.call("CreateStack", {{"StackName", "s"}, {"TemplateBody", kOne}, {"EnableTerminationProtection", "true"}});
  EXPECT_EQ(text_of(api.call("DeleteStack", {{"StackName", "s"}}), "Message"),
            "Stack [s] cannot be deleted while TerminationProtection is enabled");
  api.call("UpdateTerminationProtection", {{"StackName", "s"}, {"EnableTerminationProtection", "false"}});
  EXPECT_EQ(api.call("DeleteStack", {{"StackName", "s"}}).status, 200);
}

}  // namespace
}  // namespace localcloud
