#include "deploy/debug_stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "aws/sigv4.h"
#include "codec/json.h"

namespace deploy {
namespace {

namespace json = codec::json;
using testing::HasSubstr;

json::value read_template() {
  auto value = codec::parse_json(debug_stack_template());
  return value ? *value : json::value();
}

std::string deployment_id(const json::value& stack) {
  for (const auto& [id, resource] : stack.at("Resources").as_object()) {
    if (codec::find_string(resource, "Type") == "AWS::ApiGatewayV2::Deployment") return std::string(id);
  }
  return {};
}

TEST(DebugStack, HasTheBridgeAndABucketAndNoFunction) {
  auto stack = read_template();
  std::multiset<std::string> types;
  for (const auto& [id, resource] : stack.at("Resources").as_object())
    types.insert(codec::find_string(resource, "Type"));
  EXPECT_EQ(types, (std::multiset<std::string>{
                       "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Route",
                       "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::IntegrationResponse",
                       "AWS::ApiGatewayV2::RouteResponse", "AWS::ApiGatewayV2::Deployment", "AWS::ApiGatewayV2::Stage",
                       "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::IAM::Role"}));
}

TEST(DebugStack, ConnectIsSignedAndHelloIsAnsweredByTheApiItself) {
  auto stack = read_template();
  const auto& resources = stack.at("Resources");
  const auto& connect = resources.at("ConnectRoute").at("Properties").as_object();
  EXPECT_EQ(connect.at("AuthorizationType"), "AWS_IAM");
  EXPECT_FALSE(connect.contains("Target"));
  EXPECT_EQ(codec::find_string(resources, "HelloIntegration", "Properties", "IntegrationType"), "MOCK");
  EXPECT_EQ(codec::find_string(resources, "HelloIntegration", "Properties", "TemplateSelectionExpression"),
            "\\$default");
  std::string answer =
      codec::find_string(resources, "HelloIntegrationResponse", "Properties", "ResponseTemplates", "$default");
  EXPECT_EQ(
      answer,
      R"({"action":"hello","connectionId":"$context.connectionId","requestTimeEpoch":"$context.requestTimeEpoch"})");
  EXPECT_EQ(codec::find_string(resources, "HelloRoute", "Properties", "RouteResponseSelectionExpression"), "$default");
}

// A deployment is a snapshot: everything it shows must be there before it, and the stage must show this one.
TEST(DebugStack, DeploymentWaitsForEverythingItShows) {
  auto stack = read_template();
  std::string id = deployment_id(stack);
  ASSERT_THAT(id, ::testing::MatchesRegex("Deployment[0-9a-f]{12}"));
  std::set<std::string> waits;
  for (const auto& name : stack.at("Resources").at(id).at("DependsOn").as_array())
    waits.insert(std::string(name.as_string()));
  EXPECT_EQ(waits, (std::set<std::string>{"ConnectRoute", "HelloIntegration", "HelloIntegrationResponse", "HelloRoute",
                                          "HelloRouteResponse"}));
  EXPECT_EQ(codec::find_string(stack, "Resources", "Stage", "Properties", "DeploymentId", "Ref"), id);
  EXPECT_EQ(codec::find_string(stack, "Resources", "Stage", "Properties", "StageName"), kApiStage);
}

// Whoever changes the template raises its version, so that an older livelambda leaves it alone.
TEST(DebugStack, ChangesOnlyWithItsVersion) {
  EXPECT_EQ(kDebugStackVersion, 2);
  EXPECT_EQ(aws::sha256_hex(debug_stack_template()),
            "ca4eca4c8e443161e3eb06a67565a2d4aff882eeff03901d2fcbdb89ccf27196");
  EXPECT_EQ(codec::find_string(read_template(), "Outputs", "Version", "Value"), "2");
}

// The template of the first release; what forces a replacement, as CloudFormation's reference has it.
TEST(DebugStack, UpgradesNeverReplaceTheApiTheTableOrTheBucket) {
  std::ifstream file("src/deploy/testing/debug_stack_1.json");
  auto first = codec::parse_json(std::string(std::istreambuf_iterator<char>(file), {}));
  ASSERT_TRUE(first);
  auto now = read_template();
  const std::map<std::string, std::vector<std::string>> forcing = {
      {"Api", {"ProtocolType"}},
      {"Stage", {"ApiId", "StageName"}},
      {"Table", {"TableName", "KeySchema", "AttributeDefinitions", "ImportSourceSpecification"}},
      {"Bucket", {"BucketName", "ObjectLockEnabled", "BucketNamespace", "BucketNamePrefix"}}};
  for (const auto& [id, names] : forcing) {
    const auto& before = first->at("Resources").at(id);
    const auto& after = now.at("Resources").at(id);
    EXPECT_EQ(before.at("Type"), after.at("Type"));
    EXPECT_FALSE(after.as_object().contains("Condition")) << id;
    for (const auto& name : names) {
      const auto* old_value = codec::find(before, "Properties", name);
      const auto* new_value = codec::find(after, "Properties", name);
      ASSERT_EQ(old_value == nullptr, new_value == nullptr) << id << " " << name;
      if (old_value != nullptr) EXPECT_EQ(*old_value, *new_value) << id << " " << name;
    }
  }
  for (const auto& [name, output] : first->at("Outputs").as_object())
    EXPECT_TRUE(now.at("Outputs").as_object().contains(name)) << name;
}

TEST(DebugStack, BridgeRoleIsThereForTheRolesThatAreNamedAndMayDoThreeThings) {
  auto role = read_template().at("Resources").at("BridgeRole");
  EXPECT_EQ(role.at("Condition"), "HasBridgeRole");
  const auto& trust = role.at("Properties").at("AssumeRolePolicyDocument").at("Statement").as_array();
  ASSERT_EQ(trust.size(), 1U);
  EXPECT_EQ(codec::find_string(trust[0], "Principal", "AWS", "Ref"), "BridgeRolePrincipals");
  EXPECT_EQ(trust[0].at("Action"), "sts:AssumeRole");
  std::map<std::string, std::string> allowed;
  for (const auto& one :
       role.at("Properties").at("Policies").as_array()[0].at("PolicyDocument").at("Statement").as_array())
    allowed[std::string(one.at("Action").as_string())] = codec::to_text(one.at("Resource"));
  EXPECT_EQ(allowed.size(), 3U);
  EXPECT_EQ(allowed["dynamodb:GetItem"], R"({"Fn::GetAtt":["Table","Arn"]})");
  EXPECT_THAT(allowed["execute-api:Invoke"], HasSubstr("${Api}/live/*\""));
  EXPECT_THAT(allowed["execute-api:ManageConnections"], HasSubstr("${Api}/live/POST/@connections/*\""));
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(debug_stack_parameters({"b", "a", "b"}), (Parameters{{"BridgeRolePrincipals", "a,b"}}));
  EXPECT_EQ(debug_stack_parameters({}), (Parameters{{"BridgeRolePrincipals", ""}}));
}

TEST(DebugStack, AnOlderLivelambdaLeavesANewerOneAlone) {
  StackState state{.exists = true, .name = "dev-app-debug-stack"};
  EXPECT_TRUE(check_debug_stack_version(state));
  state.outputs["Version"] = std::to_string(kDebugStackVersion);
  EXPECT_TRUE(check_debug_stack_version(state));
  state.outputs["Version"] = "99";
  auto refused = check_debug_stack_version(state);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("made by a newer livelambda (version 99"));
}

TEST(DebugStack, IsTheSameEveryTimeAndFitsARequest) {
  EXPECT_EQ(debug_stack_template(), debug_stack_template());
  EXPECT_LT(debug_stack_template().size(), 51'200U);
}

TEST(DebugStack, OutputsAreReadBack) {
  auto stack = read_template();
  std::map<std::string, std::string> outputs;
  for (const auto& [name, output] : stack.at("Outputs").as_object())
    outputs[std::string(name)] = "value of " + std::string(name);
  auto read = read_debug_stack(outputs);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->url, "value of Url");
  EXPECT_EQ(read->api_arn, "value of ApiArn");
  EXPECT_EQ(read->bucket, "value of Bucket");
  outputs.erase("Table");
  auto missing = read_debug_stack(outputs);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, base::ErrorKind::deployment);
  EXPECT_THAT(missing.error().message, HasSubstr("Table"));
}

}  // namespace
}  // namespace deploy
