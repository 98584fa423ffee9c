#include "worker/editor_terminal.h"

namespace worker {

namespace {

constexpr const char* kInspectorOptions = "VSCODE_INSPECTOR_OPTIONS";
constexpr const char* kNodeOptions = "NODE_OPTIONS";
constexpr const char* kEndpoints = "DEBUGPY_ADAPTER_ENDPOINTS";
constexpr const char* kBundledDebugpy = "BUNDLED_DEBUGPY_PATH";

}  // namespace

bool editor_attaches(const Variables& terminal, std::string_view runtime) {
  if (runtime.starts_with("nodejs")) return terminal.contains(kInspectorOptions) && terminal.contains(kNodeOptions);
  return runtime.starts_with("python") && terminal.contains(kEndpoints) && terminal.contains(kBundledDebugpy);
}

void add_editor_variables(Variables& environment, const Variables& terminal, std::string_view runtime) {
  if (!editor_attaches(terminal, runtime)) return;
  if (runtime.starts_with("python")) {
    environment[kEndpoints] = terminal.at(kEndpoints);
    return;
  }
  environment[kInspectorOptions] = terminal.at(kInspectorOptions);
  std::string& options = environment[kNodeOptions];
  options = options.empty() ? terminal.at(kNodeOptions) : terminal.at(kNodeOptions) + " " + options;
}

Variables without_editor_variables(Variables terminal) {
  terminal.erase(kInspectorOptions);
  terminal.erase(kEndpoints);
  return terminal;
}

}  // namespace worker
