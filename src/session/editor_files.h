// Run configurations by which editors attach to the functions under a debugger: `.vscode/launch.json`, in the nearest
// folder from the app's up to its repository's that has a .vscode, else in the app's; and, where there is an .idea, one
// JetBrains configuration for each function in .idea/runConfigurations. What others wrote is kept: only entries named
// "livelambda: <function>" are ever replaced.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"
#include "session/debugging.h"

namespace session {

// The configuration of VS Code. `folder` is the one that has .vscode.
codec::json::object vscode_configuration(const DebuggedFunction& function, std::string_view folder);

// The configuration of a JetBrains IDE as XML; "" if there is none that attaches to this debugger.
std::string jetbrains_configuration(const DebuggedFunction& function);

// Writes both; the value has the files that were changed. Errors: of the first file that cannot be read or written; the
// others are written all the same.
base::Result<std::vector<std::string>> write_editor_files(const std::vector<DebuggedFunction>& functions,
                                                          const std::string& app_folder);

}  // namespace session
