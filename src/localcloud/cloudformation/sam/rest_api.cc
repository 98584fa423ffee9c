// AWS::Serverless::Api: a REST API with its definition, a deployment, and a stage.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "localcloud/cloudformation/sam/authorizers.h"
#include "localcloud/cloudformation/sam/definition.h"
#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/resolve.h"
#include "localcloud/cloudformation/sam/rest_definition.h"
#include "localcloud/cloudformation/sam/schema.h"
#include "localcloud/cloudformation/sam/transform.h"

namespace localcloud::sam {
namespace {

// One Api as it is made: what it says, with its definition growing.
struct RestApi {
  std::string id;
  json::object properties;
  json::object passed_on;

  const json::value* given(std::string_view name) const { return find(properties, name); }
  bool has(std::string_view name) const { return truthy_at(properties, name); }
  json::object& body() { return object_in(properties, "DefinitionBody"); }
};

base::Result<> check_properties(const RestApi& api) {
  TRY(check(api.properties, schema_of_api(), api.id, "AWS::Serverless::Api"));
  if (api.given("Domain") != nullptr) return not_here(api.id, "Domain");
  if (api.given("CanarySetting") != nullptr) return not_here(api.id, "CanarySetting");
  if (api.has("DefinitionUri") && api.has("DefinitionBody")) {
    return invalid_resource(api.id, "Specify either 'DefinitionUri' or 'DefinitionBody' property and not both.");
  }
  if (api.has("DefinitionUri") && api.has("MergeDefinitions")) {
    return invalid_resource(api.id, "Cannot set 'MergeDefinitions' to True when using `DefinitionUri`.");
  }
  if (!api.has("OpenApiVersion")) return {};
  auto version = text_of(*api.given("OpenApiVersion"));
  if (version.starts_with('2')) version[0] = '3';
  if (is_openapi_3(json::value(json::string(version)))) return {};
  return invalid_resource(api.id, "The OpenApiVersion value must be of the format '3.0.0'.");
}

// `what` needs a definition that SAM can add to.
base::Result<> needs_definition(RestApi& api, std::string_view what, std::string_view addition) {
  if (!api.has("DefinitionBody")) {
    return invalid_resource(
        api.id, fmt::format("{} works only with inline Swagger specified in 'DefinitionBody' property.", what));
  }
  if (is_rest_definition(api.given("DefinitionBody"))) return {};
  return invalid_resource(api.id, fmt::format("Unable to add {} because 'DefinitionBody' does not contain a valid "
                                              "Swagger definition.",
                                              addition));
}

base::Result<> add_cors(RestApi& api) {
  if (!api.has("Cors")) return {};
  const json::value given = *api.given("Cors");
  RestCors cors;
  if (given.is_string() || is_intrinsic(given)) {
    cors.origin = given;
  } else {
    for (const auto& [key, value] : given.get_object()) {
      if (key == "AllowOrigin") {
        cors.origin = value;
      } else if (key == "AllowHeaders") {
        cors.headers = value;
      } else if (key == "AllowMethods") {
        cors.methods = value;
      } else if (key == "MaxAge") {
        cors.max_age = value;
      } else if (key == "AllowCredentials") {
        cors.credentials = value.is_bool() && value.get_bool();
      } else {
        return invalid_resource(api.id, fmt::format("Invalid key '{}' for 'Cors' property.", std::string_view(key)));
      }
    }
  }
  TRY(needs_definition(api, "Cors", "Cors configuration"));
  if (cors.credentials && is_text(cors.origin, "'*'")) {
    return invalid_resource(api.id,
                            "Unable to add Cors configuration because 'AllowCredentials' can not be true when "
                            "'AllowOrigin' is \"'*'\" or not set");
  }
  TRY(check_rest_definition(api.given("DefinitionBody")));
  return add_rest_cors(api.body(), cors, api.id);
}

base::Result<json::object> authorizers_of(const RestApi& api, const json::object& auth) {
  const auto* declared = find(auth, "Authorizers");
  if (declared == nullptr || !truthy(*declared)) return json::object{};
  if (!declared->is_object()) return invalid_resource(api.id, "Property 'Auth.Authorizers' should be a map.");
  for (const auto& [name, authorizer] : declared->get_object()) {
    if (!authorizer.is_object()) {
      return invalid_resource(api.id,
                              fmt::format("Property 'Auth.Authorizers.{}' should be a map.", std::string_view(name)));
    }
  }
  return declared->get_object();
}

base::Result<> add_authorizers(RestApi& api, const json::object& auth) {
  TRY(const auto authorizers, authorizers_of(api, auth));
  const auto* chosen = find(auth, "DefaultAuthorizer");
  const bool by_iam = chosen != nullptr && is_text(*chosen, "AWS_IAM");
  if (authorizers.empty() && !by_iam) return {};
  DefaultAuthorizer standard;
  auto& definitions = object_in(api.body(), "securityDefinitions");
  if (by_iam) {
    definitions["AWS_IAM"] = rest_iam_authorizer();
    standard.scopes["AWS_IAM"] = json::array{};
  }
  for (const auto& [name, authorizer] : authorizers) {
    TRY(definitions[name], rest_authorizer(api.id, name, authorizer.get_object()));
    const auto* scopes = find(authorizer.get_object(), "AuthorizationScopes");
    standard.scopes[std::string(name)] = scopes != nullptr ? *scopes : json::value(json::array{});
  }
  if (chosen == nullptr || !truthy(*chosen)) return {};
  if (!chosen->is_string()) return invalid_resource(api.id, "DefaultAuthorizer is not a string.");
  standard.name = std::string(chosen->get_string());
  const auto* preflight = find(auth, "AddDefaultAuthorizerToCorsPreflight");
  standard.on_preflight = preflight == nullptr || truthy(*preflight);
  if (!by_iam && !truthy_at(authorizers, standard.name)) {
    return invalid_resource(
        api.id,
        fmt::format("Unable to set DefaultAuthorizer because '{}' was not defined in 'Authorizers'.", standard.name));
  }
  return set_default_authorizer(api.body(), standard);
}

base::Result<> add_policy(RestApi& api, const json::object& auth) {
  if (!truthy_at(auth, "ResourcePolicy")) return {};
  const auto* policy = auth.at("ResourcePolicy").if_object();
  if (policy == nullptr) return invalid_document("ResourcePolicy must be a map (ResourcePolicyStatement).");
  for (const auto& path : path_names(api.body())) {
    TRY(add_resource_policy(api.body(), *policy, path, api.properties.at("StageName")));
  }
  if (truthy_at(*policy, "CustomStatements")) add_custom_statements(api.body(), policy->at("CustomStatements"));
  return {};
}

base::Result<> add_auth(RestApi& api) {
  static constexpr std::array kMembers = {"Authorizers",
                                          "DefaultAuthorizer",
                                          "InvokeRole",
                                          "AddDefaultAuthorizerToCorsPreflight",
                                          "AddApiKeyRequiredToCorsPreflight",
                                          "ApiKeyRequired",
                                          "ResourcePolicy",
                                          "UsagePlan"};
  if (!api.has("Auth")) return {};
  if (!api.has("DefinitionBody")) {
    return invalid_resource(api.id, "Auth works only with inline Swagger specified in 'DefinitionBody' property.");
  }
  const json::object auth = api.given("Auth")->get_object();
  for (const auto& [key, _] : auth) {
    if (std::find(kMembers.begin(), kMembers.end(), std::string_view(key)) == kMembers.end()) {
      return invalid_resource(api.id, "Invalid value for 'Auth' property");
    }
  }
  TRY(needs_definition(api, "Auth", "Auth configuration"));
  TRY(check_rest_definition(api.given("DefinitionBody")));
  TRY(add_authorizers(api, auth));
  if (truthy_at(auth, "ApiKeyRequired")) {
    add_api_key_security(api.body());
    const auto* preflight = find(auth, "AddApiKeyRequiredToCorsPreflight");
    TRY(set_default_api_key(api.body(), preflight == nullptr || truthy(*preflight)));
  }
  TRY(add_policy(api, auth));
  return as_openapi(api.body(), api.given("OpenApiVersion"));
}

base::Result<json::object> gateway_response(const RestApi& api, std::string_view type, const json::object& given) {
  static constexpr std::array<std::pair<const char*, const char*>, 3> kPlaces = {
      {{"Headers", "header."}, {"Paths", "path."}, {"QueryStrings", "querystring."}}};
  for (const auto& [key, _] : given) {
    if (key != "ResponseParameters" && key != "ResponseTemplates" && key != "StatusCode") {
      return invalid_resource(api.id, fmt::format("Invalid property '{}' in 'GatewayResponses' property '{}'.",
                                                  std::string_view(key), type));
    }
  }
  const auto* parameters = find(given, "ResponseParameters");
  if (parameters != nullptr && truthy(*parameters) && !parameters->is_object()) {
    return invalid_resource(api.id,
                            fmt::format("Property 'GatewayResponses.{}.ResponseParameters' should be a map.", type));
  }
  json::object response;
  auto& prefixed = response["responseParameters"].emplace_object();
  const auto by_place = object_at(given, "ResponseParameters");
  for (const auto& [key, _] : by_place) {
    const auto known = [name = std::string_view(key)](const auto& place) { return name == place.first; };
    if (std::none_of(kPlaces.begin(), kPlaces.end(), known)) {
      return invalid_resource(api.id, fmt::format("Invalid gateway response parameter '{}'", std::string_view(key)));
    }
  }
  for (const auto& [place, prefix] : kPlaces) {
    const auto* values = by_place.if_contains(place);
    if (values == nullptr) continue;
    if (!values->is_object()) {
      return invalid_resource(api.id, fmt::format("Property 'ResponseParameters.{}' should be a map.", place));
    }
    for (const auto& [name, value] : values->get_object()) {
      prefixed[fmt::format("gatewayresponse.{}{}", prefix, std::string_view(name))] = value;
    }
  }
  const auto* templates = find(given, "ResponseTemplates");
  response["responseTemplates"] = templates != nullptr && truthy(*templates) ? *templates : json::value(json::object());
  if (const auto* status = find(given, "StatusCode")) {
    const auto text = text_of(*status);
    const bool numeric = !text.empty() && text.size() <= 3 && text.find_first_not_of("0123456789") == std::string::npos;
    if (truthy(*status) && !numeric) return invalid_resource(api.id, "Property 'StatusCode' must be numeric");
    if (!text.empty()) response["statusCode"] = text;
  }
  return response;
}

base::Result<> add_gateway_responses(RestApi& api) {
  if (!api.has("GatewayResponses")) return {};
  const json::object given = api.given("GatewayResponses")->get_object();
  if (!api.has("DefinitionBody")) return needs_definition(api, "GatewayResponses", "");
  json::object responses;
  for (const auto& [type, value] : given) {
    if (is_intrinsic(value)) {
      return invalid_resource(api.id,
                              "Unable to set GatewayResponses attribute because intrinsic functions are not supported "
                              "for this field.");
    }
    const auto* object = value.if_object();
    if (object == nullptr) {
      return invalid_resource(api.id, fmt::format("Invalid property type '{}' for GatewayResponses. Expected an object "
                                                  "of type 'GatewayResponse'.",
                                                  value.is_string()  ? "str"
                                                  : value.is_array() ? "list"
                                                                     : "int"));
    }
    TRY(responses[type], gateway_response(api, type, *object));
  }
  TRY(needs_definition(api, "GatewayResponses", "Auth configuration"));
  auto& all = object_in(api.body(), "x-amazon-apigateway-gateway-responses");
  for (auto& [type, response] : responses) all[type] = std::move(response);
  return {};
}

json::value unescaped(const json::value& value) {
  if (const auto* text = value.if_string()) return json::string(replaced(std::string_view(*text), "~1", "/"));
  if (const auto* object = value.if_object()) {
    json::object result;
    for (const auto& [key, member] : *object) result[replaced(key, "~1", "/")] = unescaped(member);
    return result;
  }
  const auto* array = value.if_array();
  if (array == nullptr) return value;
  json::array result;
  for (const auto& element : *array) result.push_back(unescaped(element));
  return result;
}

base::Result<> add_models_of(RestApi& api) {
  if (!api.has("Models")) return {};
  TRY(needs_definition(api, "Models", "Models definitions"));
  const json::object models = api.given("Models")->get_object();
  for (const auto& [_, model] : models) {
    if (!model.is_object()) return invalid_resource(api.id, "Invalid value for 'Models' property");
  }
  TRY(add_models(api.body(), models));
  return as_openapi(api.body(), api.given("OpenApiVersion"));
}

base::Result<> disable_endpoint(RestApi& api) {
  const auto* given = api.given("DisableExecuteApiEndpoint");
  if (given == nullptr) return {};
  if (!api.has("DefinitionBody")) {
    return invalid_resource(api.id, "DisableExecuteApiEndpoint works only within 'DefinitionBody' property.");
  }
  TRY(check_rest_definition(api.given("DefinitionBody")));
  const json::value disabled = *given;
  constexpr std::string_view kEndpoint = "x-amazon-apigateway-endpoint-configuration";
  if (!truthy_at(api.body(), "openapi") || !is_openapi_3(api.body().at("openapi"))) {
    object_in(api.body(), kEndpoint)["disableExecuteApiEndpoint"] = disabled;
    return {};
  }
  auto& servers = api.body()["servers"];
  if (!servers.is_array()) servers.emplace_array().emplace_back(json::object());
  for (auto& server : servers.get_array()) {
    if (!server.is_object()) return invalid_document("Invalid OpenAPI definition of 'servers[0]': It should be a map.");
    object_in(server.get_object(), kEndpoint)["disableExecuteApiEndpoint"] = disabled;
  }
  return {};
}

base::Result<> set_endpoint(const RestApi& api, json::object& made) {
  if (!api.has("EndpointConfiguration")) return {};
  const auto& given = *api.given("EndpointConfiguration");
  const auto* object = given.if_object();
  const auto* type = object == nullptr ? nullptr : find(*object, "Type");
  json::object configuration;
  const auto& kind = type != nullptr && truthy(*type) ? *type : given;
  configuration["Types"] = json::array({kind});
  object_in(made, "Parameters")["endpointConfigurationTypes"] = kind;
  if (&kind == type) {
    const bool upper_case = object->contains("VPCEndpointIds");
    const bool lower_case = object->contains("VpcEndpointIds");
    if (upper_case && lower_case) {
      return invalid_resource(
          api.id, "'VPCEndpointIds' and 'VpcEndpointIds' cannot be used together in EndpointConfiguration.");
    }
    if (upper_case) configuration["VpcEndpointIds"] = object->at("VPCEndpointIds");
    if (lower_case) configuration["VpcEndpointIds"] = object->at("VpcEndpointIds");
    set_if(configuration, "IpAddressType", object->if_contains("IpAddressType"));
  }
  made["EndpointConfiguration"] = std::move(configuration);
  return {};
}

base::Result<Made> rest_api_resource(RestApi& api, const json::object& resource) {
  Made made{.id = api.id, .type = "AWS::ApiGateway::RestApi", .attributes = own_attributes(resource)};
  made.depends_on = depends_on(resource);
  set_if(made.properties, "BinaryMediaTypes", api.given("BinaryMediaTypes"));
  set_if(made.properties, "MinimumCompressionSize", api.given("MinimumCompressionSize"));
  TRY(set_endpoint(api, made.properties));
  TRY(add_cors(api));
  TRY(add_auth(api));
  TRY(add_gateway_responses(api));
  if (api.has("BinaryMediaTypes") && api.has("DefinitionBody")) {
    TRY(check_rest_definition(api.given("DefinitionBody")));
    api.body()["x-amazon-apigateway-binary-media-types"] = unescaped(*api.given("BinaryMediaTypes"));
  }
  TRY(add_models_of(api));
  TRY(disable_endpoint(api));
  if (api.has("DefinitionUri")) {
    TRY(made.properties["BodyS3Location"], body_location(*api.given("DefinitionUri"), api.id));
  } else if (api.has("DefinitionBody")) {
    TRY(as_openapi(api.body(), api.given("OpenApiVersion")));
    made.properties["Body"] = api.body();
  }
  for (const char* name : {"FailOnWarnings", "Name", "Description", "Mode", "ApiKeySourceType", "Policy",
                           "SecurityPolicy", "EndpointAccessMode"}) {
    if (api.has(name)) made.properties[name] = *api.given(name);
  }
  return made;
}

// A new one for each definition: what a stage shows is as old as its deployment.
Made deployment_of(const Context& context, const RestApi& api, const Made& rest_api) {
  Made made{.id = api.id + "Deployment", .type = "AWS::ApiGateway::Deployment", .attributes = api.passed_on};
  made.properties["RestApiId"] = ref_to(api.id);
  if (!api.has("OpenApiVersion")) made.properties["StageName"] = "Stage";
  const char* from = rest_api.properties.contains("Body") ? "Body" : "BodyS3Location";
  const auto* definition = rest_api.properties.if_contains(from);
  if (definition == nullptr) return made;
  auto text = sorted_json(*definition);
  if (api.has("OpenApiVersion")) text += "||" + text_of(*api.given("OpenApiVersion"));
  if (const auto names = context.function_names.find(api.id); names != context.function_names.end()) {
    text += "||" + names->second;
  }
  if (api.has("AlwaysDeploy")) text = std::to_string(context.now);
  const auto hash = sha1_hex(text);
  made.id += hash.substr(0, 10);
  made.properties["Description"] = "RestApi deployment id: " + hash;
  return made;
}

Made stage_of(const RestApi& api, const Made& deployment) {
  const auto name = string_at(api.properties, "StageName");
  Made made{.id = is_alphanumeric(name) ? fmt::format("{}{}Stage", api.id, name)
                                        : hashed_id(api.id + "Stage", json::value(json::string(name))),
            .type = "AWS::ApiGateway::Stage",
            .attributes = api.passed_on};
  made.properties["RestApiId"] = ref_to(api.id);
  made.properties["DeploymentId"] = ref_to(deployment.id);
  for (const char* same : {"StageName", "CacheClusterEnabled", "CacheClusterSize", "Variables", "MethodSettings",
                           "AccessLogSetting", "TracingEnabled"}) {
    set_if(made.properties, same, api.given(same));
  }
  if (api.given("Tags") != nullptr) made.properties["Tags"] = tag_list(object_at(api.properties, "Tags"));
  return made;
}

}  // namespace

base::Result<std::vector<Made>> make_rest_api(Context& context, const std::string& id, const json::object& resource) {
  RestApi api{.id = id, .properties = object_at(resource, "Properties"), .passed_on = passed_on_attributes(resource)};
  TRY(check_properties(api));
  for (const char* name : {"BinaryMediaTypes", "Auth"}) {
    if (const auto* given = api.given(name)) {
      TRY(api.properties[name], with_parameters(*given, context.parameters));
    }
  }
  TRY(auto rest_api, rest_api_resource(api, resource));
  auto deployment = deployment_of(context, api, rest_api);
  auto stage = stage_of(api, deployment);
  const auto stage_id = stage.id;
  std::vector<Made> made;
  made.push_back(std::move(rest_api));
  made.push_back(std::move(deployment));
  made.push_back(std::move(stage));
  const auto auth = object_at(api.properties, "Auth");
  for (const auto& [name, authorizer] : object_at(auth, "Authorizers")) {
    const auto& declared = authorizer.get_object();
    if (!truthy_at(declared, "FunctionArn") || truthy_at(declared, "DisableFunctionDefaultPermissions")) continue;
    made.push_back(authorizer_permission(fmt::format("{}{}AuthorizerPermission", id, std::string_view(name)),
                                         declared.at("FunctionArn"), "aws", id, api.passed_on));
  }
  if (const auto* plan = find(auth, "UsagePlan")) {
    TRY(auto more, make_usage_plan(context, id, *plan, stage_id, api.passed_on));
    made.insert(made.end(), more.begin(), more.end());
  }
  if (truthy_at(api.properties, "PropagateTags")) propagate_tags(made, object_at(api.properties, "Tags"));
  return made;
}

}  // namespace localcloud::sam
