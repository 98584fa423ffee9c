// `livelambda start`: gathers what the session needs from this machine, and renders what it reports.
#pragma once

#include "cli/arguments.h"
#include "session/assets.h"

namespace cli {

// The exit status. Errors were printed.
int run_start(const StartCommand& command, session::Assets assets);

}  // namespace cli
