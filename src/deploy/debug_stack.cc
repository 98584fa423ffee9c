#include "deploy/debug_stack.h"

#include <fmt/format.h>

#include "aws/sigv4.h"
#include "codec/json.h"

namespace deploy {
namespace {

namespace json = codec::json;

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

json::object outputs() {
  auto output = [](json::object value) { return json::object{{"Value", std::move(value)}}; };
  return {{"ApiId", output(reference("Api"))},
          {"Url", output(substitute(
                      fmt::format("wss://${{Api}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{}", kApiStage)))},
          {"ApiArn",
           output(substitute(fmt::format(
               "arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{Api}}/{}", kApiStage)))},
          {"Table", output(reference("Table"))},
          {"TableArn", output(attribute("Table", "Arn"))},
          {"Bucket", output(reference("Bucket"))}};
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
  return codec::to_text(
      json::object{{"AWSTemplateFormatVersion", "2010-09-09"},
                   {"Description", "The bridge between live Lambda functions and a developer's machine (livelambda)"},
                   {"Resources", std::move(resources)},
                   {"Outputs", outputs()}});
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
  return stack;
}

}  // namespace deploy
