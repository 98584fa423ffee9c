#include "localcloud/apigateway/http_gateway.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "base/log.h"
#include "localcloud/apigateway/function_call.h"
#include "localcloud/apigateway/gateway_text.h"
#include "localcloud/apigateway/proxy_response.h"
#include "localcloud/iam/iam.h"
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

// HTTP and REST APIs word the same failures differently.
net::Response HttpGateway::refuse(GatewayKind kind, int status, std::string_view message) const {
  auto response = message_response(status, message);
  response.headers.add(kind == GatewayKind::http ? "Apigw-Requestid" : "x-amz-apigw-id", GatewayStore::random_token());
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

awaitable<net::Response> HttpGateway::answer(std::string api_id, net::Request request, std::string target,
                                             std::string source_ip) {
  const Api& api = *store_.find(api_id);  // used before anything waits only
  bool http = api.kind == GatewayKind::http;
  std::size_t mark = target.find('?');
  std::string path = target.substr(0, mark);
  if (path.empty()) path = "/";
  if (request.body.size() > kMaxBody) {
    co_return refuse(api.kind, 413, http ? "Request Entity Too Large" : "HTTP content length exceeded 10485760 bytes.");
  }
  auto place = find_stage(api, path);
  auto definition = place ? api.served(place->stage) : nullptr;
  if (!definition) co_return http ? refuse(api.kind, 404, "Not Found") : refuse(api.kind, 403, "Forbidden");
  if (http && definition->cors) {
    if (auto preflight = preflight_response(*definition->cors, request)) co_return std::move(*preflight);
  }
  auto match = match_route(*definition, api.kind, request.method, place->path);
  if (!match)
    co_return http ? refuse(api.kind, 404, "Not Found") : refuse(api.kind, 403, "Missing Authentication Token");
  const Route& route = *match->route;
  auto integration = definition->integrations.find(route.integration);
  if (integration == definition->integrations.end())
    co_return refuse(api.kind, http ? 404 : 500, http ? "Not Found" : "Internal server error");

  Call call;
  call.kind = api.kind;
  call.definition = definition;
  call.integration = integration->second;
  call.source_arn = route_arn(store_, api, place->stage, route, request.method);
  call.proxy = describe(api, *place, *match);
  ProxyRequest& proxy = call.proxy;
  if (route.iam) {
    auto verified = check_signature(*cloud_.iam, request, request.headers.get_or("Host", ""));
    std::string resource = store_.arn_of(api.id, fmt::format("{}/{}{}", place->stage, request.method, place->path));
    if (!verified || verified->service != "execute-api" ||
        !cloud_.iam->authorize(verified->principal, "execute-api:Invoke", resource)) {
      bool unsigned_request = !verified && verified.error().code == "MissingAuthenticationToken";
      co_return refuse(api.kind, 403, !http && unsigned_request ? "Missing Authentication Token" : "Forbidden");
    }
    proxy.caller = verified->principal;
  }
  if (mark != std::string::npos) proxy.query = target.substr(mark + 1);
  proxy.source_ip = std::move(source_ip);
  proxy.binary_types = definition->binary_types;
  proxy.request = std::move(request);
  co_return co_await this->call(std::move(call));
}

awaitable<net::Response> HttpGateway::call(Call call) {
  bool http = call.kind == GatewayKind::http;
  bool version2 = http && call.integration.payload_version == "2.0";
  std::string event = !http ? rest_event(call.proxy) : version2 ? http_event_v2(call.proxy) : http_event_v1(call.proxy);
  auto output = co_await call_function(cloud_, call.integration.function, std::move(event), call.proxy.trace_id,
                                       call.source_arn, call.integration.timeout);
  if (!output) {
    co_return http ? refuse(call.kind, 503, "Service Unavailable")
                   : refuse(call.kind, 504, "Endpoint request timed out");
  }
  if (!*output) {
    const auto& error = output->error();
    base::log_debug("API {}: the call of its function failed: {}", call.proxy.api_id, error.code);
    if (error.status == 413) co_return refuse(call.kind, 413, http ? "Request Entity Too Large" : "Request Too Long");
    if (error.status == 429)
      co_return http ? refuse(call.kind, 503, "Service Unavailable") : refuse(call.kind, 500, "Internal server error");
    co_return refuse(call.kind, 500, http ? "Internal Server Error" : "Internal server error");
  }
  std::optional<net::Response> response;
  if ((*output)->function_error.empty()) {
    auto format = !http ? ProxyFormat::rest : version2 ? ProxyFormat::http_v2 : ProxyFormat::http_v1;
    auto accepted = comma_list(call.proxy.request.headers.get_or("Accept", ""));
    bool decode = is_binary_type(call.proxy.binary_types, accepted.empty() ? std::string() : accepted.front());
    response = read_proxy_response((*output)->payload, format, decode);
  }
  if (!response) {
    co_return http ? refuse(call.kind, 500, "Internal Server Error") : refuse(call.kind, 502, "Internal server error");
  }
  if (http) {
    response->headers.set("Apigw-Requestid", call.proxy.request_id);
    if (call.definition->cors) add_cors_headers(*call.definition->cors, call.proxy.request, *response);
  } else {
    response->headers.set("x-amzn-RequestId", call.proxy.request_id);
    response->headers.set("X-Amzn-Trace-Id", call.proxy.trace_id);
  }
  co_return std::move(*response);
}

}  // namespace localcloud
