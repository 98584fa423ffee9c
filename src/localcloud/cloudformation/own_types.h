// The resource types that belong to no service: AWS::CDK::Metadata, AWS::CloudFormation::WaitConditionHandle, and
// AWS::CloudWatch::Alarm, whose properties are all accepted without effect.
#pragma once

#include "localcloud/resource_type.h"

namespace localcloud {

ResourceTypes own_resource_types(std::string account_id, std::string region);

}  // namespace localcloud
