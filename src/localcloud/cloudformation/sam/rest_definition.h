// What SAM writes into the definition of a REST API: routes to functions, CORS, authorizers, API keys, models, gateway
// responses, a resource policy. Security definitions are written as Swagger 2 has them; `as_openapi` moves them.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace localcloud::sam {

namespace json = boost::json;

// Errors: no definition, or a path that is no map.
base::Result<> check_rest_definition(const json::value* body);

struct RestRoute {
  std::string path, method;
  json::object uri;
  std::string condition;  // of the function; "" for none
  bool streamed = false;
};
// `method_auth`, `api_auth`: where AWS_IAM decides whose credentials call the function.
base::Result<> add_function_route(json::object& body, const RestRoute& route, const json::object& method_auth,
                                  const json::object& api_auth);

struct RestCors {
  json::value origin = "'*'", headers, methods, max_age;
  bool credentials = false;
};
base::Result<> add_rest_cors(json::object& body, const RestCors& cors, std::string_view api_id);

void add_iam_security(json::object& body);
void add_api_key_security(json::object& body);
// Of one event: {"Authorizer", "AuthorizationScopes", "ApiKeyRequired"}.
base::Result<> add_method_auth(json::object& body, std::string_view path, std::string_view method,
                               const json::object& auth, const json::object& api_auth);
// Of the API, for every method that says nothing itself. `scopes`: by authorizer.
struct DefaultAuthorizer {
  std::string name;
  std::map<std::string, json::value> scopes;
  bool on_preflight = true;
};
base::Result<> set_default_authorizer(json::object& body, const DefaultAuthorizer& authorizer);
base::Result<> set_default_api_key(json::object& body, bool on_preflight);

base::Result<> add_request_model(json::object& body, std::string_view path, std::string_view method,
                                 const json::object& model);
base::Result<> add_request_validator(json::object& body, std::string_view path, std::string_view method,
                                     bool validate_body, bool validate_parameters);
// Each {"Name", "Required", "Caching"}.
base::Result<> add_request_parameters(json::object& body, std::string_view path, std::string_view method,
                                      const json::array& parameters);
base::Result<> add_models(json::object& body, const json::object& models);

// rest_policy.cc: SAM's ResourcePolicy ("IpRangeWhitelist", "CustomStatements", …) for the methods of one path.
base::Result<> add_resource_policy(json::object& body, const json::object& policy, std::string_view path,
                                   const json::value& stage);
void add_custom_statements(json::object& body, const json::value& statements);

// Of OpenAPI 3: securityDefinitions and definitions to components, no consumes and produces, headers with a schema.
// `asked`: the API's OpenApiVersion, nullptr if it has none.
base::Result<> as_openapi(json::object& body, const json::value* asked);

}  // namespace localcloud::sam
