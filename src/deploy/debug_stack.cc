#include "deploy/debug_stack.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "aws/sigv4.h"
#include "codec/json.h"

namespace deploy {
namespace {

namespace json = codec::json;

constexpr const char* kPrincipals = "BridgeRolePrincipals";
constexpr const char* kHasPrincipals = "HasBridgeRole";
constexpr const char* kVersionOutput = "Version";

json::object reference(std::string_view id) {
  return {{"Ref", id}};
}
json::object substitute(std::string_view pattern) {
  return {{"Fn::Sub", pattern}};
}
json::object attribute(std::string_view id, std::string_view name) {
  return {{"Fn::GetAtt", json::array({id, name})}};
}
json::object resource(std::string_view type, json::object properties) {
  return {{"Type", type}, {"Properties", std::move(properties)}};
}

// Everything that a deployment of the API takes a snapshot of.
json::object routes() {
  json::object resources;
  // The integration of $connect is optional: who is let in, IAM decides.
  resources["ConnectRoute"] =
      resource("AWS::ApiGatewayV2::Route",
               {{"ApiId", reference("Api")}, {"RouteKey", "$connect"}, {"AuthorizationType", "AWS_IAM"}});
  resources["HelloIntegration"] =
      resource("AWS::ApiGatewayV2::Integration", {{"ApiId", reference("Api")},
                                                  {"IntegrationType", "MOCK"},
                                                  {"PassthroughBehavior", "WHEN_NO_MATCH"},
                                                  {"TemplateSelectionExpression", "\\$default"},
                                                  {"RequestTemplates", {{"$default", R"({"statusCode":200})"}}}});
  resources["HelloIntegrationResponse"] = resource(
      "AWS::ApiGatewayV2::IntegrationResponse",
      {{"ApiId", reference("Api")},
       {"IntegrationId", reference("HelloIntegration")},
       {"IntegrationResponseKey", "/200/"},
       {"TemplateSelectionExpression", "\\$default"},
       {"ResponseTemplates",
        {{"$default",
          R"({"action":"hello","connectionId":"$context.connectionId","requestTimeEpoch":"$context.requestTimeEpoch"})"}}}});
  resources["HelloRoute"] =
      resource("AWS::ApiGatewayV2::Route", {{"ApiId", reference("Api")},
                                            {"RouteKey", "hello"},
                                            {"AuthorizationType", "NONE"},
                                            {"RouteResponseSelectionExpression", "$default"},
                                            {"Target", substitute("integrations/${HelloIntegration}")}});
  resources["HelloRouteResponse"] =
      resource("AWS::ApiGatewayV2::RouteResponse",
               {{"ApiId", reference("Api")}, {"RouteId", reference("HelloRoute")}, {"RouteResponseKey", "$default"}});
  return resources;
}

json::object api() {
  return resource("AWS::ApiGatewayV2::Api", {{"Name", reference("AWS::StackName")},
                                             {"ProtocolType", "WEBSOCKET"},
                                             {"RouteSelectionExpression", "$request.body.action"}});
}

json::object table() {
  return resource(
      "AWS::DynamoDB::Table",
      {{"BillingMode", "PAY_PER_REQUEST"},
       {"AttributeDefinitions", json::array({json::object{{"AttributeName", "pk"}, {"AttributeType", "S"}}})},
       {"KeySchema", json::array({json::object{{"AttributeName", "pk"}, {"KeyType", "HASH"}}})}});
}

json::object bucket() {
  json::object rule{{"ServerSideEncryptionByDefault", {{"SSEAlgorithm", "AES256"}}}};
  return resource("AWS::S3::Bucket",
                  {{"BucketEncryption", {{"ServerSideEncryptionConfiguration", json::array({rule})}}},
                   {"PublicAccessBlockConfiguration",
                    {{"BlockPublicAcls", true},
                     {"BlockPublicPolicy", true},
                     {"IgnorePublicAcls", true},
                     {"RestrictPublicBuckets", true}}}});
}

json::object statement(json::string action, json::value resource_arn) {
  return {{"Effect", "Allow"}, {"Action", std::move(action)}, {"Resource", std::move(resource_arn)}};
}

json::object policy(json::array statements) {
  return {{"Version", "2012-10-17"}, {"Statement", std::move(statements)}};
}

std::string api_arn_pattern() {
  return fmt::format("arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{Api}}/{}", kApiStage);
}

json::object bridge_role() {
  json::object trust{
      {"Effect", "Allow"}, {"Principal", {{"AWS", reference(kPrincipals)}}}, {"Action", "sts:AssumeRole"}};
  json::array allowed = {
      statement("dynamodb:GetItem", attribute("Table", "Arn")),
      statement("execute-api:Invoke", substitute(api_arn_pattern() + "/*")),
      statement("execute-api:ManageConnections", substitute(api_arn_pattern() + "/POST/@connections/*"))};
  json::object role = resource(
      "AWS::IAM::Role",
      {{"Description", "Assumed by stubs whose function has a role outside of the app, for the bridge alone"},
       {"AssumeRolePolicyDocument", policy({std::move(trust)})},
       {"Policies",
        json::array({json::object{{"PolicyName", "bridge"}, {"PolicyDocument", policy(std::move(allowed))}}})}});
  role["Condition"] = kHasPrincipals;
  return role;
}

json::object conditions() {
  json::object joined{{"Fn::Join", json::array({"", reference(kPrincipals)})}};
  json::object none{{"Fn::Equals", json::array({std::move(joined), ""})}};
  return {{kHasPrincipals, {{"Fn::Not", json::array({std::move(none)})}}}};
}

json::object outputs() {
  auto output = [](json::object value) { return json::object{{"Value", std::move(value)}}; };
  return {{"ApiId", output(reference("Api"))},
          {"Url", output(substitute(
                      fmt::format("wss://${{Api}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{}", kApiStage)))},
          {"ApiArn", output(substitute(api_arn_pattern()))},
          {"Table", output(reference("Table"))},
          {"TableArn", output(attribute("Table", "Arn"))},
          {"Bucket", output(reference("Bucket"))},
          {"BridgeRoleArn", {{"Condition", kHasPrincipals}, {"Value", attribute("BridgeRole", "Arn")}}},
          {kVersionOutput, {{"Value", std::to_string(kDebugStackVersion)}}}};
}

}  // namespace

std::string debug_stack_template() {
  json::object snapshot = routes();
  // A deployment is a snapshot: another one is made exactly when what it shows has changed, by another logical id.
  std::string deployment = "Deployment" + aws::sha256_hex(codec::to_text(snapshot)).substr(0, 12);
  json::array shown;
  for (const auto& [id, value] : snapshot) shown.emplace_back(id);

  json::object resources{{"Api", api()}};
  for (auto& [id, value] : snapshot) resources[id] = std::move(value);
  resources[deployment] = resource("AWS::ApiGatewayV2::Deployment", {{"ApiId", reference("Api")}});
  resources[deployment].get_object()["DependsOn"] = std::move(shown);
  resources["Stage"] =
      resource("AWS::ApiGatewayV2::Stage",
               {{"ApiId", reference("Api")}, {"StageName", kApiStage}, {"DeploymentId", reference(deployment)}});
  resources["Table"] = table();
  resources["Bucket"] = bucket();
  resources["BridgeRole"] = bridge_role();
  json::object principals{{"Type", "CommaDelimitedList"},
                          {"Default", ""},
                          {"Description", "ARNs of roles outside of the app whose functions are live"}};
  return codec::to_text(
      json::object{{"AWSTemplateFormatVersion", "2010-09-09"},
                   {"Description", "The bridge between live Lambda functions and a developer's machine (livelambda)"},
                   {"Parameters", {{kPrincipals, std::move(principals)}}},
                   {"Conditions", conditions()},
                   {"Resources", std::move(resources)},
                   {"Outputs", outputs()}});
}

std::vector<std::pair<std::string, std::string>> debug_stack_parameters(std::vector<std::string> outside_roles) {
  std::sort(outside_roles.begin(), outside_roles.end());
  outside_roles.erase(std::unique(outside_roles.begin(), outside_roles.end()), outside_roles.end());
  return {{kPrincipals, fmt::format("{}", fmt::join(outside_roles, ","))}};
}

base::Result<> check_debug_stack_version(const StackState& state) {
  auto found = state.outputs.find(kVersionOutput);
  int version = 1;
  if (found != state.outputs.end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), version);
  if (version <= kDebugStackVersion) return {};
  return base::fail(base::ErrorKind::deployment,
                    fmt::format("stack {} was made by a newer livelambda (version {} of it; this one knows {})",
                                state.name, version, kDebugStackVersion),
                    "Update livelambda, or work on another --stage.");
}

base::Result<DebugStack> read_debug_stack(const std::map<std::string, std::string>& outputs) {
  DebugStack stack;
  const std::pair<const char*, std::string*> wanted[] = {{"ApiId", &stack.api_id},       {"Url", &stack.url},
                                                         {"ApiArn", &stack.api_arn},     {"Table", &stack.table},
                                                         {"TableArn", &stack.table_arn}, {"Bucket", &stack.bucket}};
  for (const auto& [name, value] : wanted) {
    auto found = outputs.find(name);
    if (found == outputs.end() || found->second.empty()) {
      return base::fail(base::ErrorKind::deployment, fmt::format("the debug stack has no output {}", name),
                        "Delete the debug stack and run the command again.");
    }
    *value = found->second;
  }
  if (auto role = outputs.find("BridgeRoleArn"); role != outputs.end()) stack.bridge_role_arn = role->second;
  return stack;
}

}  // namespace deploy
