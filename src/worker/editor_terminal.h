// What an editor puts into its terminals so that it attaches to programs that are started there. Pure.
//
// VS Code's JavaScript debugger has a module in NODE_OPTIONS that reads VSCODE_INSPECTOR_OPTIONS; its Python debugger
// looks into the file of DEBUGPY_ADAPTER_ENDPOINTS, in which debugpy (BUNDLED_DEBUGPY_PATH) says where it listens. They
// are for the functions' workers, and not for the tools that build them.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace worker {

using Variables = std::map<std::string, std::string>;

// Whether the editor that this terminal belongs to attaches by itself to programs of the runtime.
bool editor_attaches(const Variables& terminal, std::string_view runtime);

// Adds what it takes to a worker's variables, beside the function's own.
void add_editor_variables(Variables& environment, const Variables& terminal, std::string_view runtime);

Variables without_editor_variables(Variables terminal);

}  // namespace worker
