// CloudFormation: stacks, change sets, events, outputs, rollback, the intrinsic functions and the SAM transform.
#pragma once

#include <memory>

#include "localcloud/cloud.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

class CloudFormation : public Service {};

// `types`: what the other services bring.
std::unique_ptr<CloudFormation> make_cloudformation(Cloud& cloud, ResourceTypes types);

}  // namespace localcloud
