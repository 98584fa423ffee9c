#include "app/rewrite_roles.h"

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

TEST(BridgeGrants, GiveBothRolesOfAChoiceAPolicyWhereThatRoleIs) {
  auto outcome = rewritten(R"(
Parameters: {Which: {Type: String}}
Conditions: {A: !Equals [!Ref Which, a], B: !Not [!Condition A]}
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties: {Code: a, Handler: a.b, Runtime: nodejs22.x, Role: !If [A, !GetAtt One.Arn, !GetAtt Two.Arn]}
  One: {Type: AWS::IAM::Role, Condition: A, Properties: {}}
  Two: {Type: AWS::IAM::Role, Condition: B, Properties: {}}
)");
  const auto& resources = outcome.document.at("Resources");
  expect_tree(resources.at("F").at("DependsOn"), "[LiveLambdaOne, LiveLambdaTwo]");
  EXPECT_EQ(codec::find_string(resources, "LiveLambdaOne", "Condition"), "A");
  EXPECT_EQ(codec::find_string(resources, "LiveLambdaTwo", "Condition"), "B");
  expect_tree(resources.at("LiveLambdaTwo").at("Properties").at("RoleName"), "!Ref Two");
}

TEST(BridgeGrants, LeaveRolesOfOtherPlacesAloneAndTakeTheBridgedStub) {
  auto outcome = rewritten(R"(
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties: {Code: a, Handler: a.b, Runtime: nodejs22.x, Role: 'arn:aws:iam::123456789012:role/theirs'}
  G:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: a
      Handler: a.b
      Runtime: nodejs22.x
      Architectures: [arm64]
      Role: 'arn:aws:iam::123456789012:role/theirs'
)");
  const auto& resources = outcome.document.at("Resources");
  expect_tree(resources.at("F"), R"(
    Type: AWS::Lambda::Function
    Properties:
      Code: {S3Bucket: !Ref LiveLambdaBucket, S3Key: !Ref LiveLambdaBridgedStubX8664}
      Handler: a.b
      Runtime: provided.al2023
      Role: arn:aws:iam::123456789012:role/theirs
)");
  EXPECT_FALSE(resources.at("G").at("Properties").as_object().contains("Policies"));
  EXPECT_THAT(outcome.parameters,
              ElementsAre("LiveLambdaBucket", "LiveLambdaBridgedStubX8664", "LiveLambdaBridgedStubArm64"));
  EXPECT_THAT(outcome.outside_roles, ElementsAre("arn:aws:iam::123456789012:role/theirs"));
  EXPECT_THAT(words_on(outcome, "F"), ElementsAre(HasSubstr("assumes the debug stack's bridge role")));
}

}  // namespace
}  // namespace app
