// Commands on an app (`start`, `deploy`, `diff`, `remove`, `outputs`): gathers what a session needs from this machine,
// and renders what it reports.
#pragma once

#include "cli/arguments.h"
#include "session/assets.h"

namespace cli {

// The exit status. Errors were printed.
int run_app_command(const AppCommand& command, session::Assets assets);

}  // namespace cli
