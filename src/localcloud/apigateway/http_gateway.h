// The data plane of HTTP and REST APIs: a request finds its stage and route, is told to a function, and what that
// answers is sent. Holds nothing of its own.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "localcloud/apigateway/authorizer.h"
#include "localcloud/apigateway/failure.h"
#include "localcloud/apigateway/gateway_model.h"
#include "localcloud/apigateway/route_match.h"
#include "localcloud/apigateway/usage_plan.h"
#include "localcloud/cloud.h"
#include "localcloud/http_event.h"
#include "net/http.h"
#include "net/http_client.h"

namespace localcloud {

class HttpGateway {
 public:
  HttpGateway(Cloud& cloud, const GatewayStore& store, Throttles& throttles)
      : cloud_(cloud), store_(store), throttles_(throttles), authorizers_(cloud, store) {}

  // `target` follows the API's id: "/{stage}/path?query", or "/path?query" where an HTTP API has a $default stage.
  // The API must exist. Answers the exchange itself.
  awaitable<void> serve(net::Exchange& exchange, std::string api_id, std::string target);

 private:
  awaitable<std::optional<net::Response>> answer(net::Exchange& exchange, std::string api_id, std::string target);
  // One request on its way; shared with the coroutines that it passes through.
  struct Call {
    GatewayKind kind = GatewayKind::http;
    std::shared_ptr<const Definition> definition;  // keeps the route alive
    const Route* route = nullptr;
    ProxyRequest proxy;
    Integration integration;
    std::string usage_key;     // from the authorizer
    std::string source_arn;    // of the route, for the policies of functions
    std::string resource_arn;  // of the path that is asked for, for the policies of callers
  };
  using Admission = std::optional<Failure>;  // nullopt: admitted
  struct Place {
    std::string stage;
    std::string path;
  };
  std::optional<Place> find_stage(const Api& api, std::string_view path) const;
  ProxyRequest describe(const Api& api, const Place& place, RouteMatch match) const;
  // Who may: the API's policy, IAM, the authorizer (http_access.cc).
  awaitable<Admission> admit(std::shared_ptr<Call> call);
  Admission admit_signed(Call& call) const;
  // API keys, and what the method demands of a request.
  Admission check_demands(Call& call);
  awaitable<Admission> ask_authorizer(std::shared_ptr<Call> call);
  awaitable<net::Response> call_integration(std::shared_ptr<Call> call);
  awaitable<net::Response> call_proxy_function(std::shared_ptr<Call> call);
  // nullopt: it was answered piece by piece.
  awaitable<std::optional<net::Response>> call_streamed_function(net::Exchange& exchange, std::shared_ptr<Call> call);
  // Integrations that are no functions with the proxy event (http_integration.cc).
  awaitable<net::Response> call_http_proxy(std::shared_ptr<Call> call);
  awaitable<net::Response> call_subtype(std::shared_ptr<Call> call);
  // With templates and mappings (mapped_integration.cc).
  awaitable<net::Response> call_mapped(std::shared_ptr<Call> call);
  struct Answer {
    net::Response response;
    std::string selector;  // what the patterns of integration responses are held against
  };
  awaitable<std::variant<Answer, Failure>> run_mapped(std::shared_ptr<Call> call, net::Request request);
  awaitable<std::optional<base::Result<net::Response>>> send_http(net::Url url, net::Request request,
                                                                  base::Millis limit);

  std::string with_stage_variables(const Call& call, std::string text) const;
  MappingSources sources_of(const Call& call) const;
  net::Response refuse(GatewayKind kind, const Failure& failure) const;
  net::Response refuse(const Call& call, const Failure& failure) const;
  net::Response finish(const Call& call, net::Response response) const;

  Cloud& cloud_;
  const GatewayStore& store_;
  Throttles& throttles_;
  Authorizers authorizers_;
  std::unique_ptr<net::HttpClient> client_;  // made when it is first needed
};

// The answer to a preflight request, or nullopt if this is none. Pure.
std::optional<net::Response> preflight_response(const Cors& cors, const net::Request& request);
// Adds what a browser of the request's origin needs; replaces what the function said of it.
void add_cors_headers(const Cors& cors, const net::Request& request, net::Response& response);

}  // namespace localcloud
