// The Get operations of apigateway: REST APIs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "codec/json.h"
#include "localcloud/apigateway/control_plane.h"

namespace localcloud {

namespace {

constexpr ControlPages kPages{"limit", "position", "position", "item", 25, 500};

base::Result<const Api*> api_of(const ControlRequest& request) {
  const auto& id = request.parts.front();
  const Api* api = request.store.find(id);
  if (api == nullptr || api->kind != GatewayKind::rest) {
    return aws_error(404, "NotFoundException",
                     fmt::format("Invalid API identifier specified {}:{}", request.cloud.account_id, id));
  }
  return api;
}

json::object describe(const Api& api) {
  json::object described{{"id", api.id},
                         {"name", api.name},
                         {"createdDate", epoch_seconds(api.created)},
                         {"apiKeySource", api.live->key_from_authorizer ? "AUTHORIZER" : "HEADER"},
                         {"disableExecuteApiEndpoint", api.live->endpoint_disabled},
                         {"rootResourceId", api.root_resource}};
  if (const auto& types = api.live->binary_types; !types.empty()) described["binaryMediaTypes"] = json_of(types);
  if (!api.tags.empty()) described["tags"] = json_of(api.tags);
  if (api.live->policy) {
    // AWS gives the policy's text as it stands within a JSON string.
    auto quoted = codec::to_text(json::value(codec::to_text(*api.live->policy)));
    described["policy"] = quoted.substr(1, quoted.size() - 2);
  }
  return described;
}

// --- Resources

struct ResourceNode {
  std::string id;
  std::map<std::string, std::pair<std::string, const Route*>> methods;  // by name: the route's id and the route
};
using ResourceTree = std::map<std::string, ResourceNode>;  // by path

std::string parent_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

// An id for a resource that only a definition's paths imply: the same each time.
std::string id_of_path(const Api& api, std::string_view path) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (char c : fmt::format("{}{}", api.id, path)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  std::string id;
  for (; id.size() < 6; hash /= 36) id += "abcdefghijklmnopqrstuvwxyz0123456789"[hash % 36];
  return id;
}

// The resources that templates name, and those that a Body's paths and the paths above them are.
ResourceTree tree_of(const Api& api) {
  ResourceTree tree;
  for (const auto& [id, resource] : api.resources) tree[resource.path].id = id;
  for (const auto& [id, route] : api.live->routes) {
    if (!route.path.starts_with('/')) continue;
    auto& node = tree[route.path];
    if (node.id.empty()) node.id = route.resource_id;
    node.methods[route.method] = {id, &route};
    for (auto path = route.path; path != "/"; path = parent_of(path)) {
      auto& above = tree[parent_of(path)];
      if (above.id.empty()) above.id = id_of_path(api, parent_of(path));
    }
  }
  return tree;
}

base::Result<ResourceTree::value_type> resource_of(const ControlRequest& request, const Api& api) {
  for (auto& node : tree_of(api)) {
    if (node.second.id == request.parts.at(1)) return node;
  }
  return unknown_identifier("Resource");
}

json::object describe(const IntegrationResponse& response) {
  json::object described{{"statusCode", std::to_string(response.status)}};
  if (!response.key.empty()) described["selectionPattern"] = response.key;
  if (!response.templates.empty()) described["responseTemplates"] = json_of(response.templates);
  if (!response.parameters.empty()) described["responseParameters"] = json_of(response.parameters);
  return described;
}

json::object describe(const ControlRequest& request, const Route& route, const Integration& integration) {
  json::object described{{"type", type_name(integration)},
                         {"timeoutInMillis", integration.timeout.count()},
                         {"passthroughBehavior", name_of(integration.passthrough)},
                         {"cacheNamespace", route.resource_id},
                         {"cacheKeyParameters", json::array()}};
  if (integration.type != Integration::Type::mock) {
    described["httpMethod"] = integration.method.empty() ? "POST" : integration.method;
    described["uri"] = uri_of(request.cloud, integration);
  }
  if (!integration.credentials.empty()) described["credentials"] = integration.credentials;
  if (const auto& templates = integration.request_templates; !templates.empty()) {
    described["requestTemplates"] = json_of(templates);
  }
  if (const auto& mapped = integration.request_parameters; !mapped.empty()) {
    described["requestParameters"] = json_of(mapped);
  }
  if (integration.responses.empty()) return described;
  json::object responses;
  for (const auto& [id, response] : integration.responses) {
    responses[std::to_string(response.status)] = describe(response);
  }
  described["integrationResponses"] = std::move(responses);
  return described;
}

json::object describe(const ControlRequest& request, const Api& api, const Route& route) {
  json::object described{{"httpMethod", route.method}, {"apiKeyRequired", route.access.api_key}};
  described["authorizationType"] = route.access.iam ? "AWS_IAM" : "NONE";
  if (auto found = api.live->authorizers.find(route.access.authorizer); found != api.live->authorizers.end()) {
    described["authorizationType"] = "CUSTOM";
    described["authorizerId"] = found->first;
  }
  if (!route.validator.empty()) described["requestValidatorId"] = route.validator;
  if (!route.models.empty()) described["requestModels"] = json_of(route.models);
  json::object parameters;
  for (const auto& [name, required] : route.parameters) parameters[name] = required;
  if (!parameters.empty()) described["requestParameters"] = std::move(parameters);
  if (auto found = api.live->integrations.find(route.integration); found != api.live->integrations.end()) {
    described["methodIntegration"] = describe(request, route, found->second);
  }
  return described;
}

// Methods are told in full where the query asks embed=methods, else by their names.
json::object describe(const ControlRequest& request, const Api& api, const ResourceTree& tree,
                      const ResourceTree::value_type& node) {
  const auto& [path, resource] = node;
  json::object described{{"id", resource.id}, {"path", path}};
  if (path != "/") {
    if (auto parent = tree.find(parent_of(path)); parent != tree.end()) described["parentId"] = parent->second.id;
    described["pathPart"] = path.substr(path.rfind('/') + 1);
  }
  if (resource.methods.empty()) return described;
  bool whole = field(request.query, "embed") == "methods";
  json::object methods;
  for (const auto& [name, route] : resource.methods) {
    methods[name] = whole ? describe(request, api, *route.second) : json::object();
  }
  described["resourceMethods"] = std::move(methods);
  return described;
}

ControlAnswer get_resources(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  auto tree = tree_of(*api);
  std::vector<json::object> items;
  for (const auto& node : tree) items.push_back(describe(request, *api, tree, node));
  return page_of(request, kPages, std::move(items));
}

ControlAnswer get_resource(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  TRY(auto node, resource_of(request, *api));
  return describe(request, *api, tree_of(*api), node);
}

base::Result<const Route*> method_of(const ControlRequest& request, const Api& api) {
  TRY(auto node, resource_of(request, api));
  auto found = node.second.methods.find(request.parts.at(2));
  if (found == node.second.methods.end()) return unknown_identifier("Method");
  return found->second.second;
}

ControlAnswer get_method(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  TRY(const auto* route, method_of(request, *api));
  return describe(request, *api, *route);
}

ControlAnswer get_integration(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  TRY(const auto* route, method_of(request, *api));
  auto found = api->live->integrations.find(route->integration);
  if (found == api->live->integrations.end()) return unknown_identifier("Integration");
  return describe(request, *route, found->second);
}

// --- The rest

ControlAnswer get_rest_apis(const ControlRequest& request) {
  std::vector<json::object> items;
  for (const auto& [id, api] : request.store.all()) {
    if (api.kind == GatewayKind::rest) items.push_back(describe(api));
  }
  return page_of(request, kPages, std::move(items));
}

ControlAnswer get_rest_api(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  return describe(*api);
}

json::object describe(const std::string& name, const Stage& stage) {
  json::object described{{"stageName", name},
                         {"deploymentId", stage.deployment},
                         {"variables", json_of(stage.variables)},
                         {"cacheClusterEnabled", false},
                         {"cacheClusterStatus", "NOT_AVAILABLE"}};
  if (!stage.tags.empty()) described["tags"] = json_of(stage.tags);
  return described;
}

ControlAnswer get_stages(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  auto deployment = field(request.query, "deploymentId");
  json::array items;
  for (const auto& [name, stage] : api->stages) {
    if (!deployment || stage.deployment == *deployment) items.push_back(describe(name, stage));
  }
  return json::object{{"item", std::move(items)}};
}

ControlAnswer get_stage(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  auto found = api->stages.find(request.parts.at(1));
  if (found == api->stages.end()) return unknown_identifier("stage");
  return describe(found->first, found->second);
}

ControlAnswer get_deployments(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  std::vector<json::object> items;
  for (const auto& [id, definition] : api->deployments) items.push_back({{"id", id}});
  return page_of(request, kPages, std::move(items));
}

ControlAnswer get_deployment(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  if (!api->deployments.contains(request.parts.at(1))) return unknown_identifier("Deployment");
  return json::object{{"id", request.parts.at(1)}};
}

json::object describe(const ControlRequest& request, const std::string& id, const Authorizer& authorizer) {
  std::vector<std::string> sources;
  for (const auto& source : authorizer.sources) {
    constexpr std::array<std::string_view, 4> kPlaces{"method.request.header", "method.request.querystring",
                                                      "stageVariables", "context"};
    sources.push_back(fmt::format("{}.{}", kPlaces[static_cast<std::size_t>(source.place)], source.name));
  }
  json::object described{{"id", id},
                         {"name", authorizer.name},
                         {"type", authorizer.type == Authorizer::Type::token ? "TOKEN" : "REQUEST"},
                         {"authType", "custom"},
                         {"authorizerUri", invocation_uri(request.cloud, authorizer.function)},
                         {"identitySource", fmt::format("{}", fmt::join(sources, ","))},
                         {"authorizerResultTtlInSeconds", authorizer.result_ttl.count()}};
  if (!authorizer.credentials.empty()) described["authorizerCredentials"] = authorizer.credentials;
  if (!authorizer.validation.empty()) described["identityValidationExpression"] = authorizer.validation;
  return described;
}

ControlAnswer get_authorizers(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  std::vector<json::object> items;
  for (const auto& [id, authorizer] : api->live->authorizers) items.push_back(describe(request, id, authorizer));
  return page_of(request, kPages, std::move(items));
}

ControlAnswer get_authorizer(const ControlRequest& request) {
  TRY(const auto* api, api_of(request));
  auto found = api->live->authorizers.find(request.parts.at(1));
  if (found == api->live->authorizers.end()) return unknown_identifier("Authorizer");
  return describe(request, found->first, found->second);
}

// The account's throttling as AWS documents it for a new one (limits.html).
ControlAnswer get_account(const ControlRequest&) {
  return json::object{{"throttleSettings", json::object{{"burstLimit", 5000}, {"rateLimit", 10000.0}}},
                      {"features", json::array{"UsagePlans"}},
                      {"apiKeyVersion", "4"}};
}

}  // namespace

std::span<const ControlRoute> control_routes_v1() {
  static constexpr std::array kRoutes{
      ControlRoute{"apigateway:GetRestApis", "restapis", get_rest_apis},
      ControlRoute{"apigateway:GetRestApi", "restapis/*", get_rest_api},
      ControlRoute{"apigateway:GetResources", "restapis/*/resources", get_resources},
      ControlRoute{"apigateway:GetResource", "restapis/*/resources/*", get_resource},
      ControlRoute{"apigateway:GetMethod", "restapis/*/resources/*/methods/*", get_method},
      ControlRoute{"apigateway:GetIntegration", "restapis/*/resources/*/methods/*/integration", get_integration},
      ControlRoute{"apigateway:GetAuthorizers", "restapis/*/authorizers", get_authorizers},
      ControlRoute{"apigateway:GetAuthorizer", "restapis/*/authorizers/*", get_authorizer},
      ControlRoute{"apigateway:GetStages", "restapis/*/stages", get_stages},
      ControlRoute{"apigateway:GetStage", "restapis/*/stages/*", get_stage},
      ControlRoute{"apigateway:GetDeployments", "restapis/*/deployments", get_deployments},
      ControlRoute{"apigateway:GetDeployment", "restapis/*/deployments/*", get_deployment},
      ControlRoute{"apigateway:GetAccount", "account", get_account}};
  return kRoutes;
}

}  // namespace localcloud
