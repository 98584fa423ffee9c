// AWS::ApiGateway::*: REST APIs.
#include <fmt/format.h>

#include <algorithm>

#include "codec/json.h"
#include "localcloud/apigateway/authorizer_definition.h"
#include "localcloud/apigateway/bad_request.h"
#include "localcloud/apigateway/gateway_type.h"
#include "localcloud/apigateway/integration_definition.h"
#include "localcloud/apigateway/openapi.h"
#include "localcloud/apigateway/stage_settings.h"

namespace localcloud {

namespace {

Api* api_of(GatewayService& service, const ResourceRequest& request) {
  return service.store().find(text_property(request.properties, "RestApiId"));
}

base::Result<Api*> need_api(GatewayService& service, const ResourceRequest& request) {
  TRY(auto id, needed_property(request.properties, "RestApiId"));
  return service.store().need(id, GatewayKind::rest);
}

// --- RestApi

base::Result<> configure_api(Cloud& cloud, Api& api, const ResourceRequest& request) {
  const auto& properties = request.properties;
  TRY(auto tags, tags_of(request));
  Definition next = *api.live;
  if (const auto* body = properties.if_contains("Body")) {
    TRY(next, read_openapi(*body, GatewayKind::rest));
  }
  for (auto& binary : list_property(properties, "BinaryMediaTypes")) next.binary_types.push_back(std::move(binary));
  // The Serverless Framework says "" where there is none.
  if (const auto* policy = properties.if_contains("Policy"); policy && *policy != "") next.policy = *policy;
  if (next.policy) {
    auto arn = fmt::format("arn:aws:execute-api:{}:{}:{}/", cloud.region, cloud.account_id, api.id);
    TRY(next.policy, read_api_policy(*next.policy, arn));
  }
  std::string source = text_property(properties, "ApiKeySourceType");
  if (!source.empty()) next.key_from_authorizer = source == "AUTHORIZER";
  if (const auto* endpoint = properties.if_contains("EndpointConfiguration");
      endpoint != nullptr && endpoint->is_object()) {
    auto types = list_property(endpoint->get_object(), "Types");
    next.endpoint_private = std::find(types.begin(), types.end(), "PRIVATE") != types.end();
  }
  if (properties.contains("DisableExecuteApiEndpoint")) {
    next.endpoint_disabled = flag_property(properties, "DisableExecuteApiEndpoint");
  }
  api.edit([&](Definition& definition) { definition = next; });
  api.tags = std::move(tags);
  return {};
}

ResourceState api_state(const Api& api) {
  ResourceState state;
  state.physical_id = api.id;
  state.attributes["RestApiId"] = api.id;
  state.attributes["RootResourceId"] = api.root_resource;
  return state;
}

base::Result<ResourceState> make_api(GatewayService& service, const ResourceRequest& request) {
  std::string name = text_property(request.properties, "Name");
  if (const auto* body = request.properties.if_contains("Body"); name.empty() && body != nullptr) {
    name = codec::find_string(*body, "info", "title");
  }
  if (name.empty() && !request.properties.contains("Body")) return bad_request("Name is required");
  if (name.empty()) name = generated_name(request.stack_name, request.logical_id, 128);
  Api& api = service.store().create(GatewayKind::rest, std::move(name));
  if (auto configured = configure_api(service.cloud(), api, request); !configured) {
    service.store().remove(api.id);
    return base::fail(configured.error());
  }
  return api_state(api);
}

base::Result<ResourceState> change_api(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, service.store().need(request.physical_id, GatewayKind::rest));
  if (request.properties.contains("Body")) api->edit([](Definition& definition) { definition.binary_types.clear(); });
  TRY(configure_api(service.cloud(), *api, request));
  return api_state(*api);
}

// --- Resource

base::Result<ResourceState> make_resource(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  TRY(auto parent, needed_property(request.properties, "ParentId"));
  TRY(auto part, needed_property(request.properties, "PathPart"));
  auto found = api->resources.find(parent);
  if (found == api->resources.end())
    return aws_error(404, "NotFoundException", "Invalid Resource identifier specified");
  std::string path = (found->second.path == "/" ? "" : found->second.path) + "/" + part;
  for (const auto& [id, known] : api->resources) {
    if (known.path == path) {
      return aws_error(409, "ConflictException",
                       fmt::format("Another resource with the same parent already has this name: {}", part));
    }
  }
  constexpr std::size_t kMost = 300;  // AGW-guide limits.md
  TRY(check_room(api->resources.size(), kMost, "Resources"));
  std::string id = GatewayStore::random_id(6);
  api->resources[id] = {.parent = parent, .path = path};
  return ResourceState{.physical_id = id, .ref = {}, .attributes = {{"ResourceId", id}}};
}

base::Result<> remove_resource(GatewayService& service, const ResourceRequest& request) {
  if (Api* api = api_of(service, request)) api->resources.erase(request.physical_id);
  return {};
}

// --- Method

base::Result<ResourceState> put_method(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  TRY(auto resource, needed_property(request.properties, "ResourceId"));
  auto found = api->resources.find(resource);
  if (found == api->resources.end())
    return aws_error(404, "NotFoundException", "Invalid Resource identifier specified");
  Route route;
  TRY(route.method, needed_property(request.properties, "HttpMethod"));
  TRY(route.access, read_access(*api->live, request.properties));
  route.validator = text_property(request.properties, "RequestValidatorId");
  if (!route.validator.empty() && !api->live->validators.contains(route.validator)) {
    return bad_request("Invalid Request Validator identifier specified");
  }
  for (const auto& [name, required] : map_property(request.properties, "RequestParameters")) {
    route.parameters[name] = required == "true";
  }
  route.models = map_property(request.properties, "RequestModels");
  const auto* written = request.properties.if_contains("Integration");
  if (written == nullptr || !written->is_object()) return bad_request("No integration defined for method");
  TRY(auto renamed, openapi_names(written->get_object()));
  TRY(auto integration, read_integration(GatewayKind::rest, renamed));
  route.path = found->second.path;
  route.key = route.method + " " + route.path;
  route.resource_id = resource;
  std::string id = fmt::format("{}|{}|{}", api->id, resource, route.method);
  route.integration = id;
  api->edit([&](Definition& definition) {
    definition.routes[id] = route;
    definition.integrations[id] = integration;
  });
  return ResourceState{.physical_id = id};
}

base::Result<> remove_method(GatewayService& service, const ResourceRequest& request) {
  if (Api* api = api_of(service, request)) {
    api->edit([&](Definition& definition) {
      definition.routes.erase(request.physical_id);
      definition.integrations.erase(request.physical_id);
    });
  }
  return {};
}

// --- Deployment and Stage

base::Result<ResourceState> make_deployment(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  if (api->live->routes.empty()) return bad_request("The REST API doesn't contain any methods");
  std::string id = GatewayStore::random_id(6);
  api->deployments[id] = api->live;
  if (std::string stage = text_property(request.properties, "StageName"); !stage.empty())
    api->stages[stage].deployment = id;
  return ResourceState{.physical_id = id, .ref = {}, .attributes = {{"DeploymentId", id}}};
}

base::Result<ResourceState> put_stage(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  TRY(auto name, needed_property(request.properties, "StageName"));
  constexpr std::size_t kMost = 10;  // AGW-guide limits.md
  if (request.physical_id.empty()) TRY(check_room(api->stages.size(), kMost, "Stages"));
  Stage stage;
  TRY(stage.throttling, read_method_settings(request.properties));
  stage.deployment = text_property(request.properties, "DeploymentId");
  stage.variables = map_property(request.properties, "Variables");
  TRY(stage.tags, tags_of(request));
  if (!api->deployments.contains(stage.deployment)) return bad_request("Deployment id does not exist");
  if (request.physical_id.empty() && api->stages.contains(name))
    return aws_error(409, "ConflictException", "Stage already exists");
  api->stages[name] = std::move(stage);
  return ResourceState{.physical_id = name};
}

std::unique_ptr<ResourceType> type(TypeDescription description, GatewayType::Functions functions) {
  return std::make_unique<GatewayType>(std::move(description), std::move(functions));
}

}  // namespace

