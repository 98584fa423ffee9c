#include "localcloud/apigateway/openapi.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "codec/json.h"
#include "localcloud/apigateway/authorizer_definition.h"
#include "localcloud/apigateway/bad_request.h"
#include "localcloud/apigateway/failure.h"
#include "localcloud/apigateway/integration_definition.h"
#include "localcloud/apigateway/json_schema.h"
#include "localcloud/http_text.h"
#include "localcloud/json_members.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

using codec::json::value;

constexpr std::string_view kIntegration = "x-amazon-apigateway-integration";

bool is_method(std::string_view key) {
  static const std::set<std::string_view> methods{"get",     "put",  "post",  "delete",
                                                  "options", "head", "patch", "x-amazon-apigateway-any-method"};
  return methods.contains(key);
}

std::string method_name(std::string_view key) {
  if (key.starts_with("x-")) return "ANY";
  std::string name(key);
  for (char& c : name) c = static_cast<char>(c - 'a' + 'A');
  return name;
}

tl::unexpected<base::Error> refused(std::string_view where, std::string_view what) {
  return bad_request(fmt::format("{}: {}", where, what));
}

base::Result<Integration> integration_of(const value& operation, GatewayKind kind, const std::string& where) {
  const auto* found = codec::find(operation, kIntegration);
  if (found == nullptr || !found->is_object()) return refused(where, "No integration defined for method");
  auto integration = read_integration(kind, found->get_object());
  if (!integration) return refused(where, integration.error().message);
  return integration;
}

bool disables_endpoint(const value& configuration) {
  const auto* disabled = codec::find(configuration, "disableExecuteApiEndpoint");
  return disabled != nullptr && (*disabled == value(true) || *disabled == value("true"));
}

// The model that a schema names, "#/definitions/Pet"; a schema without a name gets one.
base::Result<std::string> model_of(const value& schema, Definition& definition) {
  std::string reference = codec::find_string(schema, "$ref");
  if (!reference.empty()) return reference.substr(reference.rfind('/') + 1);
  TRY(check_schema(schema));
  std::string name = GatewayStore::random_id(8);
  definition.models[name] = schema;
  return name;
}

// What an operation demands of a request: its parameters, its body's model, and the validator that looks.
base::Result<> read_demands(const value& body, const value& operation, Definition& definition, Route& route) {
  constexpr std::string_view kValidator = "x-amazon-apigateway-request-validator";
  route.validator = codec::find_string(operation, kValidator);
  if (route.validator.empty()) route.validator = codec::find_string(body, kValidator);
  const auto* parameters = codec::find(operation, "parameters");
  for (const auto& one : parameters != nullptr && parameters->is_array() ? parameters->get_array() : json::array{}) {
    std::string place = codec::find_string(one, "in");
    const auto* required = codec::find(one, "required");
    if (place == "body") {
      if (const auto* schema = codec::find(one, "schema")) {
        TRY(route.models["application/json"], model_of(*schema, definition));
      }
    } else if (place == "header" || place == "path" || place == "query") {
      std::string name = fmt::format("method.request.{}.{}", place == "query" ? "querystring" : place,
                                     codec::find_string(one, "name"));
      route.parameters[name] = required != nullptr && *required == value(true);
    }
  }
  const auto* content = codec::find(operation, "requestBody", "content");
  if (content == nullptr || !content->is_object()) return {};
  for (const auto& [type, described] : content->get_object()) {
    if (const auto* schema = codec::find(described, "schema")) {
      TRY(route.models[std::string(type)], model_of(*schema, definition));
    }
  }
  return {};
}

base::Result<> read_models(const value& body, Definition& definition) {
  const auto* models = codec::find(body, "components", "schemas");
  if (models == nullptr) models = codec::find(body, "definitions");
  if (models != nullptr && models->is_object()) {
    for (const auto& [name, schema] : models->get_object()) {
      auto checked = check_schema(schema);
      if (!checked) return refused(name, checked.error().message);
      definition.models[std::string(name)] = schema;
    }
  }
  const auto* validators = codec::find(body, "x-amazon-apigateway-request-validators");
  if (validators == nullptr || !validators->is_object()) return {};
  for (const auto& [name, validator] : validators->get_object()) {
    const auto* of_body = codec::find(validator, "validateRequestBody");
    const auto* of_parameters = codec::find(validator, "validateRequestParameters");
    definition.validators[std::string(name)] = {
        .body = of_body != nullptr && *of_body == value(true),
        .parameters = of_parameters != nullptr && *of_parameters == value(true)};
  }
  return {};
}

