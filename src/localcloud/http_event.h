// The events that functions behind an API or a function URL get: payload formats 2.0 and 1.0 of HTTP APIs, the one of
// REST APIs, and that of WebSocket routes (AGW-guide http-api-develop-integrations-lambda.md,
// set-up-lambda-proxy-integrations.md, apigateway-websocket-api-mapping-template-reference.md). Pure.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "localcloud/identity.h"
#include "net/http.h"

namespace localcloud {

namespace json = boost::json;

// One request to an API, as its integration is told of it.
struct ProxyRequest {
  net::Request request;  // as it came; its target is not used
  std::string path;      // without the stage, as on the wire
  std::string query;     // as on the wire, without '?'
  std::string source_ip;
  std::string account_id;
  std::string api_id;
  std::string domain;         // "{id}.execute-api.{region}.amazonaws.com"
  std::string stage;          // "$default", "Prod"
  std::string route_key;      // "GET /pets/{id}"
  std::string resource_path;  // "/pets/{id}"
  std::string resource_id;    // REST
  std::string request_id;
  std::string trace_id;
  base::WallTime time{};
  std::map<std::string, std::string> path_parameters;
  std::map<std::string, std::string> stage_variables;
  std::vector<std::string> binary_types;  // REST
  std::string api_key;                    // REST, where the method asks for one
  std::string api_key_id;
  std::optional<Principal> caller;  // where the route asks for IAM
  // What a Lambda authorizer says of the caller.
  struct Authorized {
    std::string principal_id;
    json::object context;
  };
  std::optional<Authorized> authorized;
};

std::string http_event_v2(const ProxyRequest& request);
std::string http_event_v1(const ProxyRequest& request);
std::string rest_event(const ProxyRequest& request);

// What a REQUEST authorizer gets: the event of the route without the body. Its identity sources are added by the
// caller.
json::object authorizer_event_v2(const ProxyRequest& request, std::string_view route_arn);
json::object authorizer_event_v1(const ProxyRequest& request, std::string_view method_arn);  // of an HTTP API
json::object authorizer_event_rest(const ProxyRequest& request, std::string_view method_arn);

// requestContext of the event of a REST API; mapping templates know it as $context.
json::object rest_request_context(const ProxyRequest& request);

// Is a media type among the binary ones of a REST API? "*/*" and "image/*" are wildcards.
bool is_binary_type(const std::vector<std::string>& binary_types, std::string_view content_type);

}  // namespace localcloud
