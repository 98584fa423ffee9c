// The definition of an API (Swagger 2.0 or OpenAPI 3 as JSON), which SAM writes or adds to: what REST and HTTP APIs
// have in common. Paths and methods may be {"Fn::If": [condition, one, other]}: "alternatives" are all that they may
// come to.
//
// Pointers into a body are good until something is added to what holds them.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace localcloud::sam {

namespace json = boost::json;

constexpr std::string_view kAnyMethod = "x-amazon-apigateway-any-method";
constexpr std::string_view kIntegration = "x-amazon-apigateway-integration";
constexpr std::string_view kAuthorizer = "x-amazon-apigateway-authorizer";

// "3.0.1" and the like.
bool is_openapi_3(const json::value& version);
bool is_rest_definition(const json::value* body);
bool is_http_definition(const json::value* body);
json::object new_rest_definition();
json::object new_http_definition();

std::string method_key(std::string_view method);  // lower case; "any" by its extension's name
// Path parameters become "*"; greedy ones other than {proxy+} only if `greedy_too`.
std::string without_parameters(std::string_view path, bool greedy_too);
std::vector<std::string> path_names(const json::object& body);

base::Result<std::vector<json::value*>> alternatives(json::value& item);
base::Result<std::vector<json::object*>> path_alternatives(json::object& body, std::string_view path);

base::Result<bool> has_integration(json::object& body, std::string_view path, std::string_view method);
base::Result<> add_path(json::object& body, std::string_view path, std::string_view method);

struct MethodDefinition {
  std::string method;  // as a key
  json::object* definition;
};

// Of one method, those with an integration.
base::Result<std::vector<json::object*>> method_definitions(json::object& body, std::string_view path,
                                                            std::string_view method, bool integrated_only = true);
// Of every method of a path, those with an integration; `skipped`: keys that are no methods.
base::Result<std::vector<MethodDefinition>> all_method_definitions(json::object& body, std::string_view path,
                                                                   const std::vector<std::string_view>& skipped);

base::Result<> set_timeout(json::object& body, std::string_view path, std::string_view method,
                           const json::value& milliseconds);

// The "security" of a method, or its refusal if that is no list.
base::Result<json::array> security_of(const json::object& definition, std::string_view path, std::string_view method);
json::object requirement(std::string_view name, json::value scopes);  // {name: scopes}

// {"S3Bucket"…} of "s3://bucket/key?versionId=v" or {"Bucket", "Key", "Version"}: for code and layers.
base::Result<json::object> code_location(const json::value& uri, std::string_view id, std::string_view property);
// {"Bucket", "Key", "Version"} of the same: for definitions.
base::Result<json::object> body_location(const json::value& uri, std::string_view id);

}  // namespace localcloud::sam
