// `build` of livelambda.yaml: a command of the developer's, run by sh in the app's folder.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "os/spawner.h"
#include "worker/language.h"

namespace worker {

awaitable<BuildResult> run_build_command(os::Spawner& spawner, std::map<std::string, std::string> environment,
                                         FunctionCode code);

// A tool's outcome as a build's.
awaitable<BuildResult> run_build_tool(os::Spawner& spawner, std::vector<std::string> command,
                                      std::map<std::string, std::string> environment, std::string directory);

}  // namespace worker
