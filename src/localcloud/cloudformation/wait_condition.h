// AWS::CloudFormation::WaitConditionHandle and WaitCondition: a stack waits until its handle's address, which Ref
// gives, was put to Count times, or for Timeout seconds of the local clock.
#pragma once

#include "localcloud/cloud.h"
#include "localcloud/cloudformation/callbacks.h"
#include "localcloud/resource_type.h"

namespace localcloud {

ResourceTypes make_wait_types(Cloud& cloud, Callbacks& callbacks);

}  // namespace localcloud
