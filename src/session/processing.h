// Stacks that only CloudFormation can expand (app/processing.h): it is asked for their processed templates, by change
// sets that are never executed, and these take their stacks' places in the workspace's application.
#pragma once

#include "base/result.h"
#include "session/options.h"
#include "session/workspace.h"

namespace session {

// Whether any of the application's stacks has to be, as it was read, and its framework's may be. For a deployment of
// the app's real code, macros alone are left to CloudFormation.
bool needs_processing(const Workspace& workspace);

// Nothing is asked if none has to be. The debug stack is there: its bucket takes large templates, and what they
// include. Errors: deployment, with what CloudFormation says (of a macro too); those of reading.
awaitable<base::Result<>> process_stacks(Workspace& workspace, const Options& options, Surroundings with);

}  // namespace session
