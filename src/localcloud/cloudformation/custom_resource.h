// Custom resources, as the CloudFormation User Guide describes them ("Custom resource request and response objects"):
// the Lambda function or the SNS topic that ServiceToken names is sent a request, and answers by PUT to its ResponseURL
// with Status, PhysicalResourceId and Data, which Fn::GetAtt gives. Without an answer in ServiceTimeout seconds of the
// local clock (one hour, if it is not given) the resource fails.
#pragma once

#include <memory>

#include "localcloud/cloud.h"
#include "localcloud/cloudformation/callbacks.h"
#include "localcloud/cloudformation/stack_store.h"
#include "localcloud/resource_type.h"

namespace localcloud {

std::unique_ptr<ResourceType> make_custom_resource_type(Cloud& cloud, const StackStore& store, Callbacks& callbacks);

}  // namespace localcloud
