// The resource types of Lambda, a file for what belongs together.
#pragma once

#include "localcloud/lambda/lambda_service.h"
#include "localcloud/resource_type.h"

namespace localcloud {

void add_version_types(LambdaService& service,
                       ResourceTypes& types);  // AWS::Lambda::Version, Alias
void add_layer_types(LambdaService& service,
                     ResourceTypes& types);  // AWS::Lambda::LayerVersion, its Permission
void add_url_type(LambdaService& service,
                  ResourceTypes& types);  // AWS::Lambda::Url

}  // namespace localcloud
