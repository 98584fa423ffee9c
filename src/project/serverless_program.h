// The Serverless Framework that a service uses: Serverless Framework v3, or osls, which goes on with it.
#pragma once

#include <string>

#include "base/result.h"

namespace project {

// The program's path: of the nearest node_modules/.bin at or above `folder`, as npx would take it, else of `path`, a
// PATH-like list. Errors: not_found, with the command that installs it; invalid_input for another major version than 3:
// v4 wants a login to serverless.com before it reads a service.
base::Result<std::string> find_serverless(const std::string& folder, const std::string& path);

}  // namespace project
