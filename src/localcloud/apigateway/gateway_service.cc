#include "localcloud/apigateway/gateway_service.h"

#include <fmt/format.h>

#include <tuple>

#include "localcloud/http_text.h"
#include "net/url.h"

namespace localcloud {

namespace {

constexpr std::size_t kMaxUrl = 4096;  // of a WebSocket; aws-facts §1. AWS does not say how it refuses more.

// "/{stage}/rest" → stage and "rest"; the query is dropped.
std::pair<std::string, std::string> cut_stage(std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  if (path.starts_with('/')) path.remove_prefix(1);
  std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {std::string(path), {}};
  return {std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

}  // namespace

awaitable<void> GatewayService::serve(net::Exchange& exchange, std::string api_id, std::string target) {
  const Api* api = store_.find(api_id);
  if (api == nullptr) {
    std::ignore = co_await exchange.respond(message_response(403, "Forbidden"));
    co_return;
  }
  if (api->kind != GatewayKind::websocket) {
    co_await http_.serve(exchange, std::move(api_id), std::move(target));
    co_return;
  }
  auto [stage, rest] = cut_stage(target);
  std::string decoded = net::percent_decode(rest);
  constexpr std::string_view kConnections = "@connections/";
  if (decoded.starts_with(kConnections)) {
    auto response = websockets_.connections_api(exchange.request(), api_id, stage, decoded.substr(kConnections.size()));
    std::ignore = co_await exchange.respond(std::move(response));
    co_return;
  }
  if (fmt::format("wss://{}{}", store_.domain_of(api_id), target).size() > kMaxUrl) {
    std::ignore = co_await exchange.respond(message_response(414, "Request-URI Too Long"));
    co_return;
  }
  co_await websockets_.serve(exchange, std::move(api_id), std::move(stage));
}

void GatewayService::remove_api(std::string_view id) {
  store_.remove(id);
  websockets_.close_all(id);
}

std::string localize_endpoints(std::string_view text, std::string_view region, std::string_view endpoint,
                               const std::function<bool(std::string_view id)>& known) {
  std::string host = fmt::format(".execute-api.{}.amazonaws.com", region);
  std::string authority(endpoint.substr(endpoint.find("://") + 3));
  bool tls = endpoint.starts_with("https");
  std::string result;
  for (;;) {
    std::size_t at = text.find(host);
    if (at == std::string_view::npos) break;
    std::size_t begin = at;
    while (begin > 0 &&
           ((text[begin - 1] >= 'a' && text[begin - 1] <= 'z') || (text[begin - 1] >= '0' && text[begin - 1] <= '9')))
      --begin;
    std::string_view id = text.substr(begin, at - begin);
    std::string_view before = text.substr(0, begin);
    std::string scheme;
    for (std::string_view one : {"https://", "http://", "wss://", "ws://"}) {
      if (before.ends_with(one) && scheme.empty()) scheme = one;
    }
    if (scheme.empty() || !known(id)) {
      result += text.substr(0, at + host.size());
    } else {
      result += before.substr(0, before.size() - scheme.size());
      result += fmt::format("{}{}://{}/_aws/execute-api/{}", scheme.starts_with('w') ? "ws" : "http", tls ? "s" : "",
                            authority, id);
    }
    text.remove_prefix(at + host.size());
  }
  return result + std::string(text);
}

std::string GatewayService::localize(std::string text) const {
  return localize_endpoints(text, cloud_.region, cloud_.endpoint,
                            [this](std::string_view id) { return store_.find(id) != nullptr; });
}

ResourceTypes GatewayService::resource_types() {
  auto types = http_resource_types(*this);
  for (auto& type : rest_resource_types(*this)) types.push_back(std::move(type));
  return types;
}

std::unique_ptr<ApiGateway> make_api_gateway(Cloud& cloud, WebSocketOptions options) {
  return std::make_unique<GatewayService>(cloud, std::move(options));
}

}  // namespace localcloud
