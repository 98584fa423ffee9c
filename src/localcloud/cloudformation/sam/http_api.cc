// AWS::Serverless::HttpApi: an HTTP API with its definition and a stage.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "localcloud/cloudformation/sam/authorizers.h"
#include "localcloud/cloudformation/sam/definition.h"
#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/http_definition.h"
#include "localcloud/cloudformation/sam/resolve.h"
#include "localcloud/cloudformation/sam/schema.h"
#include "localcloud/cloudformation/sam/transform.h"

namespace localcloud::sam {
namespace {

struct HttpApi {
  std::string id;
  json::object properties;

  const json::value* given(std::string_view name) const { return find(properties, name); }
  bool has(std::string_view name) const { return truthy_at(properties, name); }
  json::object& body() { return object_in(properties, "DefinitionBody"); }
};

base::Result<> needs_definition(const HttpApi& api, std::string_view what) {
  if (api.has("DefinitionBody")) return {};
  return invalid_resource(
      api.id, fmt::format("{} works only with inline OpenApi specified in the 'DefinitionBody' property.", what));
}

base::Result<> add_cors(HttpApi& api) {
  if (!api.has("CorsConfiguration")) return {};
  static constexpr std::array kMembers = {"AllowMethods", "AllowHeaders",  "AllowOrigins",
                                          "MaxAge",       "ExposeHeaders", "AllowCredentials"};
  if (!api.has("DefinitionBody")) {
    return invalid_resource(api.id, "Cors works only with inline OpenApi specified in 'DefinitionBody' property.");
  }
  const json::value given = *api.given("CorsConfiguration");
  json::object cors;
  if (given.is_bool()) {
    cors["AllowOrigins"] = json::array({json::value("*")});
  } else {
    cors = given.get_object();
    for (const auto& [key, _] : cors) {
      if (std::find(kMembers.begin(), kMembers.end(), std::string_view(key)) == kMembers.end()) {
        return invalid_resource(api.id, fmt::format("Invalid key '{}' for 'Cors' property.", std::string_view(key)));
      }
    }
  }
  if (!is_http_definition(api.given("DefinitionBody"))) {
    return invalid_resource(
        api.id,
        "Unable to add Cors configuration because 'DefinitionBody' does not contain a valid OpenApi "
        "definition.");
  }
  const auto* origins = find(cors, "AllowOrigins");
  if (is_true(cors, "AllowCredentials") && origins != nullptr && *origins == json::array({json::value("*")})) {
    return invalid_resource(api.id,
                            "Unable to add Cors configuration because 'AllowCredentials' can not be true when "
                            "'AllowOrigin' is \"'*'\" or not set.");
  }
  return add_http_cors(api.body(), cors);
}

base::Result<> set_default_authorizer(HttpApi& api, const json::object& auth, const json::object& authorizers) {
  const auto* chosen = find(auth, "DefaultAuthorizer");
  if (chosen == nullptr || !truthy(*chosen) || is_no_value(*chosen)) return {};
  if (!chosen->is_string()) return invalid_resource(api.id, "Property 'Auth.DefaultAuthorizer' should be a string.");
  const std::string name(chosen->get_string());
  const bool by_iam = name == "AWS_IAM" && is_true(auth, "EnableIamAuthorizer");
  const auto* authorizer = find_object(authorizers, name);
  if (authorizer == nullptr && !by_iam) {
    return invalid_resource(
        api.id, fmt::format("Unable to set DefaultAuthorizer because '{}' was not defined in 'Authorizers'.", name));
  }
  const auto* scopes = authorizer == nullptr ? nullptr : find(*authorizer, "AuthorizationScopes");
  return set_default_http_authorizer(api.body(), name, scopes != nullptr ? *scopes : json::value(json::array{}));
}

base::Result<> add_auth(HttpApi& api) {
  if (!api.has("Auth")) return {};
  TRY(needs_definition(api, "Auth"));
  const json::object auth = api.given("Auth")->get_object();
  for (const auto& [key, _] : auth) {
    if (key != "Authorizers" && key != "DefaultAuthorizer" && key != "EnableIamAuthorizer") {
      return invalid_resource(api.id, "Invalid value for 'Auth' property");
    }
  }
  if (!is_http_definition(api.given("DefinitionBody"))) {
    return invalid_resource(
        api.id,
        "Unable to add Auth configuration because 'DefinitionBody' does not contain a valid OpenApi "
        "definition.");
  }
  const auto* declared = find(auth, "Authorizers");
  if (declared != nullptr && truthy(*declared) && !declared->is_object()) {
    return invalid_resource(api.id, "Property 'Auth.Authorizers' should be a map.");
  }
  const auto authorizers = object_at(auth, "Authorizers");
  json::object schemes;
  if (is_true(auth, "EnableIamAuthorizer")) schemes["AWS_IAM"] = http_iam_authorizer();
  for (const auto& [name, authorizer] : authorizers) {
    if (!authorizer.is_object()) {
      return invalid_resource(api.id,
                              fmt::format("Property 'Auth.Authorizers.{}' should be a map.", std::string_view(name)));
    }
    TRY(schemes[name], http_authorizer(api.id, name, authorizer.get_object()));
  }
  if (!schemes.empty()) {
    auto& all = object_in(object_in(api.body(), "components"), "securitySchemes");
    for (auto& [name, scheme] : schemes) all[name] = std::move(scheme);
  }
  return set_default_authorizer(api, auth, authorizers);
}

base::Result<> add_tags_of(HttpApi& api) {
  if (api.has("Tags")) TRY(needs_definition(api, "Tags"));
  if (!api.has("DefinitionBody")) return {};
  if (!is_http_definition(api.given("DefinitionBody"))) {
    if (!api.has("Tags")) return {};
    return invalid_resource(
        api.id, "Unable to add `Tags` because 'DefinitionBody' does not contain a valid OpenApi definition.");
  }
  auto& tags = object_in(api.properties, "Tags");
  tags["httpapi:createdBy"] = "SAM";
  const json::object copy = tags;
  return add_tags(api.body(), copy);
}

// Name and Description, unless the definition says its own.
base::Result<> add_info(HttpApi& api) {
  if (api.has("Name")) {
    TRY(needs_definition(api, "Name"));
    const auto info = object_at(api.body(), "info");
    const auto* title = find(info, "title");
    if (title == nullptr || *title != json::value(ref_to("AWS::StackName"))) {
      return invalid_resource(api.id,
                              "Unable to set Name because it is already defined within inline OpenAPI specified in the "
                              "'DefinitionBody' property.");
    }
    object_in(api.body(), "info")["title"] = json::value(*api.given("Name"));
  }
  if (!api.has("Description")) return {};
  TRY(needs_definition(api, "Description"));
  if (truthy_at(object_at(api.body(), "info"), "description")) {
    return invalid_resource(
        api.id,
        "Unable to set Description because it is already defined within inline OpenAPI specified in "
        "the 'DefinitionBody' property.");
  }
  object_in(api.body(), "info")["description"] = json::value(*api.given("Description"));
  return {};
}

// API Gateway warns of a path without a slash.
void slash_default_path(HttpApi& api) {
  if (!api.has("FailOnWarnings") || !api.has("DefinitionBody")) return;
  auto& paths = object_in(api.body(), "paths");
  auto* route = paths.if_contains(kDefaultRoute);
  if (route == nullptr) return;
  json::value moved = std::move(*route);
  paths.erase(kDefaultRoute);
  paths["/$default"] = std::move(moved);
}

base::Result<Made> api_resource(HttpApi& api, const json::object& resource) {
  Made made{.id = api.id, .type = "AWS::ApiGatewayV2::Api", .attributes = own_attributes(resource)};
  made.depends_on = depends_on(resource);
  if (api.has("DefinitionUri") && api.has("DefinitionBody")) {
    return invalid_resource(api.id, "Specify either 'DefinitionUri' or 'DefinitionBody' property and not both.");
  }
  TRY(add_cors(api));
  TRY(add_auth(api));
  TRY(add_tags_of(api));
  if (api.has("FailOnWarnings")) made.properties["FailOnWarnings"] = *api.given("FailOnWarnings");
  if (const auto* disabled = api.given("DisableExecuteApiEndpoint")) {
    if (!api.has("DefinitionBody")) {
      return invalid_resource(api.id, "DisableExecuteApiEndpoint works only within 'DefinitionBody' property.");
    }
    TRY(check_http_definition(api.given("DefinitionBody")));
    const json::value copy = *disabled;
    TRY(disable_endpoint(api.body(), copy));
  }
  TRY(add_info(api));
  slash_default_path(api);
  if (api.has("DefinitionUri")) {
    TRY(made.properties["BodyS3Location"], body_location(*api.given("DefinitionUri"), api.id));
    return made;
  }
  if (!api.has("DefinitionBody")) {
    return invalid_resource(api.id,
                            "'DefinitionUri' or 'DefinitionBody' are required properties of an "
                            "'AWS::Serverless::HttpApi'. Add a value for one of these properties or add a 'HttpApi' "
                            "event to an 'AWS::Serverless::Function'.");
  }
  made.properties["Body"] = api.body();
  return made;
}

Made stage_of(const HttpApi& api, const json::object& passed_on) {
  const json::value name = api.has("StageName") ? *api.given("StageName") : json::value(kDefaultRoute);
  const auto text = name.is_string() ? std::string(name.get_string()) : std::string();
  std::string id = hashed_id(api.id + "Stage", json::value(json::string(text)));
  if (is_alphanumeric(text)) id = fmt::format("{}{}Stage", api.id, text);
  if (text == kDefaultRoute) id = api.id + "ApiGatewayDefaultStage";
  Made made{.id = std::move(id), .type = "AWS::ApiGatewayV2::Stage", .attributes = passed_on};
  made.properties["ApiId"] = ref_to(api.id);
  made.properties["StageName"] = name;
  made.properties["AutoDeploy"] = true;
  for (const char* same : {"StageVariables", "AccessLogSettings", "DefaultRouteSettings", "Tags", "RouteSettings"}) {
    set_if(made.properties, same, api.given(same));
  }
  return made;
}

}  // namespace

base::Result<std::vector<Made>> make_http_api(Context& context, const std::string& id, const json::object& resource) {
  HttpApi api{.id = id, .properties = object_at(resource, "Properties")};
  TRY(check(api.properties, schema_of_http_api(), id, "AWS::Serverless::HttpApi"));
  if (api.given("Domain") != nullptr) return not_here(id, "Domain");
  if (const auto* cors = api.given("CorsConfiguration")) {
    TRY(api.properties["CorsConfiguration"], with_parameters(*cors, context.parameters));
    if (is_intrinsic(api.properties["CorsConfiguration"])) return not_here(id, "A function as CorsConfiguration");
  }
  const auto passed_on = passed_on_attributes(resource);
  std::vector<Made> made;
  TRY(auto api_made, api_resource(api, resource));
  made.push_back(std::move(api_made));
  const auto auth = object_at(api.properties, "Auth");
  for (const auto& [name, authorizer] : object_at(auth, "Authorizers")) {
    const auto& declared = authorizer.get_object();
    if (!truthy_at(declared, "FunctionArn") || !truthy_at(declared, "EnableFunctionDefaultPermissions")) continue;
    made.push_back(authorizer_permission(fmt::format("{}{}AuthorizerPermission", id, std::string_view(name)),
                                         declared.at("FunctionArn"), "${AWS::Partition}", id, passed_on));
  }
  made.push_back(stage_of(api, passed_on));
  return made;
}

}  // namespace localcloud::sam
