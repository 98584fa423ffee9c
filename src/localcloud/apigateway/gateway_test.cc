// HTTP and REST APIs as CloudFormation makes them and a client sees them, with a Lambda that is a fake.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"
#include "localcloud/apigateway/gateway_service.h"
#include "localcloud/apigateway/testing/api_world.h"

namespace localcloud {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kUri =
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/"
    "invocations";

// As the SAM transform writes it.
std::string http_body() {
  return R"({"openapi":"3.0.1","info":{"version":"1.0","title":"app"},"paths":{
    "/":{"get":{"x-amazon-apigateway-integration":{"type":"aws_proxy","httpMethod":"POST","payloadFormatVersion":"2.0","uri":")" +
         std::string(kUri) + R"("},"responses":{}}},
    "/items/{id}":{"x-amazon-apigateway-any-method":{"x-amazon-apigateway-integration":{"type":"aws_proxy","payloadFormatVersion":"2.0","uri":")" +
         std::string(kUri) + R"("}}}},
    "tags":[{"name":"httpapi:createdBy","x-amazon-apigateway-tag-value":"SAM"}]})";
}

std::string make_http_api(ApiWorld& world) {
  auto api = world.create("AWS::ApiGatewayV2::Api", R"({"FailOnWarnings":true,"Body":)" + http_body() + "}");
  world.create("AWS::ApiGatewayV2::Stage",
               R"({"ApiId":")" + api.physical_id + R"(","StageName":"$default","AutoDeploy":true})");
  return api.physical_id;
}

std::string make_rest_api(ApiWorld& world) {
  auto api = world.create("AWS::ApiGateway::RestApi",
                          R"({"Body":{"swagger":"2.0","info":{"title":"app"},"paths":{"/items/{id}":{"get":{
      "x-amazon-apigateway-integration":{"httpMethod":"POST","type":"aws_proxy","uri":")" +
                              std::string(kUri) + R"("},"responses":{}}}}}})");
  auto deployment =
      world.create("AWS::ApiGateway::Deployment", R"({"RestApiId":")" + api.physical_id + R"(","StageName":"Stage"})");
  world.create("AWS::ApiGateway::Stage", R"({"RestApiId":")" + api.physical_id +
                                             R"(","StageName":"Prod","DeploymentId":")" + deployment.physical_id +
                                             R"("})");
  return api.physical_id;
}

awaitable<void> http_scenario(ApiWorld& world) {
  std::string id = make_http_api(world);
  world.account.lambda.answer = [](const InvokeInput&) { return InvokeOutput{.payload = R"({"hello":1})"}; };
  auto root = co_await world.request("GET", "/" + id + "/?a=1");
  EXPECT_EQ(root.status, 200);
  EXPECT_EQ(root.body, R"({"hello":1})");
  auto event = codec::parse_json(world.account.lambda.invoked.at(0).payload).value();
  EXPECT_EQ(codec::find_string(event, "rawPath"), "/");
  EXPECT_EQ(codec::find_string(event, "rawQueryString"), "a=1");
  EXPECT_EQ(codec::find_string(event, "requestContext", "apiId"), id);
  EXPECT_EQ(codec::find_string(event, "requestContext", "domainName"), id + ".execute-api.us-east-1.amazonaws.com");
  EXPECT_THAT(world.account.lambda.asked_for,
              ElementsAre("arn:aws:execute-api:us-east-1:123456789012:" + id + "/$default/GET/"));

  auto missing = co_await world.request("POST", "/" + id + "/");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body, R"({"message":"Not Found"})");

  co_await world.request("DELETE", "/" + id + "/items/7");
  event = codec::parse_json(world.account.lambda.invoked.back().payload).value();
  EXPECT_EQ(codec::find_string(event, "routeKey"), "ANY /items/{id}");
  EXPECT_EQ(codec::find_string(event, "pathParameters", "id"), "7");

  world.account.lambda.answer = [](const InvokeInput&) {
    return InvokeOutput{.payload = "{}", .function_error = "Unhandled"};
  };
  auto failed = co_await world.request("GET", "/" + id + "/");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body, R"({"message":"Internal Server Error"})");

  world.account.lambda.permitted = false;
  EXPECT_EQ((co_await world.request("GET", "/" + id + "/")).status, 500);
  auto large = co_await world.request("GET", "/" + id + "/", std::string(10 * 1024 * 1024 + 1, 'x'));
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ((co_await world.request("GET", "/unknown/")).status, 403);
}

TEST(HttpApi, ServesItsRoutes) {
  ApiWorld world;
  world.run(http_scenario(world));
}

awaitable<void> rest_scenario(ApiWorld& world) {
  std::string id = make_rest_api(world);
  world.account.lambda.answer = [](const InvokeInput&) {
    return InvokeOutput{.payload = R"({"statusCode":201,"body":"ok"})"};
  };
  auto created = co_await world.request("GET", "/" + id + "/Prod/items/a%2Fb");
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.body, "ok");
  auto event = codec::parse_json(world.account.lambda.invoked.at(0).payload).value();
  EXPECT_EQ(codec::find_string(event, "path"), "/items/a%2Fb");
  EXPECT_EQ(codec::find_string(event, "pathParameters", "id"), "a/b");
  EXPECT_EQ(codec::find_string(event, "requestContext", "stage"), "Prod");
  auto missing = co_await world.request("GET", "/" + id + "/Prod/other");
  EXPECT_EQ(missing.status, 403);
  EXPECT_EQ(missing.body, R"({"message":"Missing Authentication Token"})");
  EXPECT_EQ((co_await world.request("GET", "/" + id + "/dev/items/1")).status, 403);
  EXPECT_EQ((co_await world.request("GET", "/" + id + "/Stage/items/1")).status, 201);
  world.account.lambda.answer = [](const InvokeInput&) { return InvokeOutput{.payload = R"({"hello":1})"}; };
  auto malformed = co_await world.request("GET", "/" + id + "/Prod/items/1");
  EXPECT_EQ(malformed.status, 502);
  EXPECT_EQ(malformed.body, R"({"message":"Internal server error"})");
}

