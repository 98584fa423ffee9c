// `livelambda rewrite`: the template that `start` would deploy, on stdout, and what is to be said of it, on stderr. It
// needs no credentials and no network.
#pragma once

#include "cli/arguments.h"

namespace cli {

// The exit status. Errors were printed.
int run_rewrite(const RewriteCommand& command);

}  // namespace cli