// What of a body says more than its paths. A member that is not there is refused by name.
base::Result<> read_extensions(const value& body, GatewayKind kind, Definition& definition) {
  static const std::set<std::string_view> kPlain{"openapi",
                                                 "swagger",
                                                 "info",
                                                 "paths",
                                                 "tags",
                                                 "host",
                                                 "basePath",
                                                 "schemes",
                                                 "servers",
                                                 "definitions",
                                                 "components",
                                                 "security",
                                                 "produces",
                                                 "consumes",
                                                 "externalDocs",
                                                 "securityDefinitions",
                                                 "x-amazon-apigateway-importexport-version",
                                                 "x-amazon-apigateway-request-validator",
                                                 "x-amazon-apigateway-request-validators"};
  constexpr std::string_view kEndpoint = "x-amazon-apigateway-endpoint-configuration";
  if (!body.is_object()) return refused("Body", "it is no object");
  for (const auto& [key, content] : body.get_object()) {
    std::string_view name(key);
    if (name == "x-amazon-apigateway-cors" && kind == GatewayKind::http) {
      definition.cors = read_cors(content);
    } else if (name == "x-amazon-apigateway-binary-media-types") {
      for (auto& type : texts_in(body.get_object(), name)) definition.binary_types.push_back(std::move(type));
    } else if (name == "x-amazon-apigateway-policy" && kind == GatewayKind::rest) {
      definition.policy = content;
    } else if (name == "x-amazon-apigateway-api-key-source") {
      definition.key_from_authorizer = content == value("AUTHORIZER");
    } else if (name == "x-amazon-apigateway-gateway-responses" && content.is_object()) {
      for (const auto& [type, response] : content.get_object()) {
        TRY(check_response_type(type));
        const auto* object = response.if_object();
        TRY(definition.responses[std::string(type)], read_gateway_response(object ? *object : json::object{}));
      }
    } else if (name == kEndpoint) {
      definition.endpoint_disabled = disables_endpoint(content);
    } else if (!kPlain.contains(name)) {
      return refused("Body", fmt::format("{} is not implemented by the local cloud", name));
    }
  }
  for (const auto& server : list_in(body.get_object(), "servers")) {
    const auto* configuration = codec::find(server, kEndpoint);
    if (configuration != nullptr && disables_endpoint(*configuration)) definition.endpoint_disabled = true;
  }
  return {};
}

// The security schemes of a body, and what the requirements of its operations mean by them.
class Security {
 public:
  static base::Result<Security> read(const value& body, GatewayKind kind) {
    Security security;
    const auto* schemes = codec::find(body, "components", "securitySchemes");
    if (schemes == nullptr) schemes = codec::find(body, "securityDefinitions");
    if (schemes != nullptr && schemes->is_object()) {
      for (const auto& [name, scheme] : schemes->get_object()) TRY(security.add(name, scheme, kind));
    }
    if (const auto* common = codec::find(body, "security")) security.common_ = *common;
    return security;
  }

  base::Result<RouteAccess> access(const value& operation, const std::string& where) const {
    RouteAccess access;
    access.iam = codec::find_string(operation, "x-amazon-apigateway-auth", "type") == "AWS_IAM";
    const auto* own = codec::find(operation, "security");
    const auto* requirements = own != nullptr ? own->if_array() : common_.if_array();
    if (requirements == nullptr) return access;
    for (const auto& requirement : *requirements) {
      if (!requirement.is_object()) continue;
      for (const auto& [name, scopes] : requirement.get_object()) TRY(require(name, where, access));
    }
    return access;
  }

  const std::map<std::string, Authorizer>& authorizers() const { return authorizers_; }

