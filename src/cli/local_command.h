// `livelambda local`: the local cloud as a process of its own, until SIGINT or SIGTERM.
#pragma once

#include "cli/arguments.h"
#include "session/assets.h"

namespace cli {

// The exit status. Errors were printed.
int run_local(const LocalCommand& command, const session::Assets& assets);

}  // namespace cli
