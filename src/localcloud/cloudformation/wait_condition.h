// AWS::CloudFormation::WaitConditionHandle and WaitCondition: a stack waits until its handle's address, which Ref
// gives, was put to Count times, or for Timeout seconds of the local clock, or until the stack's own time is over.
#pragma once

#include "localcloud/cloud.h"
#include "localcloud/cloudformation/callbacks.h"
#include "localcloud/cloudformation/stack_store.h"
#include "localcloud/resource_type.h"

namespace localcloud {

ResourceTypes make_wait_types(Cloud& cloud, const StackStore& store, Callbacks& callbacks);

}  // namespace localcloud
