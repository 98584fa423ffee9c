// WebSocket APIs over loopback, with the debug stack's shape: IAM on $connect without an integration, a MOCK hello.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"
#include "localcloud/apigateway/testing/api_world.h"
#include "net/url.h"
#include "os/files.h"

namespace localcloud {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct DebugApi {
  explicit DebugApi(ApiWorld& in, std::string connect = R"("AuthorizationType":"AWS_IAM")", bool auto_deploy = false)
      : world(in) {
    id = world
             .create("AWS::ApiGatewayV2::Api",
                     R"({"Name":"debug","ProtocolType":"WEBSOCKET","RouteSelectionExpression":"$request.body.action"})")
             .physical_id;
    make("Route", R"("RouteKey":"$connect",)" + connect);
    integration = make("Integration", R"("IntegrationType":"MOCK","PassthroughBehavior":"WHEN_NO_MATCH",
      "TemplateSelectionExpression":"\\$default","RequestTemplates":{"$default":"{\"statusCode\":200}"})");
    make("IntegrationResponse", R"("IntegrationId":")" + integration +
                                    R"(","IntegrationResponseKey":"/200/","TemplateSelectionExpression":"\\$default",
         "ResponseTemplates":{"$default":"{\"action\":\"hello\",\"connectionId\":\"$context.connectionId\",\"time\":\"$context.requestTimeEpoch\"}"})");
    std::string route = make(
        "Route",
        R"("RouteKey":"hello","AuthorizationType":"NONE","RouteResponseSelectionExpression":"$default","Target":"integrations/)" +
            integration + R"(")");
    make("RouteResponse", R"("RouteId":")" + route + R"(","RouteResponseKey":"$default")");
    if (auto_deploy) {
      make("Stage", R"("StageName":"live","AutoDeploy":true)");
      return;
    }
    std::string deployment = make("Deployment", R"("Description":"x")");
    make("Stage", R"("StageName":"live","DeploymentId":")" + deployment + R"(")");
  }

  std::string make(std::string type, std::string properties) {
    return world.create("AWS::ApiGatewayV2::" + type, R"({"ApiId":")" + id + "\"," + properties + "}").physical_id;
  }
  std::string path() const { return "/" + id + "/live"; }
  std::string connection_path(std::string_view connection) const {
    return path() + "/%40connections/" + net::percent_encode(connection);
  }

  ApiWorld& world;
  std::string id;
  std::string integration;
};

awaitable<std::string> read_text(net::WebSocket& socket) {
  auto message = co_await socket.read();
  co_return message ? message->data : fmt::format("closed {}", message.error().status);
}

awaitable<std::string> hello(net::WebSocket& socket) {
  co_await socket.send_text(R"({"action":"hello"})");
  auto answer = codec::parse_json(co_await read_text(socket)).value();
  co_return codec::find_string(answer, "connectionId");
}

awaitable<void> exchange_scenario(ApiWorld& world) {
  DebugApi api(world);
  auto socket = (co_await world.connect(api.path())).value();
  EXPECT_EQ(world.account.iam.asked.back(),
            "execute-api:Invoke arn:aws:execute-api:us-east-1:123456789012:" + api.id + "/live/$connect");
  std::string id = co_await hello(*socket);
  EXPECT_EQ(id.size(), 16U);
  EXPECT_EQ(id.back(), '=');

  co_await socket->send_text("not json");
  std::string forbidden = co_await read_text(*socket);
  EXPECT_THAT(forbidden, StartsWith(R"({"message": "Forbidden", "connectionId":")" + id + "\""));
  EXPECT_EQ(codec::find_string(codec::parse_json(forbidden).value(), "message"), "Forbidden");

  EXPECT_EQ((co_await world.request("POST", api.connection_path(id), "first", true)).status, 200);
  EXPECT_EQ(co_await read_text(*socket), "first");
  EXPECT_EQ(world.account.iam.asked.back(),
            "execute-api:ManageConnections arn:aws:execute-api:us-east-1:123456789012:" + api.id +
                "/live/POST/@connections/{connectionId}");
  std::string large(131'072, 'x');
  EXPECT_EQ((co_await world.request("POST", api.connection_path(id), large, true)).status, 200);
  EXPECT_EQ(co_await read_text(*socket), large);

  auto got = co_await world.request("GET", api.connection_path(id), "", true);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(codec::find_string(codec::parse_json(got.body).value(), "identity", "sourceIp"), "127.0.0.1");
  EXPECT_EQ((co_await world.request("DELETE", api.connection_path(id), "", true)).status, 204);
  EXPECT_EQ(co_await read_text(*socket), "closed 1000");
  EXPECT_EQ((co_await world.request("POST", api.connection_path(id), "late", true)).status, 410);
}

