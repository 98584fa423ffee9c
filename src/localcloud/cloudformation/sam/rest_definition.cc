#include "localcloud/cloudformation/sam/rest_definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "localcloud/cloudformation/sam/definition.h"
#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/values.h"
#include "localcloud/http_text.h"

namespace localcloud::sam {
namespace {

constexpr std::string_view kSecurity = "securityDefinitions";
const std::vector<std::string_view> kNoMethods = {"summary", "description", "parameters"};

json::object typed(std::string_view type) {
  json::object result;
  result["type"] = type;
  return result;
}

json::object only(std::string_view key, json::value value) {
  json::object result;
  result[key] = std::move(value);
  return result;
}

// Of the method, else of the API, else the caller's. An InvokeRole of NONE, or without a value, is none.
std::optional<json::value> invoke_role(const json::object& method_auth, const json::object& api_auth) {
  const auto role_of = [](const json::object& auth) -> json::value {
    if (truthy_at(auth, "InvokeRole")) return auth.at("InvokeRole");
    return auth.contains("InvokeRole") ? json::value("NONE") : json::value();
  };
  auto role = role_of(method_auth);
  if (role.is_null()) role = role_of(api_auth);
  if (role.is_null() || is_text(role, "CALLER_CREDENTIALS")) return json::value("arn:aws:iam::*:user/*");
  if (is_text(role, "NONE")) return std::nullopt;
  return role;
}

json::object preflight(const RestCors& cors, const json::value& methods) {
  json::object parameters;
  json::object headers;
  const auto header = [&](std::string_view name, const json::value& value, std::string_view type) {
    parameters[fmt::format("method.response.header.{}", name)] = value;
    headers[name] = typed(type);
  };
  header("Access-Control-Allow-Origin", cors.origin, "string");
  if (truthy(cors.headers)) header("Access-Control-Allow-Headers", cors.headers, "string");
  if (truthy(methods)) header("Access-Control-Allow-Methods", methods, "string");
  if (!cors.max_age.is_null()) header("Access-Control-Max-Age", cors.max_age, "integer");
  if (cors.credentials) header("Access-Control-Allow-Credentials", "'true'", "string");

  json::object answer;
  answer["statusCode"] = "200";
  answer["responseParameters"] = std::move(parameters);
  answer["responseTemplates"] = only("application/json", "{}\n");
  json::object integration;
  integration["type"] = "mock";
  integration["requestTemplates"] = only("application/json", "{\n  \"statusCode\" : 200\n}\n");
  integration["responses"] = only("default", std::move(answer));
  json::object ok;
  ok["description"] = "Default response for CORS method";
  ok["headers"] = std::move(headers);
  json::object method;
  method["summary"] = "CORS support";
  method["consumes"] = json::array{"application/json"};
  method["produces"] = json::array{"application/json"};
  method[kIntegration] = std::move(integration);
  method["responses"] = only("200", std::move(ok));
  return method;
}

std::string allowed_methods(const json::object& path_item) {
  if (path_item.contains(kAnyMethod)) return "'DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT'";
  std::set<std::string> methods = {"OPTIONS"};
  for (const auto& [method, _] : path_item) methods.insert(upper(method));
  return fmt::format("'{}'", fmt::join(methods, ","));
}

void note_iam(json::object& body, const json::object& definition) {
  const auto* security = definition.if_contains("security");
  if (security == nullptr || !security->is_array() || security->get_array().empty()) return;
  const auto* first = security->get_array().front().if_object();
  if (first != nullptr && first->contains("AWS_IAM")) add_iam_security(body);
}

base::Result<> set_method_authorizer(json::object& body, std::string_view path, std::string_view method,
                                     const json::object& auth, const json::object& authorizers) {
  const auto name = string_at(auth, "Authorizer");
  TRY(const auto definitions, method_definitions(body, path, method));
  for (auto* definition : definitions) {
    TRY(auto security, security_of(*definition, path, method));
    json::value scopes = json::array{};
    if (const auto* authorizer = find(authorizers, name); authorizer != nullptr && name != "NONE") {
      if (!authorizer->is_object()) {
        return invalid_document(fmt::format("Type of authorizer '{}' must be a dictionary", name));
      }
      if (const auto* general = find(authorizer->get_object(), "AuthorizationScopes")) scopes = *general;
      if (const auto* own = find(auth, "AuthorizationScopes")) scopes = *own;
    }
    security.emplace_back(requirement(name, std::move(scopes)));
    (*definition)["security"] = std::move(security);
    note_iam(body, *definition);
  }
  return {};
}

base::Result<> set_method_api_key(json::object& body, std::string_view path, std::string_view method, bool required) {
  TRY(const auto definitions, method_definitions(body, path, method));
  for (auto* definition : definitions) {
    TRY(auto security, security_of(*definition, path, method));
    security.emplace_back(requirement(required ? "api_key" : "api_key_false", json::array{}));
    (*definition)["security"] = std::move(security);
    if (required) add_api_key_security(body);
  }
  return {};
}

base::Result<> check_requirement(const json::value& security, const MethodDefinition& at, std::string_view path) {
  if (security.is_object()) return {};
  return invalid_document(fmt::format("{} in Security for path {} method {} is not a valid dictionary.",
                                      text_of(security), path, at.method));
}

bool names_any(const json::object& security, const std::set<std::string>& names) {
  return std::any_of(security.begin(), security.end(),
                     [&names](const auto& member) { return names.contains(std::string(member.key())); });
}

json::array joined(json::array first, const json::array& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// The first that names `key` goes; was there one?
bool take_out(json::array& requirements, std::string_view key) {
  const auto found = std::find_if(requirements.begin(), requirements.end(),
                                  [&key](const json::value& one) { return one.get_object().contains(key); });
  if (found == requirements.end()) return false;
  requirements.erase(found);
  return true;
}

}  // namespace

base::Result<> check_rest_definition(const json::value* body) {
  if (!is_rest_definition(body)) {
    return invalid_document(
        "Invalid Swagger document or the Swagger document is not explicitly defined in 'DefinitionBody'.");
  }
  json::object copy = body->get_object();
  for (const auto& path : path_names(copy)) TRY(path_alternatives(copy, path));
  return {};
}

base::Result<> add_function_route(json::object& body, const RestRoute& route, const json::object& method_auth,
                                  const json::object& api_auth) {
  const auto key = method_key(route.method);
  TRY(add_path(body, route.path, key));
  json::value uri = route.uri;
  if (!route.condition.empty()) uri = if_condition(route.condition, uri);
  const bool by_iam = string_at(method_auth, "Authorizer") == "AWS_IAM" ||
                      (method_auth.empty() && string_at(api_auth, "DefaultAuthorizer") == "AWS_IAM");
  TRY(const auto items, path_alternatives(body, route.path));
  for (auto* item : items) {
    json::object integration;
    integration["type"] = "aws_proxy";
    integration["httpMethod"] = "POST";
    integration["uri"] = uri;
    if (route.streamed) integration["responseTransferMode"] = "STREAM";
    if (by_iam) {
      if (auto role = invoke_role(method_auth, api_auth)) integration["credentials"] = std::move(*role);
    }
    auto& definition = object_in(*item, key);
    definition[kIntegration] = std::move(integration);
    if (!definition.contains("responses")) definition["responses"].emplace_object();
    if (!route.condition.empty()) (*item)[key] = if_condition(route.condition, json::value(definition));
  }
  return {};
}

base::Result<> add_rest_cors(json::object& body, const RestCors& cors, std::string_view api_id) {
  std::set<std::string> done;
  for (const auto& path : path_names(body)) {
    auto normalized = path;
    while (normalized.size() > 1 && normalized.ends_with('/')) normalized.pop_back();
    if (!done.insert(normalized).second) continue;
    TRY(const auto items, path_alternatives(body, path));
    json::value methods = cors.methods;
    for (auto* item : items) {
      if (item->contains("options")) continue;
      if (!truthy(cors.origin)) {
        return invalid_resource(
            api_id, "Structure of the SAM template is invalid. Invalid input. Value for AllowedOrigins is required");
      }
      if (!truthy(methods)) methods = allowed_methods(*item);
      (*item)["options"] = preflight(cors, methods);
    }
  }
  return {};
}

void add_iam_security(json::object& body) {
  auto& definitions = object_in(body, kSecurity);
  if (definitions.contains("AWS_IAM")) return;
  auto definition = typed("apiKey");
  definition["name"] = "Authorization";
  definition["in"] = "header";
  definition["x-amazon-apigateway-authtype"] = "awsSigv4";
  definitions["AWS_IAM"] = std::move(definition);
}

void add_api_key_security(json::object& body) {
  auto& definitions = object_in(body, kSecurity);
  if (definitions.contains("api_key")) return;
  auto definition = typed("apiKey");
  definition["name"] = "x-api-key";
  definition["in"] = "header";
  definitions["api_key"] = std::move(definition);
}

base::Result<> add_method_auth(json::object& body, std::string_view path, std::string_view method,
                               const json::object& auth, const json::object& api_auth) {
  if (truthy_at(auth, "Authorizer")) {
    TRY(set_method_authorizer(body, path, method, auth, object_at(api_auth, "Authorizers")));
  }
  const auto* required = find(auth, "ApiKeyRequired");
  return required == nullptr ? base::Result<>{} : set_method_api_key(body, path, method, truthy(*required));
}

base::Result<> set_default_authorizer(json::object& body, const DefaultAuthorizer& authorizer) {
  std::set<std::string> names = {"AWS_IAM"};
  for (const auto& [name, _] : authorizer.scopes) names.insert(name);
  const auto scopes = authorizer.scopes.find(authorizer.name);
  for (const auto& path : path_names(body)) {
    TRY(const auto methods, all_method_definitions(body, path, kNoMethods));
    for (const auto& at : methods) {
      if (at.method == "options" && !authorizer.on_preflight) continue;
      TRY(const auto existing, security_of(*at.definition, path, at.method));
      json::array others;
      json::array own;
      for (const auto& security : existing) {
        TRY(check_requirement(security, at, path));
        (names_any(security.get_object(), names) ? own : others).push_back(security);
      }
      if (take_out(others, "NONE")) {
        own.clear();
      } else if (own.empty()) {
        own.emplace_back(requirement(authorizer.name,
                                     scopes != authorizer.scopes.end() ? scopes->second : json::value(json::array{})));
      }
      auto security = joined(std::move(others), own);
      if (security.empty()) continue;
      (*at.definition)["security"] = std::move(security);
      note_iam(body, *at.definition);
    }
  }
  return {};
}

base::Result<> set_default_api_key(json::object& body, bool on_preflight) {
  for (const auto& path : path_names(body)) {
    TRY(const auto methods, all_method_definitions(body, path, kNoMethods));
    for (const auto& at : methods) {
      TRY(const auto existing, security_of(*at.definition, path, at.method));
      json::array others;
      json::array own;
      for (const auto& security : existing) {
        TRY(check_requirement(security, at, path));
        (names_any(security.get_object(), {"api_key", "api_key_false"}) ? own : others).push_back(security);
      }
      json::array required;
      if (!take_out(own, "api_key_false")) required.emplace_back(requirement("api_key", json::array{}));
      const bool exempt = at.method == "options" && !on_preflight;
      auto security = exempt ? others : joined(others, required);
      if (security != existing) (*at.definition)["security"] = std::move(security);
    }
  }
  return {};
}

base::Result<> add_request_model(json::object& body, std::string_view path, std::string_view method,
                                 const json::object& model) {
  const auto name = lower_case(string_at(model, "Model"));
  const auto* required = find(model, "Required");
  TRY(const auto definitions, method_definitions(body, path, method));
  for (auto* definition : definitions) {
    if (find(body, "swagger") != nullptr) {
      json::object parameter;
      parameter["in"] = "body";
      parameter["name"] = name;
      parameter["schema"] = only("$ref", json::string(fmt::format("#/definitions/{}", name)));
      set_if(parameter, "required", required);
      auto& parameters = (*definition)["parameters"];
      if (!parameters.is_array()) parameters.emplace_array();
      parameters.get_array().emplace_back(std::move(parameter));
    } else if (truthy_at(body, "openapi") && is_openapi_3(body.at("openapi"))) {
      auto schema = only("schema", only("$ref", json::string(fmt::format("#/components/schemas/{}", name))));
      json::object request;
      request["content"] = only("application/json", std::move(schema));
      set_if(request, "required", required);
      (*definition)["requestBody"] = std::move(request);
    }
  }
  return {};
}

base::Result<> add_request_validator(json::object& body, std::string_view path, std::string_view method,
                                     bool validate_body, bool validate_parameters) {
  const std::string_view name = validate_body ? (validate_parameters ? "body-and-params" : "body-only")
                                              : (validate_parameters ? "params-only" : "no-validation");
  json::object validator;
  validator["validateRequestBody"] = validate_body;
  validator["validateRequestParameters"] = validate_parameters;
  auto& validators = object_in(body, "x-amazon-apigateway-request-validators");
  if (!truthy_at(validators, name)) validators[name] = std::move(validator);
  TRY(const auto definitions, method_definitions(body, path, method));
  for (auto* definition : definitions) (*definition)["x-amazon-apigateway-request-validator"] = name;
  return {};
}

base::Result<> add_request_parameters(json::object& body, std::string_view path, std::string_view method,
                                      const json::array& parameters) {
  TRY(const auto definitions, method_definitions(body, path, method));
  for (auto* definition : definitions) {
    if (auto& declared = (*definition)["parameters"]; !declared.is_array()) declared.emplace_array();
    for (const auto& given : parameters) {
      const auto& settings = given.get_object();
      const auto full_name = string_at(settings, "Name");
      const auto rest = replaced(full_name, "method.request.", "");
      const auto dot = rest.find('.');
      const auto location = rest.substr(0, dot);
      json::object parameter;
      parameter["in"] = location == "querystring" ? "query" : location;
      parameter["name"] = rest.substr(dot + 1);
      parameter["required"] = settings.at("Required");
      parameter["type"] = "string";
      (*definition)["parameters"].get_array().emplace_back(std::move(parameter));
      if (!truthy_at(settings, "Caching")) continue;
      auto& keys = object_in(*definition, kIntegration)["cacheKeyParameters"];
      if (!keys.is_array()) keys.emplace_array();
      keys.get_array().emplace_back(full_name);
    }
  }
  return {};
}

base::Result<> add_models(json::object& body, const json::object& models) {
  auto& definitions = object_in(body, "definitions");
  for (const auto& [name, schema] : models) {
    if (!truthy_at(schema.get_object(), "type")) return invalid_document("'Models' schema is missing 'type'.");
    definitions[lower_case(name)] = schema;
  }
  return {};
}

}  // namespace localcloud::sam
