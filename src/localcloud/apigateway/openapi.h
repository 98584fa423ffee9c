// The Body of an API as SAM and others write it: OpenAPI 3 for HTTP APIs, Swagger 2 or OpenAPI 3 for REST APIs, with
// x-amazon-apigateway-integration at each operation. What it holds beyond Lambda proxy integrations is refused by name.
#pragma once

#include <boost/json.hpp>

#include "base/result.h"
#include "localcloud/apigateway/gateway_model.h"

namespace localcloud {

// Adds the routes and integrations of `body`. Errors: BadRequestException, naming path and method.
base::Result<Definition> read_openapi(const boost::json::value& body, GatewayKind kind);

// CorsConfiguration of an HTTP API, with CloudFormation's names ("AllowOrigins") or OpenAPI's ("allowOrigins").
Cors read_cors(const boost::json::value& configuration);

}  // namespace localcloud
