// The HTTP API of Lambda (REST-JSON): a table of operations, in groups by what they are about. What is in no table is
// answered 501 with its name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/lambda/input.h"
#include "localcloud/lambda/lambda_service.h"
#include "localcloud/wire.h"

namespace localcloud {

struct ApiRequest {
  Call call;
  std::vector<std::string> parts;  // what the '*' of the route's path stand for
  Fields query;
  json::object body;

  std::string query_or_empty(std::string_view name) const { return field(query, name).value_or(std::string()); }
  std::string qualifier() const { return query_or_empty("Qualifier"); }
};

using ApiAnswer = base::Result<net::Response>;

struct ApiRoute {
  std::string_view name;    // "GetAlias"
  std::string_view method;  // "GET"
  std::string_view path;    // "2015-03-31/functions/*/aliases/*"; '?find=LayerVersion' at its end must be in the query
  ApiAnswer (*run)(LambdaService&, const ApiRequest&);
};

std::span<const ApiRoute> function_routes();
std::span<const ApiRoute> version_routes();
std::span<const ApiRoute> policy_routes();
std::span<const ApiRoute> layer_routes();
std::span<const ApiRoute> url_routes();

// Refuses members that the operation does not know here, as not_implemented("CreateFunction with X").
base::Result<> only_parameters(const ApiRequest& request, std::string_view operation,
                               std::initializer_list<std::string_view> known);

// find(), with the caller's right to `action`; the right is looked at first.
base::Result<FunctionTarget> authorized(LambdaService& service, const ApiRequest& request, std::string_view action,
                                        std::string_view reference, std::string_view qualifier = {});

// Errors: PreconditionFailedException 412 if `given` is neither empty nor `current`.
base::Result<> check_revision(std::string_view given, std::string_view current);

// One page of a list: its items from the Marker on, MaxItems of them, and NextMarker if there are more. Errors:
// InvalidParameterValueException.
struct ApiPage {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string next;
};
base::Result<ApiPage> page_of(const ApiRequest& request, std::size_t count, std::size_t most);

inline ApiAnswer json_response(const ApiRequest& request, int status, json::object body) {
  return rest_json_answer(request.call, status, std::move(body));
}
ApiAnswer empty_response(const ApiRequest& request);  // 204

}  // namespace localcloud
