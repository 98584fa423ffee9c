#include "deploy/debug_stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  EXPECT_EQ(types, (std::multiset<std::string>{"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Route",
                                               "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Integration",
                                               "AWS::ApiGatewayV2::IntegrationResponse",
                                               "AWS::ApiGatewayV2::RouteResponse", "AWS::ApiGatewayV2::Deployment",
                                               "AWS::ApiGatewayV2::Stage", "AWS::DynamoDB::Table", "AWS::S3::Bucket"}));
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
