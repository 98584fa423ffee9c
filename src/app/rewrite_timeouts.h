// --increase-timeout: live functions get Lambda's longest timeout, so that they wait at a breakpoint. Lambda refuses a
// function that has a longer timeout than a queue that feeds it has for visibility: those queues are raised with it. A
// function whose queue cannot be raised (it is no resource of the template, or its visibility timeout is known only
// after deployment) keeps its own timeout.
#pragma once

#include "app/rewrite_draft.h"

namespace app {

void increase_timeouts(Draft& draft);

}  // namespace app
