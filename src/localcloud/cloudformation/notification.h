// A stack event told to the stack's NotificationARNs, as "AWS CloudFormation Notification" messages are written.
#pragma once

#include "localcloud/cloud.h"
#include "localcloud/cloudformation/stack.h"

namespace localcloud {

// A topic that refuses it misses it.
void notify(Cloud& cloud, const Stack& stack, const StackEvent& event);

}  // namespace localcloud
