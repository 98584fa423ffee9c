// What the settings of a stage say of its throttling. Of the other settings logs and metrics have no effect here;
// caching is refused by name.
#pragma once

#include <boost/json.hpp>

#include "base/result.h"
#include "localcloud/apigateway/throttle.h"

namespace localcloud {

// DefaultRouteSettings and RouteSettings of AWS::ApiGatewayV2::Stage. Errors: BadRequestException.
base::Result<StageThrottling> read_route_settings(const boost::json::object& properties);
// MethodSettings of AWS::ApiGateway::Stage. Errors: BadRequestException.
base::Result<StageThrottling> read_method_settings(const boost::json::object& properties);

}  // namespace localcloud
