// What SAM writes into the definition of an HTTP API (OpenAPI 3).
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace localcloud::sam {

namespace json = boost::json;

constexpr std::string_view kDefaultRoute = "$default";

base::Result<> check_http_definition(const json::value* body);

struct HttpRoute {
  std::string path, method;
  json::object uri;
  std::string condition;  // of the function; "" for none
};
// Nothing happens if the route has an integration already.
base::Result<> add_function_route(json::object& body, const HttpRoute& route);
base::Result<> add_path_parameters(json::object& body, std::string_view path, std::string_view method);
base::Result<> set_payload_version(json::object& body, std::string_view path, std::string_view method,
                                   const json::value& version);
// Does $default go to this function?
base::Result<bool> default_route_is(json::object& body, std::string_view function);

base::Result<> add_method_authorizer(json::object& body, std::string_view path, std::string_view method,
                                     const json::object& auth, const json::object& authorizers);
base::Result<> set_default_http_authorizer(json::object& body, std::string_view name, const json::value& scopes);

// The members of CorsConfiguration, by their names there.
base::Result<> add_http_cors(json::object& body, const json::object& cors);
base::Result<> add_tags(json::object& body, const json::object& tags);
base::Result<> disable_endpoint(json::object& body, const json::value& disabled);

}  // namespace localcloud::sam