TEST(RestApi, ServesItsMethods) {
  ApiWorld world;
  world.run(rest_scenario(world));
}

awaitable<void> iam_scenario(ApiWorld& world) {
  auto api = world.create("AWS::ApiGatewayV2::Api", R"({"Name":"a","ProtocolType":"HTTP"})");
  std::string of_api = R"({"ApiId":")" + api.physical_id + "\",";
  auto integration =
      world.create("AWS::ApiGatewayV2::Integration",
                   of_api + R"("IntegrationType":"AWS_PROXY","PayloadFormatVersion":"2.0","IntegrationUri":")" +
                       std::string(kUri) + R"("})");
  world.create("AWS::ApiGatewayV2::Route",
               of_api + R"("RouteKey":"GET /x","AuthorizationType":"AWS_IAM","Target":"integrations/)" +
                   integration.physical_id + R"("})");
  world.create("AWS::ApiGatewayV2::Stage", of_api + R"("StageName":"dev","AutoDeploy":true})");
  std::string path = "/" + api.physical_id + "/dev/x";
  EXPECT_EQ((co_await world.request("GET", path)).status, 403);
  EXPECT_EQ((co_await world.request("GET", path, "", true)).status, 200);
  EXPECT_EQ(world.account.iam.asked.back(),
            "execute-api:Invoke arn:aws:execute-api:us-east-1:123456789012:" + api.physical_id + "/dev/GET/x");
  world.account.iam.allow = [](auto, auto) { return false; };
  EXPECT_EQ((co_await world.request("GET", path, "", true)).status, 403);
}

TEST(HttpApi, AsksForIamWhereARouteDoes) {
  ApiWorld world;
  world.run(iam_scenario(world));
}

TEST(HttpApi, RefusesWhatItHasNotByName) {
  ApiWorld world;
  auto api = world.create("AWS::ApiGatewayV2::Api", R"({"Name":"a","ProtocolType":"HTTP"})");
  auto refused = world.try_create(
      "AWS::ApiGatewayV2::Integration",
      R"({"ApiId":")" + api.physical_id +
          R"(","IntegrationType":"HTTP_PROXY","ConnectionType":"VPC_LINK","IntegrationUri":"https://x"})");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("VPC_LINK"));
  refused = world.try_create("AWS::ApiGatewayV2::Route",
                             R"({"ApiId":")" + api.physical_id + R"(","RouteKey":"GET /","AuthorizationType":"JWT"})");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("JWT"));
}

TEST(Cors, PreflightsAreAnsweredByTheApi) {
  Cors cors{.origins = {"https://a.example"},
            .methods = {"GET", "PUT"},
            .headers = {"x-a"},
            .exposed = {},
            .max_age = 60,
            .credentials = true};
  net::Request request{.method = "OPTIONS",
                       .target = "/",
                       .headers = {{"Origin", "https://a.example"},
                                   {"Access-Control-Request-Method", "PUT"},
                                   {"Access-Control-Request-Headers", "X-A, X-B"}},
                       .body = ""};
  auto response = preflight_response(cors, request);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 204);
  EXPECT_EQ(response->headers.get("Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_EQ(response->headers.get("Access-Control-Allow-Headers"), "X-A");
  EXPECT_EQ(response->headers.get("Access-Control-Max-Age"), "60");
  request.headers.set("Origin", "https://b.example");
  EXPECT_FALSE(preflight_response(cors, request)->headers.has("Access-Control-Allow-Origin"));
  request.method = "GET";
  EXPECT_FALSE(preflight_response(cors, request));
}

TEST(Localize, RewritesLocalEndpointsInsideTexts) {
  auto known = [](std::string_view id) { return id == "abc123"; };
  auto localized = [&](std::string_view text, std::string_view endpoint) {
    return localize_endpoints(text, "us-east-1", endpoint, known);
  };
  EXPECT_EQ(localized("see https://abc123.execute-api.us-east-1.amazonaws.com/Prod/x!", "http://127.0.0.1:1"),
            "see http://127.0.0.1:1/_aws/execute-api/abc123/Prod/x!");
  EXPECT_EQ(localized("wss://abc123.execute-api.us-east-1.amazonaws.com/live", "https://127.0.0.1:1"),
            "wss://127.0.0.1:1/_aws/execute-api/abc123/live");
  std::string_view other =
      "https://zzz.execute-api.us-east-1.amazonaws.com/ https://abc123.execute-api.eu-west-1.amazonaws.com/";
  EXPECT_EQ(localized(other, "http://127.0.0.1:1"), other);
}

}  // namespace
}  // namespace localcloud
