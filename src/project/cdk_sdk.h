// What the handlers of a CDK app's custom resources need of Lambda's own: a deployment waits for them, in vain if they
// do not load.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "app/model.h"

namespace project {

// Packages of the AWS SDK for JavaScript that handlers in Node.js name, as far as they are neither among their own nor
// in node_modules of `folder` (absolute) or of one above it, nor in one of `brought` (paths of node_modules).
std::set<std::string> missing_sdk_packages(const std::vector<app::Stack>& stacks, const std::string& folder,
                                           const std::vector<std::string>& brought);

}  // namespace project
