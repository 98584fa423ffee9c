#include "app/serverless_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace app {
namespace {

namespace json = codec::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// As Serverless Framework 3.40.0 writes it, without what nobody reads.
std::string template_at(std::string_view time) {
  std::string text = R"({"Resources": {
  "ServerlessDeploymentBucket": {"Type": "AWS::S3::Bucket"},
  "IamRoleLambdaExecution": {"Type": "AWS::IAM::Role", "Properties": {}},
  "SendDashmailLambdaFunction": {"Type": "AWS::Lambda::Function", "Properties": {
    "Code": {"S3Bucket": {"Ref": "ServerlessDeploymentBucket"}, "S3Key": "serverless/orders/dev/TIME-x/orders.zip"},
    "Handler": "src/mail.handler", "Runtime": "nodejs20.x", "FunctionName": "orders-dev-send-mail", "Timeout": 6,
    "Layers": [{"Ref": "ToolsLambdaLayer"}],
    "MemorySize": 1024, "Role": {"Fn::GetAtt": ["IamRoleLambdaExecution", "Arn"]}}},
  "OldLambdaFunction": {"Type": "AWS::Lambda::Function", "Properties": {
    "Code": {"S3Bucket": {"Ref": "ServerlessDeploymentBucket"}, "S3Key": "serverless/orders/dev/TIME-x/old.zip"},
    "Handler": "old.handler", "Runtime": "dotnet8", "Role": {"Fn::GetAtt": ["IamRoleLambdaExecution", "Arn"]}}},
  "MadeLambdaFunction": {"Type": "AWS::Lambda::Function", "Properties": {
    "Code": {"S3Bucket": {"Ref": "ServerlessDeploymentBucket"}, "S3Key": "serverless/orders/dev/TIME-x/made.zip"},
    "Handler": "made.handler", "Runtime": "nodejs20.x", "Role": {"Fn::GetAtt": ["IamRoleLambdaExecution", "Arn"]}}},
  "ToolsLambdaLayer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"LayerName": "tools",
    "Content": {"S3Bucket": {"Ref": "ServerlessDeploymentBucket"}, "S3Key": "serverless/orders/dev/EARLIER-y/tools.zip"}}},
  "ApiGatewayRestApi": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "dev-orders"}},
  "ApiGatewayDeploymentTIME": {"Type": "AWS::ApiGateway::Deployment", "Properties": {
    "RestApiId": {"Ref": "ApiGatewayRestApi"}, "StageName": "dev"}}
}, "Outputs": {
  "DeploymentId": {"Value": {"Ref": "ApiGatewayDeploymentTIME"}},
  "ToolsLambdaLayerHash": {"Value": "2ea3"},
  "ToolsLambdaLayerS3Key": {"Value": "serverless/orders/dev/EARLIER-y/tools.zip"}}})";
  for (std::size_t at = text.find("TIME"); at != std::string::npos; at = text.find("TIME", at))
    text.replace(at, 4, time);
  return text;
}

std::string state_at(std::string_view time) {
  std::string text = R"({"service": {"service": "orders",
  "provider": {"name": "aws", "stage": "dev", "region": "eu-west-1", "stackTags": {"team": "red"}},
  "functions": {
    "send-mail": {"handler": "src/mail.handler", "package": {}, "name": "orders-dev-send-mail"},
    "old": {"handler": "old.handler", "package": {"individually": true, "artifact": "/app/.serverless/old.zip"}},
    "made": {"handler": "made.handler", "package": {"artifact": "build/made.zip"}}},
  "layers": {"tools": {"path": "./layers/tools/", "package": {"artifact": "/app/.serverless/tools.zip"}}},
  "initialServerlessConfig": {"package": {"artifact": "/app/.serverless/orders.zip"}},
  "artifact": "/app/.serverless/orders.zip"},
  "package": {"artifactDirectoryName": "serverless/orders/dev/TIME-x", "artifact": "orders.zip"}})";
  text.replace(text.find("TIME"), 4, time);
  return text;
}

ServerlessPackage package_at(std::string_view time) {
  return {.template_text = template_at(time),
          .state_text = state_at(time),
          .folder = ".livelambda/serverless/dev",
          .service_file = "/app/serverless.yml",
          .service_text = "service: orders\nfunctions:\n  send-mail:\n    handler: src/mail.handler\n"};
}

ServerlessService read(const ServerlessPackage& package, bool built = false) {
  auto service = read_serverless(package, {}, built);
  if (service) return std::move(*service);
  ADD_FAILURE() << service.error().message;
  return {};
}

std::string path_of(const Stack& stack, std::string_view id) {
  for (const LocalArtifact& artifact : stack.artifacts) {
    if (artifact.logical_id == id) return artifact.path;
  }
  return "";
}

TEST(ServerlessState, FindsTheSourceOfEachFunction) {
  ServerlessService service = read(package_at("1795446739105"));
  EXPECT_EQ(service.name, "orders");
  EXPECT_EQ(service.stack.name, "orders-dev");
  EXPECT_EQ(service.stack.region, "eu-west-1");
  EXPECT_EQ(service.stack.template_file, "/app/serverless.yml");
  const Function* mail = service.stack.function("SendDashmailLambdaFunction");
  ASSERT_NE(mail, nullptr);
  EXPECT_TRUE(mail->live) << to_string(mail->why_not);
  EXPECT_EQ(mail->source, ".");
  EXPECT_EQ(mail->handler, "src/mail.handler");
  EXPECT_EQ(mail->timeout_seconds, 6);
  EXPECT_EQ(mail->memory_mb, 1024);
  EXPECT_THAT(mail->roles, ElementsAre("IamRoleLambdaExecution"));
  EXPECT_EQ(mail->line, 3);
  EXPECT_EQ(path_of(service.stack, "SendDashmailLambdaFunction"), "");
}

