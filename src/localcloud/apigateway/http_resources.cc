// AWS::ApiGatewayV2::*: HTTP and WebSocket APIs.
#include <fmt/format.h>

#include <charconv>

#include "codec/json.h"
#include "localcloud/apigateway/authorizer_definition.h"
#include "localcloud/apigateway/bad_request.h"
#include "localcloud/apigateway/gateway_type.h"
#include "localcloud/apigateway/integration_definition.h"
#include "localcloud/apigateway/mapping_template.h"
#include "localcloud/apigateway/openapi.h"
#include "localcloud/apigateway/stage_settings.h"
#include "localcloud/json_members.h"

namespace localcloud {

namespace {

// aws-facts §1; AGW-guide limits.md.
constexpr std::size_t kMostRoutes = 300;
constexpr std::size_t kMostIntegrations = 300;
constexpr std::size_t kMostAuthorizers = 10;
constexpr std::size_t kMostStages = 10;

Api* api_of(GatewayService& service, const ResourceRequest& request) {
  return service.store().find(text_property(request.properties, "ApiId"));
}

base::Result<Api*> need_api(GatewayService& service, const ResourceRequest& request) {
  TRY(auto id, needed_property(request.properties, "ApiId"));
  return service.store().need_v2(id);
}

// --- Api

base::Result<std::string> read_route_selection(const json::object& properties) {
  std::string expression = text_property(properties, "RouteSelectionExpression");
  std::string_view rest = expression;
  if (rest.starts_with("${") && rest.ends_with('}')) {
    rest = rest.substr(2, rest.size() - 3);
  } else if (rest.starts_with('$')) {
    rest.remove_prefix(1);
  }
  constexpr std::string_view kBody = "request.body.";
  if (!rest.starts_with(kBody) || rest.size() == kBody.size()) {
    return bad_request(
        fmt::format("RouteSelectionExpression {}: the local cloud knows $request.body.… only", expression));
  }
  return std::string(rest.substr(kBody.size()));
}

// Those tags of a definition that are meant for the API itself (AGW-guide api-gateway-extensions).
GatewayTags tags_of_body(const json::object& properties) {
  GatewayTags tags;
  for (const auto& tag : list_in(object_in(properties, "Body"), "tags")) {
    const auto* value = codec::find(tag, "x-amazon-apigateway-tag-value");
    if (value != nullptr && value->is_string()) tags[codec::find_string(tag, "name")] = value->get_string();
  }
  return tags;
}

base::Result<> configure_api(Api& api, const ResourceRequest& request) {
  const auto& properties = request.properties;
  TRY(auto tags, tags_of(request));
  tags.merge(tags_of_body(properties));
  Definition next = *api.live;
  if (api.kind == GatewayKind::websocket) {
    TRY(next.route_selection, read_route_selection(properties));
  } else if (const auto* body = properties.if_contains("Body")) {
    TRY(next, read_openapi(*body, GatewayKind::http));
    if (next.routes.size() > kMostRoutes) TRY(check_room(kMostRoutes, kMostRoutes, "Routes"));
  }
  if (const auto* cors = properties.if_contains("CorsConfiguration")) next.cors = read_cors(*cors);
  api.edit([&](Definition& definition) { definition = next; });
  api.tags = std::move(tags);
  return {};
}

ResourceState api_state(GatewayService& service, const Api& api) {
  ResourceState state;
  state.physical_id = api.id;
  state.attributes["ApiId"] = api.id;
  state.attributes["ApiEndpoint"] =
      fmt::format("{}://{}", api.kind == GatewayKind::websocket ? "wss" : "https", service.store().domain_of(api.id));
  return state;
}

base::Result<ResourceState> make_api(GatewayService& service, const ResourceRequest& request) {
  std::string protocol = text_property(request.properties, "ProtocolType", "HTTP");
  if (protocol != "HTTP" && protocol != "WEBSOCKET")
    return bad_request("Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]");
  std::string name = text_property(request.properties, "Name");
  if (const auto* body = request.properties.if_contains("Body"); name.empty() && body != nullptr) {
    name = codec::find_string(*body, "info", "title");
  }
  if (name.empty()) return bad_request("Name is required");
  Api& api = service.store().create(protocol == "HTTP" ? GatewayKind::http : GatewayKind::websocket, std::move(name));
  if (auto configured = configure_api(api, request); !configured) {
    service.store().remove(api.id);
    return base::fail(configured.error());
  }
  return api_state(service, api);
}

base::Result<ResourceState> change_api(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, service.store().need_v2(request.physical_id));
  TRY(configure_api(*api, request));
  return api_state(service, *api);
}

// --- Route

base::Result<Route> read_route(const Api& api, const json::object& properties) {
  Route route;
  TRY(route.key, needed_property(properties, "RouteKey"));
  TRY(route.access, read_access(*api.live, properties));
  if (route.access.api_key) return bad_request("ApiKeyRequired is not implemented by the local cloud");
  std::string target = text_property(properties, "Target");
  constexpr std::string_view kTarget = "integrations/";
  if (!target.empty()) {
    if (!target.starts_with(kTarget)) return bad_request("Invalid target: " + target);
    route.integration = target.substr(kTarget.size());
    if (!api.live->integrations.contains(route.integration))
      return bad_request("Unable to find Integration with id " + route.integration);
  }
  bool websocket = api.kind == GatewayKind::websocket;
  bool restricted = route.access.iam || !route.access.authorizer.empty();
  if (websocket && restricted && route.key != "$connect") {
    return bad_request("Currently, authorization is restricted to the $connect route only");
  }
  if (websocket || route.key == "$default") return route;
  std::size_t blank = route.key.find(' ');
  if (blank == std::string::npos || blank + 1 >= route.key.size() || route.key[blank + 1] != '/') {
    return bad_request(
        "The provided route key is not formatted properly for HTTP protocol. Format should be \"<HTTP METHOD> "
        "/<RESOURCE PATH>\" or \"$default\"");
  }
  route.method = route.key.substr(0, blank);
  route.path = route.key.substr(blank + 1);
  return route;
}

base::Result<ResourceState> put_route(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  TRY(auto route, read_route(*api, request.properties));
  std::string id = request.physical_id.empty() ? GatewayStore::random_id(7) : request.physical_id;
  for (const auto& [other, known] : api->live->routes) {
    if (known.key == route.key && other != id) {
      return aws_error(409, "ConflictException",
                       fmt::format("Route with key {} already exists for this API", route.key));
    }
  }
  if (request.physical_id.empty()) TRY(check_room(api->live->routes.size(), kMostRoutes, "Routes"));
  if (auto old = api->live->routes.find(id); old != api->live->routes.end()) route.responses = old->second.responses;
  api->edit([&](Definition& definition) { definition.routes[id] = route; });
  return ResourceState{.physical_id = id, .ref = {}, .attributes = {{"RouteId", id}}};
}

// --- Authorizer

base::Result<ResourceState> put_authorizer(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  TRY(auto name, needed_property(request.properties, "Name"));
  TRY(auto authorizer, read_v2_authorizer(api->kind, request.properties));
  if (request.physical_id.empty()) {
    TRY(check_room(api->live->authorizers.size(), kMostAuthorizers, "Authorizers"));
  }
  std::string id = request.physical_id.empty() ? GatewayStore::random_id(6) : request.physical_id;
  api->edit([&](Definition& definition) { definition.authorizers[id] = authorizer; });
  return ResourceState{.physical_id = id, .ref = {}, .attributes = {{"AuthorizerId", id}}};
}

// --- Integration

// The properties of an HTTP API's integration with OpenAPI's names.
json::object renamed(const json::object& properties) {
  static const std::map<std::string_view, std::string_view> kNames{{"IntegrationType", "type"},
                                                                   {"IntegrationUri", "uri"},
                                                                   {"IntegrationMethod", "httpMethod"},
                                                                   {"IntegrationSubtype", "integrationSubtype"},
                                                                   {"PayloadFormatVersion", "payloadFormatVersion"},
                                                                   {"TimeoutInMillis", "timeoutInMillis"},
                                                                   {"CredentialsArn", "credentials"},
                                                                   {"ConnectionType", "connectionType"},
                                                                   {"RequestParameters", "requestParameters"},
                                                                   {"ResponseParameters", "responseParameters"}};
  json::object made;
  for (const auto& [key, value] : properties) {
    if (auto found = kNames.find(key); found != kNames.end()) made[found->second] = value;
  }
  return made;
}

base::Result<Integration> read_socket_integration(const json::object& properties) {
  Integration integration;
  std::string type = text_property(properties, "IntegrationType");
  std::string uri = text_property(properties, "IntegrationUri");
  if (properties.contains("RequestParameters")) {
    return bad_request("RequestParameters is not implemented by the local cloud for WebSocket APIs");
  }
  integration.credentials = text_property(properties, "CredentialsArn");
  integration.method = text_property(properties, "IntegrationMethod");
  integration.proxy = type.ends_with("_PROXY");
  if (type == "AWS_PROXY") {
    TRY(integration.function, function_of_uri(uri));
  } else if (type == "MOCK") {
    integration.type = Integration::Type::mock;
  } else if (type == "AWS") {
    TRY(read_service_uri(uri, integration));
    if (integration.credentials.empty()) return bad_request("Role ARN must be specified for AWS integrations");
  } else {
    return bad_request(
        fmt::format("IntegrationType {}: the local cloud has AWS_PROXY, AWS and MOCK for WebSocket APIs", type));
  }
  TRY(integration.request_templates, read_templates(properties, "RequestTemplates"));
  TRY(integration.template_key, read_template_key(text_property(properties, "TemplateSelectionExpression")));
  TRY(integration.timeout, timeout_property(properties, "TimeoutInMillis", base::Millis(29'000)));
  return integration;
}

base::Result<ResourceState> put_integration(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  TRY(auto integration, api->kind == GatewayKind::websocket
                            ? read_socket_integration(request.properties)
                            : read_integration(GatewayKind::http, renamed(request.properties)));
  if (request.physical_id.empty()) {
    TRY(check_room(api->live->integrations.size(), kMostIntegrations, "Integrations"));
  }
  std::string id = request.physical_id.empty() ? GatewayStore::random_id(7) : request.physical_id;
  if (auto old = api->live->integrations.find(id); old != api->live->integrations.end())
    integration.responses = old->second.responses;
  api->edit([&](Definition& definition) { definition.integrations[id] = integration; });
  return ResourceState{.physical_id = id, .ref = {}, .attributes = {{"IntegrationId", id}}};
}

// --- IntegrationResponse and RouteResponse

base::Result<ResourceState> put_integration_response(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  TRY(auto integration, needed_property(request.properties, "IntegrationId"));
  if (!api->live->integrations.contains(integration))
    return aws_error(404, "NotFoundException", "Unable to find Integration");
  IntegrationResponse response;
  TRY(response.key, needed_property(request.properties, "IntegrationResponseKey"));
  TRY(response.templates, read_templates(request.properties, "ResponseTemplates"));
  TRY(response.template_key, read_template_key(text_property(request.properties, "TemplateSelectionExpression")));
  std::string id = request.physical_id.empty() ? GatewayStore::random_id(7) : request.physical_id;
  api->edit([&](Definition& definition) { definition.integrations[integration].responses[id] = response; });
  return ResourceState{.physical_id = id, .ref = {}, .attributes = {{"IntegrationResponseId", id}}};
}

base::Result<> remove_integration_response(GatewayService& service, const ResourceRequest& request) {
  if (Api* api = api_of(service, request)) {
    api->edit([&](Definition& definition) {
      auto found = definition.integrations.find(text_property(request.properties, "IntegrationId"));
      if (found != definition.integrations.end()) found->second.responses.erase(request.physical_id);
    });
  }
  return {};
}

base::Result<ResourceState> put_route_response(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  TRY(auto route, needed_property(request.properties, "RouteId"));
  TRY(auto key, needed_property(request.properties, "RouteResponseKey"));
  if (key != "$default") return bad_request("RouteResponseKey must be $default");
  if (!api->live->routes.contains(route)) return aws_error(404, "NotFoundException", "Unable to find Route");
  std::string id = request.physical_id.empty() ? GatewayStore::random_id(7) : request.physical_id;
  api->edit([&](Definition& definition) { definition.routes[route].responses[id] = key; });
  return ResourceState{.physical_id = id, .ref = {}, .attributes = {{"RouteResponseId", id}}};
}

base::Result<> remove_route_response(GatewayService& service, const ResourceRequest& request) {
  if (Api* api = api_of(service, request)) {
    api->edit([&](Definition& definition) {
      auto found = definition.routes.find(text_property(request.properties, "RouteId"));
      if (found != definition.routes.end()) found->second.responses.erase(request.physical_id);
    });
  }
  return {};
}

// --- Deployment and Stage

base::Result<ResourceState> make_deployment(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  if (api->live->routes.empty()) return bad_request("At least one route is required before deploying the Api.");
  std::string id = GatewayStore::random_id(6);
  api->deployments[id] = api->live;
  if (std::string stage = text_property(request.properties, "StageName"); !stage.empty()) {
    auto found = api->stages.find(stage);
    if (found == api->stages.end()) return aws_error(404, "NotFoundException", "Invalid stage identifier specified");
    found->second.deployment = id;
  }
  return ResourceState{.physical_id = id, .ref = {}, .attributes = {{"DeploymentId", id}}};
}

base::Result<ResourceState> put_stage(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  TRY(auto name, needed_property(request.properties, "StageName"));
  if (request.physical_id.empty() && api->stages.contains(name)) {
    return aws_error(409, "ConflictException", "Stage already exists");
  }
  if (name == "$default" && api->kind == GatewayKind::websocket)
    return bad_request("Stage name only allows a-zA-Z0-9_-");
  if (request.physical_id.empty()) TRY(check_room(api->stages.size(), kMostStages, "Stages"));
  Stage stage;
  TRY(stage.throttling, read_route_settings(request.properties));
  stage.auto_deploy = flag_property(request.properties, "AutoDeploy");
  stage.deployment = text_property(request.properties, "DeploymentId");
  stage.variables = map_property(request.properties, "StageVariables");
  TRY(stage.tags, tags_of(request));
  if (!stage.deployment.empty() && !api->deployments.contains(stage.deployment)) {
    return aws_error(404, "NotFoundException", "Invalid deployment identifier specified");
  }
  api->stages[name] = std::move(stage);
  return ResourceState{.physical_id = name};
}

GatewayType::Functions both(std::function<base::Result<ResourceState>(const ResourceRequest&)> put,
                            std::function<base::Result<>(const ResourceRequest&)> destroy) {
  return {.make = put, .change = put, .destroy = std::move(destroy)};
}

using Description = TypeDescription;

std::unique_ptr<ResourceType> type(Description description, GatewayType::Functions functions) {
  return std::make_unique<GatewayType>(std::move(description), std::move(functions));
}

}  // namespace

ResourceTypes http_resource_types(GatewayService& service) {
  auto with = [&service](auto function) {
    return [&service, function](const ResourceRequest& request) { return function(service, request); };
  };
  // Removes a member of the live definition by the physical id.
  auto forget = [&service](auto member) {
    return [&service, member](const ResourceRequest& request) {
      if (Api* api = api_of(service, request))
        api->edit([&](Definition& live) { (live.*member).erase(request.physical_id); });
      return base::Result<>{};
    };
  };
  ResourceTypes types;
  types.push_back(
      type({.name = "AWS::ApiGatewayV2::Api",
            .works = {"Name", "ProtocolType", "Body", "RouteSelectionExpression", "CorsConfiguration", "Tags"},
            .accepted = {"Description", "FailOnWarnings", "Version"},
            .replaces = {"ProtocolType"}},
           {.make = with(make_api), .change = with(change_api), .destroy = [&service](const ResourceRequest& request) {
              service.remove_api(request.physical_id);
              return base::Result<>{};
            }}));
  types.push_back(type({.name = "AWS::ApiGatewayV2::Route",
                        .works = {"ApiId", "RouteKey", "AuthorizationType", "AuthorizerId", "Target", "ApiKeyRequired"},
                        .accepted = {"OperationName", "RouteResponseSelectionExpression"},
                        .replaces = {"ApiId"}},
                       both(with(put_route), forget(&Definition::routes))));
  types.push_back(type({.name = "AWS::ApiGatewayV2::Authorizer",
                        .works = {"ApiId", "Name", "AuthorizerType", "AuthorizerUri", "AuthorizerCredentialsArn",
                                  "AuthorizerResultTtlInSeconds", "IdentitySource", "AuthorizerPayloadFormatVersion",
                                  "EnableSimpleResponses"},
                        .replaces = {"ApiId"}},
                       both(with(put_authorizer), forget(&Definition::authorizers))));
  types.push_back(
      type({.name = "AWS::ApiGatewayV2::Integration",
            .works = {"ApiId", "CredentialsArn", "IntegrationType", "IntegrationUri", "PayloadFormatVersion",
                      "TimeoutInMillis", "RequestTemplates", "TemplateSelectionExpression", "RequestParameters",
                      "ResponseParameters", "IntegrationMethod", "IntegrationSubtype", "ConnectionType"},
            .accepted = {"PassthroughBehavior", "Description", "ContentHandlingStrategy"},
            .replaces = {"ApiId"}},
           both(with(put_integration), forget(&Definition::integrations))));
  types.push_back(type({.name = "AWS::ApiGatewayV2::IntegrationResponse",
                        .works = {"ApiId", "IntegrationId", "IntegrationResponseKey", "ResponseTemplates",
                                  "TemplateSelectionExpression"},
                        .accepted = {"ContentHandlingStrategy"},
                        .replaces = {"ApiId", "IntegrationId"}},
                       both(with(put_integration_response), with(remove_integration_response))));
  types.push_back(type({.name = "AWS::ApiGatewayV2::RouteResponse",
                        .works = {"ApiId", "RouteId", "RouteResponseKey"},
                        .accepted = {"ModelSelectionExpression"},
                        .replaces = {"ApiId", "RouteId"}},
                       both(with(put_route_response), with(remove_route_response))));
  types.push_back(
      type({.name = "AWS::ApiGatewayV2::Deployment",
            .works = {"ApiId", "StageName"},
            .accepted = {"Description"},
            .replaces = {"ApiId", "StageName"}},
           {.make = with(make_deployment), .change = {}, .destroy = [&service](const ResourceRequest& request) {
              if (Api* api = api_of(service, request)) api->deployments.erase(request.physical_id);
              return base::Result<>{};
            }}));
  types.push_back(type({.name = "AWS::ApiGatewayV2::Stage",
                        .works = {"ApiId", "StageName", "DeploymentId", "AutoDeploy", "StageVariables",
                                  "DefaultRouteSettings", "RouteSettings", "Tags"},
                        .accepted = {"Description", "AccessLogSettings"},
                        .replaces = {"ApiId", "StageName"}},
                       both(with(put_stage), [&service](const ResourceRequest& request) {
                         if (Api* api = api_of(service, request)) api->stages.erase(request.physical_id);
                         return base::Result<>{};
                       })));
  return types;
}

}  // namespace localcloud
