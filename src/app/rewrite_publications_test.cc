#include "app/rewrite_publications.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/testing/rewriting.h"

namespace app {
namespace {

using app::testing::expect_tree;
using app::testing::rewritten;
using app::testing::words_on;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// As Serverless Framework compiles a function: the hash of its code is in the version's id.
std::string serverless_framework(std::string_view hash, int memory = 128) {
  return fmt::format(R"(
Resources:
  HelloLambdaFunction:
    Type: AWS::Lambda::Function
    Properties: {{Code: hello, Handler: a.b, Runtime: nodejs22.x, Role: !GetAtt Role.Arn, MemorySize: {1}}}
  HelloLambdaVersion{0}:
    Type: AWS::Lambda::Version
    DeletionPolicy: Retain
    Properties: {{FunctionName: !Ref HelloLambdaFunction, CodeSha256: {0}=, Description: mine}}
  HelloAlias:
    Type: AWS::Lambda::Alias
    DependsOn: HelloLambdaVersion{0}
    UpdatePolicy: {{CodeDeployLambdaAliasUpdate: {{ApplicationName: a, DeploymentGroupName: b}}}}
    Properties:
      FunctionName: !Ref HelloLambdaFunction
      FunctionVersion: !GetAtt HelloLambdaVersion{0}.Version
      Name: live
      ProvisionedConcurrencyConfig: {{ProvisionedConcurrentExecutions: 5}}
  Role: {{Type: AWS::IAM::Role, Properties: {{}}}}
Outputs:
  Version: {{Value: !Ref HelloLambdaVersion{0}}}
  Text: {{Value: !Sub 'at ${{HelloLambdaVersion{0}}} ${{!Literal}} ${{AWS::Region}}'}}
)",
                     hash, memory);
}

TEST(Publications, GiveAVersionAnIdThatNoEditOfTheCodeChanges) {
  auto outcome = rewritten(serverless_framework("abc123"));
  EXPECT_EQ(outcome.text, rewritten(serverless_framework("def456")).text);
  const auto& resources = outcome.document.at("Resources");
  const auto& version = resources.at("HelloLambdaFunctionLiveVersion");
  EXPECT_EQ(codec::find_string(version, "DeletionPolicy"), "Retain");
  EXPECT_FALSE(version.at("Properties").as_object().contains("CodeSha256"));
  EXPECT_EQ(std::next(resources.as_object().begin())->key(), "HelloLambdaFunctionLiveVersion");
  expect_tree(resources.at("HelloAlias"), R"(
    Type: AWS::Lambda::Alias
    DependsOn: HelloLambdaFunctionLiveVersion
    Properties:
      FunctionName: !Ref HelloLambdaFunction
      FunctionVersion: !GetAtt HelloLambdaFunctionLiveVersion.Version
      Name: live
)");
  expect_tree(outcome.document.at("Outputs"), R"(
  Version: {Value: !Ref HelloLambdaFunctionLiveVersion}
  Text: {Value: !Sub 'at ${HelloLambdaFunctionLiveVersion} ${!Literal} ${AWS::Region}'}
)");
  EXPECT_THAT(words_on(outcome, "HelloAlias"),
              ElementsAre(HasSubstr("no ProvisionedConcurrencyConfig"), HasSubstr("no CodeDeployLambdaAliasUpdate")));
}

TEST(Publications, ReplaceAVersionWhenTheStubOrTheFunctionsConfigurationChanges) {
  auto description = [](const Rewritten& outcome) {
    return outcome.document.at("Resources").at("HelloLambdaFunctionLiveVersion").at("Properties").at("Description");
  };
  auto one = description(rewritten(serverless_framework("a")));
  const auto& words = one.at("Fn::Join").as_array().at(1).as_array();
  EXPECT_EQ(words.at(0), "mine");
  expect_tree(words.at(2), "!Ref LiveLambdaStubX8664");
  EXPECT_NE(one, description(rewritten(serverless_framework("a", 256))));
}

TEST(Publications, KnowCdksCurrentVersion) {
  auto outcome = rewritten(R"(
Resources:
  Fn:
    Type: AWS::Lambda::Function
    Properties: {Code: hello, Handler: a.b, Runtime: nodejs22.x, Role: !GetAtt Role.Arn}
  FnCurrentVersion17A89ABB:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref Fn, RuntimePolicy: {UpdateRuntimeOn: FunctionUpdate}}
    Metadata: {'aws:cdk:path': Stack/Fn/CurrentVersion/Resource}
  Role: {Type: AWS::IAM::Role, Properties: {}}
)");
  const auto& resources = outcome.document.at("Resources").as_object();
  ASSERT_TRUE(resources.contains("FnLiveVersion"));
  EXPECT_FALSE(resources.contains("FnCurrentVersion17A89ABB"));
  EXPECT_FALSE(resources.at("FnLiveVersion").at("Properties").as_object().contains("RuntimePolicy"));
}

TEST(Publications, LeaveOtherVersionsTheirNames) {
  constexpr const char* kText = R"(
Resources:
  Stays:
    Type: AWS::Lambda::Function
    Properties: {Code: {S3Bucket: b, S3Key: k}, Handler: a.b, Runtime: nodejs22.x, Role: !GetAtt Role.Arn}
  Old:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref Stays, CodeSha256: abc=}
  Live:
    Type: AWS::Lambda::Function
    Properties: {Code: live, Handler: a.b, Runtime: nodejs22.x, Role: !GetAtt Role.Arn}
  One:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref Live, Description: first}
  Role: {Type: AWS::IAM::Role, Properties: {}}
)";
  auto source = codec::parse_yaml(kText);
  ASSERT_TRUE(source);
  auto outcome = rewritten(kText);
  for (const char* id : {"Stays", "Old", "One"}) {
    EXPECT_EQ(outcome.document.at("Resources").at(id), source->value.at("Resources").at(id)) << id;
  }
}

}  // namespace
}  // namespace app
