#include "localcloud/apigateway/http_gateway.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "base/log.h"
#include "localcloud/apigateway/function_call.h"
#include "localcloud/http_answer.h"
#include "localcloud/http_text.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

constexpr std::size_t kMaxBody = 10 * 1024 * 1024;  // AGW-guide limits.md

std::string first_segment(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  return std::string(path.substr(0, path.find('/')));
}

// "…/GET/pets/{id}": what the function's policy must allow as AWS:SourceArn.
std::string route_arn(const GatewayStore& store, const Api& api, const std::string& stage, const Route& route,
                      const std::string& method) {
  if (route.key == "$default") return store.arn_of(api.id, stage + "/$default");
  return store.arn_of(api.id, fmt::format("{}/{}{}", stage, route.method == "ANY" ? method : route.method, route.path));
}

}  // namespace

net::Response HttpGateway::refuse(GatewayKind kind, const Failure& failure) const {
  auto response = failure_response(kind, failure);
  if (kind == GatewayKind::http) {
    response.headers.add("Apigw-Requestid", GatewayStore::random_token());
  } else {
    response.headers.add("x-amz-apigw-id", GatewayStore::random_token());
    response.headers.add("x-amzn-RequestId", base::random_uuid());
  }
  return response;
}

net::Response HttpGateway::refuse(const Call& call, const Failure& failure) const {
  if (call.kind == GatewayKind::http) return finish(call, failure_response(call.kind, failure));
  return finish(call, gateway_response(*call.definition, failure, sources_of(call)));
}

// What every answer of an API bears.
net::Response HttpGateway::finish(const Call& call, net::Response response) const {
  if (call.kind == GatewayKind::http) {
    response.headers.set("Apigw-Requestid", call.proxy.request_id);
    if (call.definition->cors) add_cors_headers(*call.definition->cors, call.proxy.request, response);
  } else {
    response.headers.set("x-amzn-RequestId", call.proxy.request_id);
    response.headers.set("x-amz-apigw-id", GatewayStore::random_token());
    response.headers.set("X-Amzn-Trace-Id", call.proxy.trace_id);
  }
  return response;
}

std::optional<HttpGateway::Place> HttpGateway::find_stage(const Api& api, std::string_view path) const {
  std::string name = first_segment(path);
  if (!name.empty() && api.stages.contains(name)) {
    std::string rest(path.substr(1 + name.size()));
    return Place{name, rest.empty() ? "/" : rest};
  }
  if (api.kind == GatewayKind::http && api.stages.contains("$default")) return Place{"$default", std::string(path)};
  return std::nullopt;
}

// What an integration is told of the route that was found.
ProxyRequest HttpGateway::describe(const Api& api, const Place& place, RouteMatch match) const {
  const Route& route = *match.route;
  ProxyRequest proxy;
  proxy.path = place.path;
  proxy.account_id = cloud_.account_id;
  proxy.api_id = api.id;
  proxy.domain = store_.domain_of(api.id);
  proxy.stage = place.stage;
  proxy.route_key = route.key;
  proxy.resource_path = route.key == "$default" ? "$default" : route.path;
  proxy.resource_id = route.resource_id;
  proxy.request_id = api.kind == GatewayKind::http ? GatewayStore::random_token() : base::random_uuid();
  proxy.trace_id = fmt::format("Root=1-{:08x}-{}", base::epoch_ms(std::chrono::system_clock::now()) / 1000,
                               base::to_hex(base::random_bytes<12>()));
  proxy.time = cloud_.clock->now();
  proxy.path_parameters = std::move(match.path_parameters);
  proxy.stage_variables = api.stages.at(place.stage).variables;
  return proxy;
}

awaitable<void> HttpGateway::serve(net::Exchange& exchange, std::string api_id, std::string target) {
  auto response = co_await answer(exchange, std::move(api_id), std::move(target));
  if (response) std::ignore = co_await exchange.respond(std::move(*response));
}

awaitable<std::optional<net::Response>> HttpGateway::answer(net::Exchange& exchange, std::string api_id,
                                                            std::string target) {
  net::Request request = std::move(exchange.request());
  const Api& api = *store_.find(api_id);  // used before anything waits only
  const auto kind = api.kind;
  bool http = kind == GatewayKind::http;
  std::size_t mark = target.find('?');
  std::string path = target.substr(0, mark);
  if (path.empty()) path = "/";
  if (request.body.size() > kMaxBody) co_return refuse(kind, {FailureKind::request_too_large});
  auto place = find_stage(api, path);
  auto definition = place ? api.served(place->stage) : nullptr;
  const Failure nowhere{http ? FailureKind::resource_not_found : FailureKind::missing_authentication_token};
  if (definition && (definition->endpoint_disabled || definition->endpoint_private)) definition = nullptr;
  if (!definition) co_return refuse(kind, http ? nowhere : Failure{FailureKind::invalid_api_key});  // "Forbidden"
  if (http && definition->cors) {
    if (auto preflight = preflight_response(*definition->cors, request)) co_return std::move(*preflight);
  }
  auto match = match_route(*definition, kind, request.method, place->path);
  if (!match) co_return refuse(kind, nowhere);
  auto now = cloud_.clock->now();
  if (!throttles_.admit(api.id, place->stage, api.stages.at(place->stage).throttling, match->route->key, now) ||
      !throttles_.admit(now)) {
    co_return refuse(kind, {FailureKind::throttled});
  }
  auto integration = definition->integrations.find(match->route->integration);
  if (integration == definition->integrations.end()) {
    co_return refuse(kind, http ? nowhere : Failure{FailureKind::api_configuration_error});
  }

  auto call = std::make_shared<Call>();
  call->kind = kind;
  call->definition = definition;
  call->route = match->route;
  call->integration = integration->second;
  call->source_arn = route_arn(store_, api, place->stage, *match->route, request.method);
  call->resource_arn = store_.arn_of(api.id, fmt::format("{}/{}{}", place->stage, request.method, place->path));
  call->proxy = describe(api, *place, *match);
  call->proxy.query = mark == std::string::npos ? std::string() : target.substr(mark + 1);
  call->proxy.source_ip = exchange.remote_address();
  call->proxy.binary_types = definition->binary_types;
  call->proxy.request = std::move(request);
  if (auto failure = co_await admit(call)) co_return refuse(*call, *failure);
  if (auto failure = check_demands(*call)) co_return refuse(*call, *failure);
  if (call->integration.streamed) co_return co_await call_streamed_function(exchange, call);
  co_return co_await call_integration(call);
}

