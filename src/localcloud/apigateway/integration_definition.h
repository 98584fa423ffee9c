// Integrations of HTTP and REST APIs as templates write them: x-amazon-apigateway-integration of OpenAPI bodies, and
// Integration of AWS::ApiGateway::Method, which says the same in other letters. What is not there is refused by name.
#pragma once

#include <boost/json.hpp>

#include "base/result.h"
#include "localcloud/apigateway/gateway_model.h"

namespace localcloud {

// `integration`: with OpenAPI's names. Errors: BadRequestException.
base::Result<Integration> read_integration(GatewayKind kind, const boost::json::object& integration);

// The Integration property of a method with OpenAPI's names. Errors: a member that is not there, by name.
base::Result<boost::json::object> openapi_names(const boost::json::object& property);

// "arn:aws:apigateway:REGION:SERVICE:action/…" or ":path/…". Errors: a service that is not there, by name.
base::Result<> read_service_uri(std::string_view uri, Integration& integration);

// The templates of a map, each checked.
base::Result<Templates> read_templates(const boost::json::object& properties, std::string_view name);

}  // namespace localcloud
