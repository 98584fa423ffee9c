// The Get operations of apigatewayv2: HTTP and WebSocket APIs.
#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "localcloud/apigateway/control_plane.h"

namespace localcloud {

namespace {

constexpr ControlPages kPages{"maxResults", "nextToken", "nextToken", "items", 100, 500};

base::Result<const Api*> api_of(const ControlRequest& request) {
  const auto& id = request.parts.front();
  const Api* api = request.store.find(id);
  if (api == nullptr || api->kind == GatewayKind::rest) {
    return aws_error(404, "NotFoundException",
                     fmt::format("Invalid API identifier specified {}:{}", request.cloud.account_id, id));
  }
  return api;
}

json::object describe(const Cors& cors) {
  json::object described;
  auto list = [&](std::string_view name, const std::vector<std::string>& values) {
    if (!values.empty()) described[name] = json_of(values);
  };
  list("allowOrigins", cors.origins);
  list("allowMethods", cors.methods);
  list("allowHeaders", cors.headers);
  list("exposeHeaders", cors.exposed);
  if (cors.max_age) described["maxAge"] = *cors.max_age;
  if (cors.credentials) described["allowCredentials"] = true;
  return described;
}

json::object describe(const ControlRequest& request, const Api& api) {
  bool websocket = api.kind == GatewayKind::websocket;
  json::object described{
      {"apiId", api.id},
      {"name", api.name},
      {"protocolType", websocket ? "WEBSOCKET" : "HTTP"},
      {"apiEndpoint", fmt::format("{}://{}", websocket ? "wss" : "https", request.store.domain_of(api.id))},
      {"apiKeySelectionExpression", "$request.header.x-api-key"},
      {"routeSelectionExpression", websocket ? fmt::format("$request.body.{}", api.live->route_selection)
                                             : std::string("$request.method $request.path")},
      {"createdDate", iso_time(api.created)},
      {"tags", json_of(api.tags)},
      {"disableExecuteApiEndpoint", api.live->endpoint_disabled}};
  if (api.live->cors) described["corsConfiguration"] = describe(*api.live->cors);
  return described;
}

json::object describe(const ControlRequest&, const Api& api, const std::string& id, const Route& route) {
  json::object described{{"routeId", id}, {"routeKey", route.key}, {"apiKeyRequired", route.access.api_key}};
  described["authorizationType"] = route.access.iam ? "AWS_IAM" : "NONE";
  if (auto found = api.live->authorizers.find(route.access.authorizer); found != api.live->authorizers.end()) {
    described["authorizationType"] = "CUSTOM";
    described["authorizerId"] = found->first;
  }
  if (!route.integration.empty()) described["target"] = "integrations/" + route.integration;
  return described;
}

json::object describe(const ControlRequest& request, const Api& api, const std::string& id,
                      const Integration& integration) {
  bool http = api.kind == GatewayKind::http;
  json::object described{{"integrationId", id},
                         {"integrationType", type_name(integration)},
                         {"payloadFormatVersion", integration.payload_version},
                         {"timeoutInMillis", integration.timeout.count()}};
  auto text = [&](std::string_view name, std::string value) {
    if (!value.empty()) described[name] = std::move(value);
  };
  if (integration.type != Integration::Type::mock) {
    described["connectionType"] = "INTERNET";
    described["integrationMethod"] = integration.method.empty() ? "POST" : integration.method;
  }
  if (integration.subtype.empty()) {
    bool function = http && !integration.function.empty();
    text("integrationUri", function ? integration.function : uri_of(request.cloud, integration));
  }
  text("integrationSubtype", integration.subtype);
  text("credentialsArn", integration.credentials);
  if (!http) described["passthroughBehavior"] = name_of(integration.passthrough);
  if (const auto& templates = integration.request_templates; !templates.empty()) {
    described["requestTemplates"] = json_of(templates);
  }
  if (const auto& mapped = integration.request_parameters; !mapped.empty()) {
    described["requestParameters"] = json_of(mapped);
  }
  if (!integration.response_parameters.empty()) {
    json::object by_status;
    for (const auto& [status, mapped] : integration.response_parameters) by_status[status] = json_of(mapped);
    described["responseParameters"] = std::move(by_status);
  }
  return described;
}

json::object describe(const ControlRequest& request, const Api& api, const std::string& id,
                      const Authorizer& authorizer) {
  json::array sources;
  for (const auto& source : authorizer.sources) {
    bool websocket = api.kind == GatewayKind::websocket;
    constexpr std::array<std::string_view, 4> kPlaces{"request.header", "request.querystring", "stageVariables",
                                                      "context"};
    sources.emplace_back(fmt::format("{}{}.{}", websocket ? "route." : "$",
                                     kPlaces[static_cast<std::size_t>(source.place)], source.name));
  }
  json::object described{{"authorizerId", id},
                         {"name", authorizer.name},
                         {"authorizerType", "REQUEST"},
                         {"authorizerUri", invocation_uri(request.cloud, authorizer.function)},
                         {"identitySource", std::move(sources)}};
  if (!authorizer.credentials.empty()) described["authorizerCredentialsArn"] = authorizer.credentials;
  if (api.kind == GatewayKind::websocket) return described;
  described["authorizerPayloadFormatVersion"] = authorizer.payload_version;
  described["authorizerResultTtlInSeconds"] = authorizer.result_ttl.count();
  described["enableSimpleResponses"] = authorizer.simple_responses;
  return described;
}

json::object describe(const ThrottleLimits& limits) {
  return {{"throttlingBurstLimit", static_cast<std::int64_t>(limits.burst)}, {"throttlingRateLimit", limits.rate}};
}

json::object describe(const ControlRequest&, const Api&, const std::string& name, const Stage& stage) {
  json::object routes;
  for (const auto& [key, limits] : stage.throttling.routes) routes[key] = describe(limits);
  json::object described{{"stageName", name},
                         {"autoDeploy", stage.auto_deploy},
                         {"stageVariables", json_of(stage.variables)},
                         {"tags", json_of(stage.tags)},
                         {"routeSettings", std::move(routes)}};
  if (stage.throttling.every) described["defaultRouteSettings"] = describe(*stage.throttling.every);
  if (!stage.deployment.empty()) described["deploymentId"] = stage.deployment;
  return described;
}

json::object describe(const ControlRequest&, const Api&, const std::string& id,
                      const std::shared_ptr<const Definition>&) {
  return {{"deploymentId", id}, {"deploymentStatus", "DEPLOYED"}, {"autoDeployed", false}};
}

// A member of a member that each API has, all or one of its entries.
template <typename Entries>
ControlAnswer all_of(const ControlRequest& request, const Api& api, const Entries& entries) {
  std::vector<json::object> items;
  for (const auto& [id, entry] : entries) items.push_back(describe(request, api, id, entry));
  return page_of(request, kPages, std::move(items));
}

template <typename Entries>
ControlAnswer one_of(const ControlRequest& request, const Api& api, const Entries& entries, std::string_view what) {
  auto found = entries.find(request.parts.back());
  if (found == entries.end()) return unknown_identifier(what);
  return describe(request, api, found->first, found->second);
}

ControlAnswer get_apis(const ControlRequest& request) {
  std::vector<json::object> items;
  for (const auto& [id, api] : request.store.all()) {
    if (api.kind != GatewayKind::rest) items.push_back(describe(request, api));
  }
  return page_of(request, kPages, std::move(items));
}

ControlAnswer get_api(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  return describe(request, *api);
}

ControlAnswer get_routes(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  return all_of(request, *api, api->live->routes);
}

ControlAnswer get_route(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  return one_of(request, *api, api->live->routes, "Route");
}

ControlAnswer get_integrations(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  return all_of(request, *api, api->live->integrations);
}

ControlAnswer get_integration(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  return one_of(request, *api, api->live->integrations, "Integration");
}

ControlAnswer get_authorizers(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  return all_of(request, *api, api->live->authorizers);
}

ControlAnswer get_authorizer(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  return one_of(request, *api, api->live->authorizers, "Authorizer");
}

ControlAnswer get_stages(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  return all_of(request, *api, api->stages);
}

ControlAnswer get_stage(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  return one_of(request, *api, api->stages, "Stage");
}

ControlAnswer get_deployments(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  return all_of(request, *api, api->deployments);
}

ControlAnswer get_deployment(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  return one_of(request, *api, api->deployments, "Deployment");
}

}  // namespace

std::span<const ControlRoute> control_routes_v2() {
  static constexpr std::array kRoutes{
      ControlRoute{"apigatewayv2:GetApis", "v2/apis", get_apis},
      ControlRoute{"apigatewayv2:GetApi", "v2/apis/*", get_api},
      ControlRoute{"apigatewayv2:GetRoutes", "v2/apis/*/routes", get_routes},
      ControlRoute{"apigatewayv2:GetRoute", "v2/apis/*/routes/*", get_route},
      ControlRoute{"apigatewayv2:GetIntegrations", "v2/apis/*/integrations", get_integrations},
      ControlRoute{"apigatewayv2:GetIntegration", "v2/apis/*/integrations/*", get_integration},
      ControlRoute{"apigatewayv2:GetAuthorizers", "v2/apis/*/authorizers", get_authorizers},
      ControlRoute{"apigatewayv2:GetAuthorizer", "v2/apis/*/authorizers/*", get_authorizer},
      ControlRoute{"apigatewayv2:GetStages", "v2/apis/*/stages", get_stages},
      ControlRoute{"apigatewayv2:GetStage", "v2/apis/*/stages/*", get_stage},
      ControlRoute{"apigatewayv2:GetDeployments", "v2/apis/*/deployments", get_deployments},
      ControlRoute{"apigatewayv2:GetDeployment", "v2/apis/*/deployments/*", get_deployment}};
  return kRoutes;
}

}  // namespace localcloud
