// The file that a developer edits for a function, by the conventions of its runtime.
#pragma once

#include <string>
#include <vector>

#include "app/model.h"

namespace app {

// Files it may be, the likeliest first, in the form of Function::source; none if its code is not on this machine. What
// is there is for the caller to see.
std::vector<std::string> source_candidates(const Function& function);

}  // namespace app