TEST(WebSocketApi, CarriesHelloAndPosts) {
  ApiWorld world;
  world.run(exchange_scenario(world));
}

awaitable<void> refusal_scenario(ApiWorld& world) {
  DebugApi api(world);
  auto status = [](const base::Result<std::unique_ptr<net::WebSocket>>& socket) {
    return socket ? 101 : socket.error().status;
  };
  EXPECT_EQ(status(co_await world.connect(api.path(), false)), 403);
  auto right = world.account.iam.credentials;
  world.account.iam.credentials.secret_access_key = "other";
  auto url = world.url(api.path(), "ws");
  net::Request request{.method = "GET", .target = url.target, .headers = {{"Host", url.authority()}}, .body = {}};
  auto wrong = signed_request(request, "execute-api", right);
  wrong.headers.remove("Host");
  net::WebSocketOptions options;
  options.headers = wrong.headers;
  EXPECT_EQ(status(co_await net::connect_websocket(url, options, nullptr)), 403);
  world.account.iam.credentials = right;
  world.account.iam.allow = [](auto, auto) { return false; };
  EXPECT_EQ(status(co_await world.connect(api.path())), 403);
  EXPECT_EQ((co_await world.request("POST", api.connection_path("R0oXAdfD0kwCH6w="), "x", true)).status, 403);
  world.account.iam.allow = [](auto, auto) { return true; };
  EXPECT_EQ(status(co_await world.connect("/" + api.id + "/other")), 403);

  auto post = [&](std::string id, std::string body, bool sign, net::Headers headers) {
    return world.request("POST", api.connection_path(id), std::move(body), sign, std::move(headers));
  };
  EXPECT_EQ((co_await post("R0oXAdfD0kwCH6w=", "x", false, {})).status, 403);
  EXPECT_EQ((co_await post("R0oXAdfD0kwCH6w=", "x", true, {{"x-amz-content-sha256", "UNSIGNED-PAYLOAD"}})).status, 403);
  auto gone = co_await post("R0oXAdfD0kwCH6w=", "x", true, {});
  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(gone.headers.get("x-amzn-ErrorType"), "GoneException");
  EXPECT_EQ((co_await post("no-such-form!", "x", true, {})).status, 400);
  auto large = co_await post("R0oXAdfD0kwCH6w=", std::string(131'073, 'x'), true, {});
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(large.headers.get("x-amzn-ErrorType"), "PayloadTooLargeException");
}

TEST(WebSocketApi, RefusesWhoMayNot) {
  ApiWorld world;
  world.run(refusal_scenario(world));
}

awaitable<void> limits_scenario(ApiWorld& world) {
  DebugApi api(world);
  auto frames = (co_await world.connect(api.path())).value();
  co_await frames->send_fragmented(std::string(40'000, 'x'), 32'768);
  EXPECT_THAT(co_await read_text(*frames), HasSubstr("Forbidden"));
  co_await frames->send_text(std::string(32'769, 'x'));
  EXPECT_EQ(co_await read_text(*frames), "closed 1009");

  auto message = (co_await world.connect(api.path())).value();
  co_await message->send_fragmented(std::string(131'073, 'x'), 32'768);
  EXPECT_EQ(co_await read_text(*message), "closed 1009");
}

TEST(WebSocketApi, ClosesWith1009WhatIsTooLong) {
  ApiWorld world;
  world.run(limits_scenario(world));
}

awaitable<void> idle_scenario(ApiWorld& world) {
  DebugApi api(world);
  auto socket = (co_await world.connect(api.path())).value();
  auto advance = [&](int minutes) { world.account.clock.advance(std::chrono::minutes(minutes)); };
  std::string id = co_await hello(*socket);
  for (int i = 0; i < 14; ++i) {  // 112 minutes, kept open by messages one way or the other
    advance(8);
    if (i % 2 == 0) {
      EXPECT_EQ(co_await hello(*socket), id);
    } else {
      EXPECT_EQ((co_await world.request("POST", api.connection_path(id), "x", true)).status, 200);
      EXPECT_EQ(co_await read_text(*socket), "x");
    }
  }
  advance(9);
  EXPECT_EQ(co_await read_text(*socket), "closed 1001");

  auto idle = (co_await world.connect(api.path())).value();
  co_await hello(*idle);
  advance(10);
  EXPECT_EQ(co_await read_text(*idle), "closed 1001");
}

TEST(WebSocketApi, EndsIdleAndOldConnectionsByTheLocalClock) {
  ApiWorld world;
  world.run(idle_scenario(world));
}

awaitable<void> deployment_scenario(ApiWorld& world) {
  DebugApi api(world);
  api.make("Route", R"("RouteKey":"late","Target":"integrations/)" + api.integration + R"(")");
  auto socket = (co_await world.connect(api.path())).value();
  co_await socket->send_text(R"({"action":"late"})");
  EXPECT_THAT(co_await read_text(*socket), HasSubstr("Forbidden"));  // not part of the deployment

  DebugApi deployed(world, R"("AuthorizationType":"NONE")", true);
  deployed.make("Route", R"("RouteKey":"late","Target":"integrations/)" + deployed.integration + R"(")");
  auto second = (co_await world.connect(deployed.path(), false)).value();
  co_await second->send_text(R"({"action":"late"})");  // has no route response: nothing comes back
  EXPECT_FALSE((co_await hello(*second)).empty());
}

TEST(WebSocketApi, ADeploymentIsASnapshot) {
  ApiWorld world;
  world.run(deployment_scenario(world));
}

awaitable<void> mock_connect_scenario(ApiWorld& world) {
  auto api =
      world.create("AWS::ApiGatewayV2::Api",
                   R"({"Name":"m","ProtocolType":"WEBSOCKET","RouteSelectionExpression":"$request.body.action"})");
  std::string of_api = R"({"ApiId":")" + api.physical_id + "\",";
  auto integration = world.create("AWS::ApiGatewayV2::Integration", of_api + R"("IntegrationType":"MOCK"})");
  world.create("AWS::ApiGatewayV2::Route",
               of_api + R"("RouteKey":"$connect","Target":"integrations/)" + integration.physical_id + R"("})");
  world.create("AWS::ApiGatewayV2::Stage", of_api + R"("StageName":"live","AutoDeploy":true})");
  auto socket = co_await world.connect("/" + api.physical_id + "/live", false);
  EXPECT_FALSE(socket);
  if (!socket) EXPECT_EQ(socket.error().status, 500);
}

TEST(WebSocketApi, AMockOnConnectWithoutResponsesFailsTheHandshake) {
  ApiWorld world;
  world.run(mock_connect_scenario(world));
}

awaitable<void> lambda_scenario(ApiWorld& world) {
  auto api =
      world.create("AWS::ApiGatewayV2::Api",
                   R"({"Name":"l","ProtocolType":"WEBSOCKET","RouteSelectionExpression":"$request.body.action"})");
  std::string of_api = R"({"ApiId":")" + api.physical_id + "\",";
  auto integration = world.create(
      "AWS::ApiGatewayV2::Integration",
      of_api + R"("IntegrationType":"AWS_PROXY","IntegrationUri":"arn:aws:lambda:us-east-1:123456789012:function:f"})");
  for (const char* key : {"$connect", "$default", "$disconnect"}) {
    world.create("AWS::ApiGatewayV2::Route",
                 of_api + R"("RouteKey":")" + key + R"(","Target":"integrations/)" + integration.physical_id + R"("})");
  }
  world.create("AWS::ApiGatewayV2::Stage", of_api + R"("StageName":"live","AutoDeploy":true})");
  world.account.lambda.answer = [](const InvokeInput&) { return InvokeOutput{.payload = R"({"statusCode":200})"}; };
  auto socket = (co_await world.connect("/" + api.physical_id + "/live?token=x", false)).value();
  co_await socket->send_text("plain");
  auto& invoked = world.account.lambda.invoked;
  while (invoked.size() < 2) co_await turns(1);
  auto connect = codec::parse_json(invoked[0].payload).value();
  EXPECT_EQ(codec::find_string(connect, "requestContext", "eventType"), "CONNECT");
  EXPECT_EQ(codec::find_string(connect, "queryStringParameters", "token"), "x");
  auto message = codec::parse_json(invoked[1].payload).value();
  EXPECT_EQ(codec::find_string(message, "requestContext", "routeKey"), "$default");
  EXPECT_EQ(codec::find_string(message, "body"), "plain");
  EXPECT_EQ(codec::find_string(message, "requestContext", "connectionId"),
            codec::find_string(connect, "requestContext", "connectionId"));
  socket->abort();
  while (invoked.size() < 3) co_await turns(1);
  EXPECT_THAT(invoked[2].payload, HasSubstr(R"("eventType":"DISCONNECT")"));

  world.account.lambda.answer = [](const InvokeInput&) { return InvokeOutput{.payload = R"({"statusCode":401})"}; };
  auto refused = co_await world.connect("/" + api.physical_id + "/live", false);
  EXPECT_FALSE(refused);
  if (!refused) EXPECT_EQ(refused.error().status, 401);
}

TEST(WebSocketApi, RoutesMayGoToFunctions) {
  ApiWorld world;
  world.run(lambda_scenario(world));
}

awaitable<void> cut_scenario(ApiWorld& world) {
  DebugApi api(world);
  auto one = (co_await world.connect(api.path())).value();
  auto two = (co_await world.connect(api.path())).value();
  std::string id = co_await hello(*one);
  co_await hello(*two);
  EXPECT_EQ(world.gateway.cut_websockets(), 2U);
  EXPECT_EQ(co_await read_text(*one), "closed 1006");
  EXPECT_EQ((co_await world.request("POST", api.connection_path(id), "x", true)).status, 410);
  EXPECT_EQ(world.gateway.cut_websockets(), 0U);
}

TEST(WebSocketApi, CutsConnectionsForTests) {
  ApiWorld world;
  world.run(cut_scenario(world));
}

awaitable<void> large_scenario(ApiWorld& world, std::string expected) {
  DebugApi api(world);
  auto socket = (co_await world.connect(api.path())).value();
  std::string id = co_await hello(*socket);
  EXPECT_EQ((co_await world.request("POST", api.connection_path(id), std::string(32 * 1024, 'x'), true)).status, 200);
  EXPECT_EQ(co_await read_text(*socket), std::string(32 * 1024, 'x'));
  EXPECT_EQ((co_await world.request("POST", api.connection_path(id), std::string(131'072, 'y'), true)).status, 200);
  EXPECT_EQ(co_await read_text(*socket), expected);
}

TEST(WebSocketApi, CarriesLargeMessagesAsItIsTold) {
  ApiWorld whole({.large_messages = LargeMessages::whole});
  whole.run(large_scenario(whole, std::string(131'072, 'y')));
  ApiWorld refused({.large_messages = LargeMessages::refused});
  refused.run(large_scenario(refused, "closed 1009"));
}

awaitable<void> record_scenario(ApiWorld& world) {
  DebugApi api(world);
  auto socket = (co_await world.connect(api.path())).value();
  std::string id = co_await hello(*socket);
  co_await world.request("POST", api.connection_path(id), "posted", true);
  co_await read_text(*socket);
}

TEST(WebSocketApi, RecordsWhatItCarries) {
  os::TemporaryDirectory directory("localcloud-record-");
  std::string file = directory.path() + "/record";
  ApiWorld world({.record_file = file});
  world.run(record_scenario(world));
  std::string record = os::read_file(file).value();
  std::vector<std::string> directions;
  for (std::size_t at = 0; at < record.size();) {
    std::size_t end = record.find('\n', at);
    auto line = codec::parse_json(record.substr(at, end - at)).value();
    directions.push_back(codec::find_string(line, "direction"));
    EXPECT_EQ(codec::find_string(line, "connectionId").size(), 16U);
    at = end + 1;
  }
  EXPECT_THAT(directions, testing::ElementsAre("in", "out", "post"));
  EXPECT_THAT(record, HasSubstr(R"("data":"posted")"));
}

}  // namespace
}  // namespace localcloud
