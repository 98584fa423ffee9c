// Authorizers and the access of routes as templates write them: the properties of AWS::ApiGateway(V2)::Authorizer,
// x-amazon-apigateway-authorizer of OpenAPI bodies. What is not a Lambda authorizer is refused by name. Pure.
#pragma once

#include <boost/json.hpp>

#include "base/result.h"
#include "localcloud/apigateway/gateway_model.h"

namespace localcloud {

// Properties of AWS::ApiGateway::Authorizer. Errors of all: BadRequestException.
base::Result<Authorizer> read_rest_authorizer(const boost::json::object& properties);
// Properties of AWS::ApiGatewayV2::Authorizer.
base::Result<Authorizer> read_v2_authorizer(GatewayKind kind, const boost::json::object& properties);
// A security scheme of an OpenAPI body, with x-amazon-apigateway-authorizer.
base::Result<Authorizer> read_openapi_authorizer(GatewayKind kind, const boost::json::object& scheme);

// AuthorizationType, AuthorizerId and ApiKeyRequired of a route or method.
base::Result<RouteAccess> read_access(const Definition& definition, const boost::json::object& properties);

}  // namespace localcloud
