// What happens to a message of a WebSocket API behind its route: the MOCK integration's templates, or a function with
// the proxy event (AGW-guide apigateway-websocket-api-lambda-proxy…, websocket-api-mapping-template-reference.md).
#include <fmt/format.h>

#include "base/ids.h"
#include "base/log.h"
#include "codec/json.h"
#include "localcloud/apigateway/function_call.h"
#include "localcloud/apigateway/gateway_text.h"
#include "localcloud/apigateway/proxy_response.h"
#include "localcloud/apigateway/websocket_gateway.h"
#include "localcloud/wire.h"

namespace localcloud {

ContextVariables WebSocketGateway::context_of(const Event& event) const {
  const Connection& connection = *event.connection;
  auto now = cloud_.clock->now();
  return {{"accountId", cloud_.account_id},
          {"apiId", connection.api_id},
          {"connectedAt", std::to_string(base::epoch_ms(connection.connected_at))},
          {"connectionId", connection.id},
          {"domainName", store_.domain_of(connection.api_id)},
          {"eventType", event.type},
          {"extendedRequestId", event.request_id},
          {"messageDirection", "IN"},
          {"messageId", event.type == "MESSAGE" ? event.request_id : std::string()},
          {"requestId", event.request_id},
          {"requestTime", common_log_time(now)},
          {"requestTimeEpoch", std::to_string(base::epoch_ms(now))},
          {"routeKey", event.route_key},
          {"stage", connection.stage},
          {"identity.sourceIp", connection.source_ip},
          {"identity.userAgent", connection.user_agent}};
}

std::string WebSocketGateway::lambda_event(const Event& event) const {
  const Connection& connection = *event.connection;
  auto now = cloud_.clock->now();
  json::object context;
  context["routeKey"] = event.route_key;
  if (event.type == "MESSAGE") context["messageId"] = event.request_id;
  context["eventType"] = event.type;
  context["extendedRequestId"] = event.request_id;
  context["requestTime"] = common_log_time(now);
  context["messageDirection"] = "IN";
  context["stage"] = connection.stage;
  context["connectedAt"] = base::epoch_ms(connection.connected_at);
  context["requestTimeEpoch"] = base::epoch_ms(now);
  context["identity"] =
      json::object{{"sourceIp", connection.source_ip}, {"userAgent", repaired_utf8(connection.user_agent)}};
  context["requestId"] = event.request_id;
  context["domainName"] = store_.domain_of(connection.api_id);
  context["connectionId"] = connection.id;
  context["apiId"] = connection.api_id;
  json::object whole;
  if (event.type == "CONNECT") {
    json::object headers;
    json::object multiple;
    for (const auto& [name, value] : event.upgrade.headers) {
      headers[name] = repaired_utf8(value);
      if (!multiple.contains(name)) multiple[name] = json::array();
      multiple[name].as_array().emplace_back(repaired_utf8(value));
    }
    whole["headers"] = std::move(headers);
    whole["multiValueHeaders"] = std::move(multiple);
    json::object query;
    for (const auto& [name, value] : split_target(event.upgrade.target).query) query[name] = repaired_utf8(value);
    if (!query.empty()) whole["queryStringParameters"] = std::move(query);
  }
  whole["requestContext"] = std::move(context);
  if (event.type == "MESSAGE") whole["body"] = event.body;
  whole["isBase64Encoded"] = false;
  return codec::to_text(whole);
}

awaitable<std::optional<WebSocketGateway::Outcome>> WebSocketGateway::run_integration(
    std::shared_ptr<const Definition> definition, Route route, Event event) {
  auto found = definition->integrations.find(route.integration);
  if (found == definition->integrations.end()) co_return std::nullopt;
  const Integration& integration = found->second;
  if (integration.type == Integration::Type::mock) {
    auto answer = answer_of_mock(integration, event.body, context_of(event));
    if (!answer) co_return std::nullopt;
    co_return Outcome{answer->status, std::move(answer->body)};
  }
  std::string arn =
      store_.arn_of(event.connection->api_id, fmt::format("{}/{}", event.connection->stage, event.route_key));
  std::string trace = fmt::format("Root=1-{:08x}-{}", base::epoch_ms(std::chrono::system_clock::now()) / 1000,
                                  base::to_hex(base::random_bytes<12>()));
  auto output =
      co_await call_function(cloud_, integration.function, lambda_event(event), trace, arn, integration.timeout);
  if (!output || !*output || !(*output)->function_error.empty()) co_return std::nullopt;
  auto response = read_proxy_response((*output)->payload, ProxyFormat::http_v1, true);
  if (!response && event.type == "CONNECT") co_return std::nullopt;  // a malformed answer refuses the connection
  if (!response) co_return Outcome{200, {}};
  co_return Outcome{response->status, std::move(response->body)};
}

}  // namespace localcloud