 private:
  base::Result<> add(std::string_view name, const value& scheme, GatewayKind kind) {
    std::string key(name);
    bool is_key = codec::find_string(scheme, "type") == "apiKey";
    if (codec::find_string(scheme, "x-amazon-apigateway-authtype") == "awsSigv4") {
      iam_.insert(key);
    } else if (is_key && codec::find(scheme, "x-amazon-apigateway-authorizer") == nullptr) {
      if (lower_case(codec::find_string(scheme, "name")) != "x-api-key") {
        return refused(key, "an API key is read from the header x-api-key only");
      }
      keys_.insert(key);
    } else {
      auto authorizer = read_openapi_authorizer(kind, scheme.is_object() ? scheme.get_object() : json::object{});
      if (!authorizer) return refused(key, authorizer.error().message);
      std::string id = GatewayStore::random_id(6);
      ids_[key] = id;
      authorizer->name = key;
      authorizers_[id] = std::move(*authorizer);
    }
    return {};
  }

  base::Result<> require(std::string_view name, const std::string& where, RouteAccess& access) const {
    std::string key(name);
    if (key == "NONE" || key == "api_key_false") return {};
    if (iam_.contains(key)) {
      access.iam = true;
    } else if (keys_.contains(key)) {
      access.api_key = true;
    } else if (auto found = ids_.find(key); found != ids_.end()) {
      access.authorizer = found->second;
    } else {
      return refused(where, fmt::format("Authorizer {} is not defined", name));
    }
    return {};
  }

  std::set<std::string> iam_;
  std::set<std::string> keys_;
  std::map<std::string, std::string> ids_;
  std::map<std::string, Authorizer> authorizers_;  // by id
  value common_;
};

}  // namespace

Cors read_cors(const value& configuration) {
  auto member = [&](std::string name) {
    const auto* found = codec::find(configuration, name);
    if (found == nullptr) {
      name[0] = static_cast<char>(name[0] - 'A' + 'a');
      found = codec::find(configuration, name);
    }
    return found;
  };
  auto list = [&](std::string name) {
    std::vector<std::string> texts;
    const auto* found = member(std::move(name));
    if (found == nullptr || !found->is_array()) return texts;
    for (const auto& one : found->get_array()) {
      if (one.is_string()) texts.emplace_back(one.get_string());
    }
    return texts;
  };
  Cors cors;
  cors.origins = list("AllowOrigins");
  cors.methods = list("AllowMethods");
  cors.headers = list("AllowHeaders");
  cors.exposed = list("ExposeHeaders");
  if (const auto* age = member("MaxAge"); age != nullptr && age->is_int64())
    cors.max_age = static_cast<int>(age->get_int64());
  if (const auto* allowed = member("AllowCredentials"); allowed != nullptr) {
    cors.credentials = (allowed->is_bool() && allowed->get_bool()) || *allowed == value("true");
  }
  return cors;
}

base::Result<Definition> read_openapi(const value& body, GatewayKind kind) {
  Definition definition;
  TRY(const auto security, Security::read(body, kind));
  definition.authorizers = security.authorizers();
  TRY(read_extensions(body, kind, definition));
  if (kind == GatewayKind::rest) TRY(read_models(body, definition));
  const auto* paths = codec::find(body, "paths");
  if (paths == nullptr || !paths->is_object()) return definition;
  for (const auto& [path, operations] : paths->get_object()) {
    if (!operations.is_object()) continue;
    for (const auto& [key, operation] : operations.get_object()) {
      if (!is_method(key)) continue;
      std::string where = fmt::format("{} {}", method_name(key), std::string_view(path));
      TRY(auto integration, integration_of(operation, kind, where));
      Route route;
      TRY(route.access, security.access(operation, where));
      if (kind == GatewayKind::rest) TRY(read_demands(body, operation, definition, route));
      const auto* is_default = codec::find(operation, "isDefaultRoute");
      if (path == "/$default" || path == "$default" || (is_default != nullptr && *is_default == value(true))) {
        route.key = "$default";
      } else {
        route.method = method_name(key);
        route.path = path;
        route.key = where;
      }
      route.integration = GatewayStore::random_id(7);
      route.resource_id = GatewayStore::random_id(6);
      definition.integrations[route.integration] = std::move(integration);
      definition.routes[GatewayStore::random_id(7)] = std::move(route);
    }
  }
  return definition;
}

}  // namespace localcloud
