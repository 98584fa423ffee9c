// The data plane of HTTP and REST APIs: a request finds its stage and route, is told to a function, and what that
// answers is sent. Holds nothing of its own.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "localcloud/apigateway/gateway_model.h"
#include "localcloud/apigateway/proxy_event.h"
#include "localcloud/apigateway/route_match.h"
#include "localcloud/cloud.h"
#include "net/http.h"

namespace localcloud {

class HttpGateway {
 public:
  HttpGateway(Cloud& cloud, const GatewayStore& store) : cloud_(cloud), store_(store) {}

  // `target` follows the API's id: "/{stage}/path?query", or "/path?query" where an HTTP API has a $default stage.
  // The API must exist.
  awaitable<net::Response> answer(std::string api_id, net::Request request, std::string target, std::string source_ip);

 private:
  struct Call {
    GatewayKind kind = GatewayKind::http;
    std::shared_ptr<const Definition> definition;  // keeps the route alive
    ProxyRequest proxy;
    Integration integration;
    std::string source_arn;
  };
  struct Place {
    std::string stage;
    std::string path;
  };
  std::optional<Place> find_stage(const Api& api, std::string_view path) const;
  ProxyRequest describe(const Api& api, const Place& place, RouteMatch match) const;
  awaitable<net::Response> call(Call call);
  net::Response refuse(GatewayKind kind, int status, std::string_view message) const;

  Cloud& cloud_;
  const GatewayStore& store_;
};

// The answer to a preflight request, or nullopt if this is none. Pure.
std::optional<net::Response> preflight_response(const Cors& cors, const net::Request& request);
// Adds what a browser of the request's origin needs; replaces what the function said of it.
void add_cors_headers(const Cors& cors, const net::Request& request, net::Response& response);

}  // namespace localcloud
