#include "localcloud/cloudformation/sam/http_definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

#include "localcloud/cloudformation/sam/definition.h"
#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/values.h"

namespace localcloud::sam {
namespace {

std::vector<std::string> path_parameters(std::string_view path) {
  std::vector<std::string> names;
  for (auto open = path.find('{'); open != std::string_view::npos; open = path.find('{', open + 1)) {
    const auto close = path.find('}', open);
    if (close == std::string_view::npos) break;
    names.emplace_back(path.substr(open + 1, close - open - 1));
  }
  return names;
}

// "Name" of the first "Name.Arn" in the text.
std::string function_in(std::string_view text) {
  const auto end = text.find(".Arn");
  if (end == std::string_view::npos) return {};
  auto start = end;
  while (start > 0 && std::isalnum(static_cast<unsigned char>(text[start - 1])) != 0) --start;
  return std::string(text.substr(start, end - start));
}

json::object* named(json::array& list, std::string_view name) {
  for (auto& entry : list) {
    auto* object = entry.if_object();
    if (object != nullptr && string_at(*object, "name") == name) return object;
  }
  return nullptr;
}

}  // namespace

base::Result<> check_http_definition(const json::value* body) {
  if (is_http_definition(body)) return {};
  return invalid_document(
      "Invalid OpenApi document. Invalid values or missing keys for 'openapi' or 'paths' in 'DefinitionBody'.");
}

base::Result<> add_function_route(json::object& body, const HttpRoute& route) {
  const auto key = method_key(route.method);
  TRY(const auto integrated, has_integration(body, route.path, key));
  if (integrated) return {};
  TRY(add_path(body, route.path, key));
  json::value uri = route.uri;
  if (!route.condition.empty()) uri = if_condition(route.condition, uri);
  TRY(const auto items, path_alternatives(body, route.path));
  for (auto* item : items) {
    json::object integration;
    integration["type"] = "aws_proxy";
    integration["httpMethod"] = "POST";
    integration["payloadFormatVersion"] = "2.0";
    integration["uri"] = uri;
    auto& definition = object_in(*item, key);
    definition[kIntegration] = std::move(integration);
    if (route.path == kDefaultRoute && key == kAnyMethod) definition["isDefaultRoute"] = true;
    if (!definition.contains("responses")) definition["responses"].emplace_object();
    if (!route.condition.empty()) (*item)[key] = if_condition(route.condition, json::value(definition));
  }
  return {};
}

base::Result<> add_path_parameters(json::object& body, std::string_view path, std::string_view method) {
  const auto names = path_parameters(path);
  if (names.empty()) return {};
  TRY(const auto definitions, method_definitions(body, path, method));
  for (auto* definition : definitions) {
    auto& parameters = (*definition)["parameters"];
    if (!parameters.is_array()) parameters.emplace_array();
    for (const auto& name : names) {
      auto* parameter = named(parameters.get_array(), name);
      if (parameter == nullptr) parameter = &parameters.get_array().emplace_back(json::object()).get_object();
      (*parameter)["name"] = name;
      (*parameter)["in"] = "path";
      (*parameter)["required"] = true;
    }
  }
  return {};
}

base::Result<> set_payload_version(json::object& body, std::string_view path, std::string_view method,
                                   const json::value& version) {
  TRY(const auto definitions, method_definitions(body, path, method));
  for (auto* definition : definitions) object_in(*definition, kIntegration)["payloadFormatVersion"] = version;
  return {};
}

base::Result<bool> default_route_is(json::object& body, std::string_view function) {
  TRY(const auto integrated, has_integration(body, kDefaultRoute, kAnyMethod));
  if (!integrated) return false;
  TRY(const auto definitions, method_definitions(body, kDefaultRoute, kAnyMethod, false));
  for (auto* definition : definitions) {
    auto* uri = object_in(*definition, kIntegration).if_contains("uri");
    if (uri == nullptr || !uri->is_object()) return false;
    TRY(const auto choices, alternatives(*uri));
    for (const auto* choice : choices) {
      const auto text = choice->is_object() ? string_at(choice->get_object(), "Fn::Sub") : std::string();
      if (function_in(text) != function) return false;
    }
  }
  return true;
}

base::Result<> add_method_authorizer(json::object& body, std::string_view path, std::string_view method,
                                     const json::object& auth, const json::object& authorizers) {
  const auto name = string_at(auth, "Authorizer");
  if (name.empty()) return {};
  TRY(const auto definitions, method_definitions(body, path, method));
  for (auto* definition : definitions) {
    json::value scopes = json::array{};
    if (name != "NONE" && name != "AWS_IAM") {
      const auto* authorizer = find_object(authorizers, name);
      if (authorizer == nullptr) {
        return invalid_document(fmt::format("Type of authorizer '{}' must be a dictionary", name));
      }
      if (truthy_at(*authorizer, "AuthorizationScopes")) scopes = authorizer->at("AuthorizationScopes");
      if (truthy_at(auth, "AuthorizationScopes")) scopes = auth.at("AuthorizationScopes");
    }
    TRY(auto security, security_of(*definition, path, method));
    security.emplace_back(requirement(name, std::move(scopes)));
    (*definition)["security"] = std::move(security);
  }
  return {};
}

base::Result<> set_default_http_authorizer(json::object& body, std::string_view name, const json::value& scopes) {
  for (const auto& path : path_names(body)) {
    TRY(const auto methods, all_method_definitions(body, path, {"parameters", "options"}));
    for (const auto& at : methods) {
      if (truthy_at(*at.definition, "security")) continue;
      json::array security;
      security.emplace_back(requirement(name, scopes));
      (*at.definition)["security"] = std::move(security);
    }
  }
  return {};
}

base::Result<> add_http_cors(json::object& body, const json::object& given) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kNames = {
      {{"AllowOrigins", "allowOrigins"},
       {"AllowHeaders", "allowHeaders"},
       {"AllowMethods", "allowMethods"},
       {"ExposeHeaders", "exposeHeaders"},
       {"MaxAge", "maxAge"},
       {"AllowCredentials", "allowCredentials"}}};
  constexpr std::string_view kCors = "x-amazon-apigateway-cors";
  if (const auto* existing = body.if_contains(kCors); existing != nullptr && !existing->is_object()) {
    return invalid_document(fmt::format("Value of '{}' must be a dictionary according to Swagger spec.", kCors));
  }
  auto& cors = object_in(body, kCors);
  for (const auto& [name, key] : kNames) {
    const auto* value = find(given, name);
    if (value == nullptr) continue;
    if (name == "MaxAge" || (name == "AllowCredentials" ? is_true(given, name) : truthy(*value))) cors[key] = *value;
  }
  return {};
}

base::Result<> add_tags(json::object& body, const json::object& tags) {
  auto& list = body["tags"];
  if (!truthy(list)) list.emplace_array();
  if (!list.is_array()) {
    return invalid_document(
        fmt::format("Tags in OpenApi DefinitionBody needs to be a list. {} is a dict not a list.", text_of(list)));
  }
  for (const auto& [name, value] : tags) {
    auto* tag = named(list.get_array(), name);
    if (tag == nullptr) tag = &list.get_array().emplace_back(json::object()).get_object();
    (*tag)["name"] = name;
    (*tag)["x-amazon-apigateway-tag-value"] = value;
  }
  return {};
}

base::Result<> disable_endpoint(json::object& body, const json::value& disabled) {
  auto& servers = body["servers"];
  if (!servers.is_array()) servers.emplace_array().emplace_back(json::object());
  for (auto& server : servers.get_array()) {
    auto* object = server.if_object();
    if (object == nullptr) {
      return invalid_document("Value of 'servers' item must be a dictionary according to Swagger spec.");
    }
    object_in(*object, "x-amazon-apigateway-endpoint-configuration")["disableExecuteApiEndpoint"] = disabled;
  }
  return {};
}

}  // namespace localcloud::sam
