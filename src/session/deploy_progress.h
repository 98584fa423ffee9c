// What CloudFormation does, on its way to the user.
#pragma once

#include "deploy/stack_follower.h"
#include "session/reporter.h"

namespace session {

// `reporter` outlives it.
deploy::OnDeployEvent tell_progress(Reporter& reporter);

}  // namespace session
