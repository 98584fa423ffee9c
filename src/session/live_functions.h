// The live functions of deployed stacks, as a session runs them: what the app says of their code, under the names that
// CloudFormation gave them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/model.h"
#include "session/environments.h"
#include "session/workspace.h"

namespace session {

// Of a stack and those nested in it, in the templates' order. `resources` as deploy::StackState has them; what is not
// among them is not deployed: its condition was false.
std::vector<LiveFunction> live_functions(const app::Stack& root, const std::map<std::string, std::string>& resources,
                                         const std::string& app_folder);

// The same functions with the code that the workspace's application has for them now.
std::vector<LiveFunction> with_present_code(const Workspace& workspace, std::vector<LiveFunction> functions);

}  // namespace session
