// What happens to a message of a WebSocket API behind its route: the MOCK integration's templates, or a function with
// the proxy event (AGW-guide apigateway-websocket-api-lambda-proxy…, websocket-api-mapping-template-reference.md).
#include <fmt/format.h>

#include "base/ids.h"
#include "base/log.h"
#include "codec/json.h"
#include "localcloud/apigateway/function_call.h"
#include "localcloud/apigateway/service_call.h"
#include "localcloud/apigateway/time_limit.h"
#include "localcloud/apigateway/websocket_gateway.h"
#include "localcloud/http_answer.h"
#include "localcloud/http_text.h"
#include "localcloud/wire.h"

namespace localcloud {

// What the templates of a route's integration know.
TemplateScope WebSocketGateway::scope_of(const Event& event) const {
  TemplateScope scope;
  scope.context = request_context(event);
  scope.context["accountId"] = cloud_.account_id;
  scope.body = event.body;
  scope.stage_variables = stage_variables(*event.connection);
  json::object headers;
  json::object query;
  for (const auto& [name, value] : event.upgrade.headers) headers[name] = repaired_utf8(value);
  for (const auto& [name, value] : split_target(event.upgrade.target).query) query[name] = repaired_utf8(value);
  scope.params = {{"path", json::object{}}, {"querystring", std::move(query)}, {"header", std::move(headers)}};
  return scope;
}

json::object WebSocketGateway::request_context(const Event& event) const {
  const Connection& connection = *event.connection;
  auto now = cloud_.clock->now();
  json::object context;
  context["routeKey"] = event.route_key;
  if (!connection.authorizer.empty()) context["authorizer"] = connection.authorizer;
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
  return context;
}

namespace {

struct Fold {
  json::object single, multiple;
};
template <typename Pairs>
Fold fold(const Pairs& pairs) {
  Fold folded;
  for (const auto& [name, value] : pairs) {
    folded.single[name] = repaired_utf8(value);
    auto& all = folded.multiple[name];
    if (!all.is_array()) all.emplace_array();
    all.get_array().emplace_back(repaired_utf8(value));
  }
  return folded;
}

}  // namespace

json::object WebSocketGateway::route_event(const Event& event) const {
  json::object whole;
  if (event.type == "CONNECT") {
    auto headers = fold(event.upgrade.headers);
    whole["headers"] = std::move(headers.single);
    whole["multiValueHeaders"] = std::move(headers.multiple);
    auto query = fold(split_target(event.upgrade.target).query);
    if (!query.single.empty()) {
      whole["queryStringParameters"] = std::move(query.single);
      whole["multiValueQueryStringParameters"] = std::move(query.multiple);
    }
  }
  json::object variables;
  for (const auto& [name, value] : stage_variables(*event.connection)) variables[name] = value;
  if (!variables.empty()) whole["stageVariables"] = std::move(variables);
  whole["requestContext"] = request_context(event);
  return whole;
}

std::string WebSocketGateway::lambda_event(const Event& event) const {
  auto whole = route_event(event);
  if (event.type == "MESSAGE") whole["body"] = event.body;
  whole["isBase64Encoded"] = false;
  return codec::to_text(whole);
}

std::map<std::string, std::string> WebSocketGateway::stage_variables(const Connection& connection) const {
  const Api* api = store_.find(connection.api_id);
  if (api == nullptr) return {};
  auto stage = api->stages.find(connection.stage);
  return stage == api->stages.end() ? std::map<std::string, std::string>{} : stage->second.variables;
}

awaitable<std::optional<Failure>> WebSocketGateway::ask_authorizer(std::shared_ptr<const Definition> definition,
                                                                   Route route, Event event) {
  auto found = definition->authorizers.find(route.access.authorizer);
  if (found == definition->authorizers.end()) co_return Failure{FailureKind::authorizer_configuration_error};
  auto connection = event.connection;
  AuthorizerQuestion question{.kind = GatewayKind::websocket,
                              .api_id = connection->api_id,
                              .stage = connection->stage,
                              .id = found->first,
                              .authorizer = found->second,
                              .arn = store_.arn_of(connection->api_id, connection->stage + "/$connect"),
                              .source_ip = connection->source_ip};
  question.event = {{"type", "REQUEST"}, {"methodArn", question.arn}};
  for (auto& member : route_event(event)) question.event[member.key()] = member.value();
  auto identity = read_identity(found->second, {.headers = &event.upgrade.headers,
                                                .query = split_target(event.upgrade.target).query,
                                                .stage_variables = stage_variables(*connection),
                                                .context = request_context(event)});
  if (!identity) co_return Failure{FailureKind::unauthorized};
  question.identity = std::move(*identity);
  auto answer = co_await authorizers_.ask(std::move(question));
  if (auto* failure = std::get_if<Failure>(&answer)) co_return std::move(*failure);
  auto& authorized = std::get<Authorized>(answer);
  connection->authorizer = std::move(authorized.context);
  connection->authorizer["principalId"] = authorized.principal_id;
  co_return std::nullopt;
}

awaitable<std::optional<WebSocketGateway::Outcome>> WebSocketGateway::run_service(Integration integration,
                                                                                  TemplateScope scope) {
  auto body = request_of_template(integration, scope);
  if (!body) co_return std::nullopt;
  ServiceCall call{.service = integration.service, .uri = integration.uri, .credentials = integration.credentials};
  call.request = {.method = integration.method.empty() ? "POST" : integration.method, .body = std::move(*body)};
  auto answer = co_await within(cloud_, integration.timeout, call_service(cloud_, std::move(call)));
  if (!answer || !*answer) co_return std::nullopt;
  scope.body = (*answer)->body;
  auto text = answer_of_template(integration, (*answer)->status, std::move(scope));
  if (!text) co_return std::nullopt;
  co_return Outcome{(*answer)->status, std::move(*text)};
}

awaitable<std::optional<WebSocketGateway::Outcome>> WebSocketGateway::run_integration(
    std::shared_ptr<const Definition> definition, Route route, Event event) {
  auto found = definition->integrations.find(route.integration);
  if (found == definition->integrations.end()) co_return std::nullopt;
  const Integration& integration = found->second;
  if (integration.type == Integration::Type::mock) {
    auto answer = answer_of_mock(integration, scope_of(event));
    if (!answer) co_return std::nullopt;
    co_return Outcome{answer->status, std::move(answer->body)};
  }
  if (integration.type == Integration::Type::aws) co_return co_await run_service(integration, scope_of(event));
  std::string arn =
      store_.arn_of(event.connection->api_id, fmt::format("{}/{}", event.connection->stage, event.route_key));
  std::string trace = fmt::format("Root=1-{:08x}-{}", base::epoch_ms(std::chrono::system_clock::now()) / 1000,
                                  base::to_hex(base::random_bytes<12>()));
  auto output = co_await call_function(cloud_, {.function = integration.function,
                                                .payload = lambda_event(event),
                                                .source_arn = arn,
                                                .credentials = integration.credentials,
                                                .trace_id = trace,
                                                .limit = integration.timeout});
  if (!output || !*output || !(*output)->function_error.empty()) co_return std::nullopt;
  auto response = read_proxy_response((*output)->payload, ProxyFormat::http_v1, true);
  if (!response && event.type == "CONNECT") co_return std::nullopt;  // a malformed answer refuses the connection
  if (!response) co_return Outcome{200, {}};
  co_return Outcome{response->status, std::move(response->body)};
}

}  // namespace localcloud