TEST(ServerlessState, LeavesArchivesToWhatIsNotLive) {
  Stack stack = read(package_at("1795446739105")).stack;
  EXPECT_FALSE(stack.function("OldLambdaFunction")->live);
  EXPECT_EQ(path_of(stack, "OldLambdaFunction"), ".livelambda/serverless/dev/old.zip");
  EXPECT_FALSE(stack.function("MadeLambdaFunction")->live);
  EXPECT_EQ(path_of(stack, "MadeLambdaFunction"), "build/made.zip");
  EXPECT_EQ(path_of(stack, "ToolsLambdaLayer"), ".livelambda/serverless/dev/tools.zip");
}

TEST(ServerlessState, HasTheFoldersOfLayersForLiveFunctions) {
  auto layers = [](bool built) {
    return read(package_at("1795446739105"), built).stack.function("SendDashmailLambdaFunction")->layers;
  };
  ASSERT_EQ(layers(false).size(), 1U);
  EXPECT_EQ(layers(false)[0].source, "layers/tools");
  EXPECT_EQ(layers(true)[0].source, ".livelambda/serverless/dev/tools.zip");
}

TEST(ServerlessState, TakesEveryArchiveOfABuiltService) {
  Stack stack = read(package_at("1795446739105"), true).stack;
  for (const Function& function : stack.functions) EXPECT_FALSE(function.live) << function.logical_id;
  EXPECT_EQ(path_of(stack, "SendDashmailLambdaFunction"), ".livelambda/serverless/dev/orders.zip");
}

TEST(ServerlessState, TakesTheFolderOfAPythonModule) {
  ServerlessPackage package = package_at("1795446739105");
  package.state_text.replace(package.state_text.find("\"package\": {}"), 13, "\"module\": \"mail\"");
  EXPECT_EQ(read(package).stack.function("SendDashmailLambdaFunction")->source, "mail");
}

TEST(ServerlessState, MakesTheSameTemplateAtAnyTimeOfDay) {
  Stack one = read(package_at("1795446739105")).stack;
  Stack other = read(package_at("1801111111111")).stack;
  std::string text = codec::to_text(one.document.value);
  EXPECT_EQ(text, codec::to_text(other.document.value));
  EXPECT_THAT(text, Not(HasSubstr("1795446739105")));
  ServerlessPackage turned = package_at("1795446739105");
  auto members = codec::parse_json(turned.template_text).value();
  codec::json::object reversed;
  for (const char* section : {"Outputs", "Resources"}) {
    const auto* object = codec::find(members, section);
    if (object == nullptr) continue;
    std::vector<std::pair<std::string, codec::json::value>> entries;
    for (const auto& [key, value] : object->get_object()) entries.emplace_back(key, value);
    codec::json::object turned_section;
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) turned_section[entry->first] = entry->second;
    reversed[section] = std::move(turned_section);
  }
  turned.template_text = codec::to_text(reversed);
  EXPECT_EQ(text, codec::to_text(read(turned).stack.document.value)) << "whatever was ready first";
  ServerlessPackage changed = package_at("1795446739105");
  changed.template_text.replace(changed.template_text.find("dev-orders"), 10, "new-orders");
  std::string deployment = text.substr(text.find("ApiGatewayDeployment"), 36);
  EXPECT_THAT(codec::to_text(read(changed).stack.document.value), Not(HasSubstr(deployment)));
}

TEST(ServerlessState, ForgetsWhereTheFrameworkWouldLookForItsLayers) {
  const json::value document = read(package_at("1795446739105")).stack.document.value;
  EXPECT_EQ(codec::find(document, "Outputs", "ToolsLambdaLayerHash"), nullptr);
  EXPECT_EQ(codec::find(document, "Outputs", "ToolsLambdaLayerS3Key"), nullptr);
  EXPECT_NE(codec::find(document, "Outputs", "DeploymentId"), nullptr);
}

TEST(ServerlessState, UsesTheServicesOwnStackName) {
  ServerlessPackage package = package_at("1795446739105");
  package.state_text.replace(package.state_text.find("\"name\": \"aws\""), 13, "\"stackName\": \"shop\"");
  EXPECT_EQ(read(package).stack.name, "shop");
}

TEST(ServerlessState, RefusesWhatIsNoState) {
  for (const char* text : {"", "[]", "{}", R"({"service": 1, "package": {}})", R"({"service": {"service": "x"}})"}) {
    ServerlessPackage package = package_at("1795446739105");
    package.state_text = text;
    auto service = read_serverless(package, {}, false);
    ASSERT_FALSE(service) << text;
    EXPECT_EQ(service.error().kind, base::ErrorKind::invalid_input);
    EXPECT_EQ(service.error().file, "/app/serverless.yml");
  }
  ServerlessPackage package = package_at("1795446739105");
  package.template_text = R"({"Resources": []})";
  EXPECT_FALSE(read_serverless(package, {}, false));
}

TEST(ServerlessState, AddsStackTagsToTheServicesOwn) {
  auto text = with_stack_tags(state_at("1"), {{"livelambda:app", "orders"}, {"team", "blue"}});
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_THAT(*text, HasSubstr(R"("stackTags":{"team":"blue","livelambda:app":"orders"})"));
  EXPECT_FALSE(with_stack_tags("{}", {}));
  EXPECT_FALSE(with_stack_tags("no", {}));
}

}  // namespace
}  // namespace app