namespace {

// What a call that brought no answer means.
Failure failure_of(GatewayKind kind, const base::Error& error) {
  if (error.status == 413) {
    return {FailureKind::request_too_large, kind == GatewayKind::http ? std::string() : "Request Too Long"};
  }
  bool throttled = kind == GatewayKind::http && error.status == 429;
  return {throttled ? FailureKind::integration_failure : FailureKind::api_configuration_error};
}

}  // namespace

// "…${stageVariables.name}…" with the stage's own.
std::string HttpGateway::with_stage_variables(const Call& call, std::string text) const {
  for (const auto& [name, value] : call.proxy.stage_variables) {
    std::string reference = "${stageVariables." + name + "}";
    for (std::size_t at = 0; (at = text.find(reference, at)) != std::string::npos; at += value.size()) {
      text.replace(at, reference.size(), value);
    }
  }
  return text;
}

awaitable<net::Response> HttpGateway::call_integration(std::shared_ptr<Call> call) {
  auto& integration = call->integration;
  integration.function = with_stage_variables(*call, std::move(integration.function));
  integration.uri = with_stage_variables(*call, std::move(integration.uri));
  if (integration.type == Integration::Type::lambda && integration.proxy) co_return co_await call_proxy_function(call);
  if (integration.type == Integration::Type::http && integration.proxy) co_return co_await call_http_proxy(call);
  if (!integration.subtype.empty()) co_return co_await call_subtype(call);
  co_return co_await call_mapped(call);
}

awaitable<net::Response> HttpGateway::call_proxy_function(std::shared_ptr<Call> call) {
  const auto kind = call->kind;
  const auto& integration = call->integration;
  const auto& proxy = call->proxy;
  bool http = kind == GatewayKind::http;
  bool version2 = http && integration.payload_version == "2.0";
  std::string event = !http ? rest_event(proxy) : version2 ? http_event_v2(proxy) : http_event_v1(proxy);
  auto output = co_await call_function(cloud_, {.function = integration.function,
                                                .payload = std::move(event),
                                                .source_arn = call->source_arn,
                                                .credentials = integration.credentials,
                                                .trace_id = proxy.trace_id,
                                                .limit = integration.timeout});
  if (!output) co_return refuse(*call, {FailureKind::integration_timeout});
  if (!*output) {
    base::log_debug("API {}: the call of its function failed: {}", proxy.api_id, output->error().code);
    co_return refuse(*call, failure_of(kind, output->error()));
  }
  std::optional<net::Response> response;
  if ((*output)->function_error.empty()) {
    auto format = !http ? ProxyFormat::rest : version2 ? ProxyFormat::http_v2 : ProxyFormat::http_v1;
    auto accepted = comma_list(proxy.request.headers.get_or("Accept", ""));
    bool decode = is_binary_type(proxy.binary_types, accepted.empty() ? std::string() : accepted.front());
    response = read_proxy_response((*output)->payload, format, decode);
  }
  if (!response) {
    auto failed = refuse(*call, {FailureKind::api_configuration_error});
    if (!http) failed.status = 502;
    co_return failed;
  }
  co_return finish(*call, std::move(*response));
}

// A stream begins with status and headers, as that of a function URL. A function that does not stream has its answer
// read as any other's.
awaitable<std::optional<net::Response>> HttpGateway::call_streamed_function(net::Exchange& exchange,
                                                                            std::shared_ptr<Call> call) {
  auto function = with_stage_variables(*call, call->integration.function);
  StreamedCall streamed{.input = {.function = std::move(function), .payload = rest_event(call->proxy)},
                        .complete_head = [this, call](net::Response head) { return finish(*call, std::move(head)); }};
  streamed.input.trace_id = call->proxy.trace_id;
  auto failed = refuse(*call, {FailureKind::api_configuration_error});
  auto allowed = check_right_to_call(cloud_, {.function = streamed.input.function,
                                              .source_arn = call->source_arn,
                                              .credentials = call->integration.credentials});
  if (!allowed) co_return failed;
  auto output = co_await cloud_.lambda->invoke_into(exchange, std::move(streamed));
  if (!output) co_return refuse(*call, failure_of(call->kind, output.error()));
  if (!*output) co_return std::nullopt;
  auto response = (*output)->function_error.empty() ? read_proxy_response((*output)->payload, ProxyFormat::rest, true)
                                                    : std::nullopt;
  failed.status = 502;
  co_return response ? finish(*call, std::move(*response)) : std::move(failed);
}

}  // namespace localcloud
