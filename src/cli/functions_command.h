// `livelambda functions`: lists what was found in an app, each function with where its code is, and live or not and
// why. No credentials, no network beyond what the app's own framework does to be read.
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"

namespace cli {

// The exit status. Errors were printed.
int run_functions(const FunctionsCommand& command);

// Rows as lines: in columns that are aligned, or with tabs between the cells.
std::string columns(const std::vector<std::vector<std::string>>& rows, bool aligned);

}  // namespace cli
