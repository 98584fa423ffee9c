// What belongs to the methods of a REST API: AWS::ApiGateway::Authorizer and GatewayResponse.
#include <fmt/format.h>

#include "localcloud/apigateway/authorizer_definition.h"
#include "localcloud/apigateway/failure.h"
#include "localcloud/apigateway/gateway_type.h"

namespace localcloud {

namespace {

base::Result<Api*> need_api(GatewayService& service, const ResourceRequest& request) {
  TRY(auto id, needed_property(request.properties, "RestApiId"));
  return service.store().need(id, GatewayKind::rest);
}

std::string id_of(const ResourceRequest& request) {
  return request.physical_id.empty() ? GatewayStore::random_id(6) : request.physical_id;
}

base::Result<ResourceState> put_authorizer(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  TRY(auto name, needed_property(request.properties, "Name"));
  TRY(auto authorizer, read_rest_authorizer(request.properties));
  std::string id = id_of(request);
  api->edit([&](Definition& definition) { definition.authorizers[id] = authorizer; });
  return ResourceState{.physical_id = id, .ref = {}, .attributes = {{"AuthorizerId", id}}};
}

base::Result<ResourceState> put_response(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  TRY(auto kind, needed_property(request.properties, "ResponseType"));
  TRY(check_response_type(kind));
  TRY(auto response, read_gateway_response(request.properties));
  api->edit([&](Definition& definition) { definition.responses[kind] = response; });
  std::string id = fmt::format("{}:{}", api->id, kind);
  return ResourceState{.physical_id = id, .ref = {}, .attributes = {{"Id", id}}};
}

using Edit = std::function<void(Definition&, const ResourceRequest&)>;

std::unique_ptr<ResourceType> part(GatewayService& service, TypeDescription description,
                                   base::Result<ResourceState> (*put)(GatewayService&, const ResourceRequest&),
                                   Edit forget) {
  auto make = [&service, put](const ResourceRequest& request) { return put(service, request); };
  auto destroy = [&service, forget](const ResourceRequest& request) {
    Api* api = service.store().find(text_property(request.properties, "RestApiId"));
    if (api != nullptr) api->edit([&](Definition& live) { forget(live, request); });
    return base::Result<>{};
  };
  return std::make_unique<GatewayType>(std::move(description),
                                       GatewayType::Functions{.make = make, .change = make, .destroy = destroy});
}

}  // namespace

ResourceTypes rest_part_types(GatewayService& service) {
  ResourceTypes types;
  types.push_back(part(service,
                       {.name = "AWS::ApiGateway::Authorizer",
                        .works = {"RestApiId", "Name", "Type", "AuthorizerUri", "AuthorizerCredentials",
                                  "AuthorizerResultTtlInSeconds", "IdentitySource", "IdentityValidationExpression"},
                        .accepted = {"AuthType"},
                        .replaces = {"RestApiId"}},
                       put_authorizer, [](Definition& live, const ResourceRequest& request) {
                         live.authorizers.erase(request.physical_id);
                       }));
  types.push_back(part(service,
                       {.name = "AWS::ApiGateway::GatewayResponse",
                        .works = {"RestApiId", "ResponseType", "StatusCode", "ResponseParameters", "ResponseTemplates"},
                        .replaces = {"RestApiId", "ResponseType"}},
                       put_response, [](Definition& live, const ResourceRequest& request) {
                         live.responses.erase(text_property(request.properties, "ResponseType"));
                       }));
  return types;
}

}  // namespace localcloud
