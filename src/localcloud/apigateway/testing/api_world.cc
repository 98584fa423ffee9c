#include "localcloud/apigateway/testing/api_world.h"

#include <fmt/format.h>

#include <stdexcept>

#include "codec/json.h"
#include "net/url.h"

namespace localcloud {

namespace {

constexpr std::string_view kPrefix = "/_aws/execute-api/";

awaitable<void> make_into(ResourceType& type, ResourceRequest request,
                          std::optional<base::Result<ResourceState>>& result) {
  result = co_await type.create(std::move(request));
}

}  // namespace

ApiWorld::ApiWorld(WebSocketOptions options)
    : gateway(account.cloud, std::move(options)),
      client_(net::make_http_client(account.cloud.executor, nullptr)),
      types_(gateway.resource_types()) {
  server_ =
      net::listen_http(account.cloud.executor, {}, [this](net::Exchange& exchange) { return serve(exchange); }).value();
}

awaitable<void> ApiWorld::serve(net::Exchange& exchange) {
  std::string rest = exchange.request().target.substr(kPrefix.size());
  std::size_t slash = rest.find('/');
  std::string id = rest.substr(0, slash);
  return gateway.serve(exchange, id, slash == std::string::npos ? "/" : rest.substr(slash));
}

void ApiWorld::run(awaitable<void> scenario) {
  base::run_until_done(account.loop, finish(std::move(scenario)));
}

awaitable<void> ApiWorld::finish(awaitable<void> scenario) {
  account.tasks.spawn(server_->run());
  co_await std::move(scenario);
  co_await account.tasks.close();
}

base::Result<ResourceState> ApiWorld::try_create(std::string_view name, std::string properties) {
  for (auto& type : types_) {
    if (type->name() != name) continue;
    ResourceRequest request;
    request.stack_name = "stack";
    request.logical_id = "Resource";
    request.properties = codec::parse_json(properties).value().as_object();
    for (const auto& member : request.properties) {
      std::string_view key = member.key();
      if (!type->works().contains(key) && !type->accepted().contains(key)) {
        return base::fail(base::ErrorKind::invalid_input, fmt::format("{} does not list {}", name, key));
      }
    }
    std::optional<base::Result<ResourceState>> result;
    boost::asio::io_context loop;
    base::run_until_done(loop, make_into(*type, std::move(request), result));
    return std::move(*result);
  }
  return base::fail(base::ErrorKind::not_found, std::string(name));
}

ResourceState ApiWorld::create(std::string_view type, std::string properties) {
  auto state = try_create(type, std::move(properties));
  if (!state) throw std::runtime_error(state.error().message);
  return std::move(*state);
}

net::Url ApiWorld::url(std::string path, std::string scheme) const {
  return net::parse_url(fmt::format("{}://127.0.0.1:{}/_aws/execute-api{}", scheme, server_->port(), path)).value();
}

awaitable<net::Response> ApiWorld::request(std::string method, std::string path, std::string body, bool sign,
                                           net::Headers headers) {
  auto to = url(std::move(path), "http");
  net::Request request{
      .method = std::move(method), .target = to.target, .headers = std::move(headers), .body = std::move(body)};
  request.headers.add("Host", to.authority());
  if (sign) request = signed_request(std::move(request), "execute-api", account.iam.credentials);
  auto response = co_await client_->send(to, std::move(request), {});
  if (!response) throw std::runtime_error(response.error().message);
  co_return std::move(*response);
}

awaitable<base::Result<std::unique_ptr<net::WebSocket>>> ApiWorld::connect(std::string path, bool sign) {
  auto to = url(std::move(path), "ws");
  net::Request request{.method = "GET", .target = to.target, .headers = {{"Host", to.authority()}}, .body = {}};
  if (sign) request = signed_request(std::move(request), "execute-api", account.iam.credentials);
  request.headers.remove("Host");
  net::WebSocketOptions options;
  options.headers = std::move(request.headers);
  co_return co_await net::connect_websocket(to, std::move(options), nullptr);
}

}  // namespace localcloud
