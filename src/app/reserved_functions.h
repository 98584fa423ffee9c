// Functions that something refers to in a way that forbids to make them live: the deployment itself would wait for
// their answers, or they do not run where a stub could. Found through everything that can stand between: versions,
// aliases, topics, the providers of custom resources, the outputs and parameters of nested stacks.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "app/stay_reason.h"
#include "app/template_tree.h"

namespace app {

// By template and logical id. `exports`: names of exports that custom resources of other stacks call.
using ReservedFunctions = std::map<std::pair<const TemplateNode*, std::string>, StayReason>;

ReservedFunctions reserved_functions(const TemplateNode& root, const std::set<std::string>& exports);

}  // namespace app
