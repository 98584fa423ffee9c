// What belongs to the methods of a REST API: AWS::ApiGateway::Authorizer, GatewayResponse, RequestValidator and Model.
#include <fmt/format.h>

#include "codec/json.h"
#include "localcloud/apigateway/authorizer_definition.h"
#include "localcloud/apigateway/failure.h"
#include "localcloud/apigateway/gateway_type.h"
#include "localcloud/apigateway/json_schema.h"

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

base::Result<ResourceState> put_validator(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  std::string id = id_of(request);
  RequestValidator validator{.body = flag_property(request.properties, "ValidateRequestBody"),
                             .parameters = flag_property(request.properties, "ValidateRequestParameters")};
  api->edit([&](Definition& definition) { definition.validators[id] = validator; });
  return ResourceState{.physical_id = id, .ref = {}, .attributes = {{"RequestValidatorId", id}}};
}

base::Result<ResourceState> put_model(GatewayService& service, const ResourceRequest& request) {
  TRY(auto* api, need_api(service, request));
  std::string name = text_property(request.properties, "Name", request.physical_id);
  if (name.empty()) name = GatewayStore::random_id(8);
  json::value schema(json::object{});
  if (const auto* written = request.properties.if_contains("Schema")) schema = *written;
  if (schema.is_string()) {
    TRY(schema, codec::parse_json(schema.get_string()));
  }
  TRY(check_schema(schema));
  api->edit([&](Definition& definition) { definition.models[name] = schema; });
  return ResourceState{.physical_id = name};
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
  types.push_back(part(service,
                       {.name = "AWS::ApiGateway::RequestValidator",
                        .works = {"RestApiId", "Name", "ValidateRequestBody", "ValidateRequestParameters"},
                        .replaces = {"RestApiId", "Name"}},
                       put_validator, [](Definition& live, const ResourceRequest& request) {
                         live.validators.erase(request.physical_id);
                       }));
  types.push_back(part(
      service,
      {.name = "AWS::ApiGateway::Model",
       .works = {"RestApiId", "Name", "Schema"},
       .accepted = {"ContentType", "Description"},
       .replaces = {"RestApiId", "Name"}},
      put_model, [](Definition& live, const ResourceRequest& request) { live.models.erase(request.physical_id); }));
  return types;
}

}  // namespace localcloud