ResourceTypes rest_resource_types(GatewayService& service) {
  auto with = [&service](auto function) {
    return [&service, function](const ResourceRequest& request) { return function(service, request); };
  };
  ResourceTypes types;
  types.push_back(
      type({.name = "AWS::ApiGateway::RestApi",
            .works = {"Name", "Body", "BinaryMediaTypes", "Policy", "ApiKeySourceType", "DisableExecuteApiEndpoint",
                      "EndpointConfiguration", "Tags"},
            .accepted = {"Description", "FailOnWarnings", "Parameters", "Mode", "SecurityPolicy"},
            .replaces = {}},
           {.make = with(make_api), .change = with(change_api), .destroy = [&service](const ResourceRequest& request) {
              service.remove_api(request.physical_id);
              return base::Result<>{};
            }}));
  types.push_back(type({.name = "AWS::ApiGateway::Resource",
                        .works = {"RestApiId", "ParentId", "PathPart"},
                        .accepted = {},
                        .replaces = {"RestApiId", "ParentId", "PathPart"}},
                       {.make = with(make_resource), .change = {}, .destroy = with(remove_resource)}));
  types.push_back(
      type({.name = "AWS::ApiGateway::Method",
            .works = {"RestApiId", "ResourceId", "HttpMethod", "AuthorizationType", "AuthorizerId", "RequestParameters",
                      "RequestValidatorId", "RequestModels", "Integration", "ApiKeyRequired"},
            .accepted = {"MethodResponses", "OperationName"},
            .replaces = {"RestApiId", "ResourceId", "HttpMethod"}},
           {.make = with(put_method), .change = with(put_method), .destroy = with(remove_method)}));
  types.push_back(
      type({.name = "AWS::ApiGateway::Deployment",
            .works = {"RestApiId", "StageName"},
            .accepted = {"Description", "StageDescription"},
            .replaces = {"RestApiId"}},
           {.make = with(make_deployment), .change = {}, .destroy = [&service](const ResourceRequest& request) {
              if (Api* api = api_of(service, request)) api->deployments.erase(request.physical_id);
              return base::Result<>{};
            }}));
  types.push_back(
      type({.name = "AWS::ApiGateway::Stage",
            .works = {"RestApiId", "StageName", "DeploymentId", "Variables", "MethodSettings", "Tags"},
            .accepted = {"Description", "TracingEnabled", "AccessLogSetting"},
            .replaces = {"RestApiId", "StageName"}},
           {.make = with(put_stage), .change = with(put_stage), .destroy = [&service](const ResourceRequest& request) {
              if (Api* api = api_of(service, request)) api->stages.erase(request.physical_id);
              return base::Result<>{};
            }}));
  types.push_back(
      type({.name = "AWS::ApiGateway::Account", .works = {}, .accepted = {"CloudWatchRoleArn"}, .replaces = {}},
           {.make = [](const ResourceRequest& request) -> base::Result<ResourceState> {
              return ResourceState{.physical_id = request.logical_id};
            },
            .change = {},
            .destroy = {}}));
  for (auto& more : usage_plan_types(service)) types.push_back(std::move(more));
  for (auto& more : rest_part_types(service)) types.push_back(std::move(more));
  return types;
}

}  // namespace localcloud
