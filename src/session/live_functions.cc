#include "session/live_functions.h"

#include <algorithm>

#include "session/function_code.h"

namespace session {
namespace {

LiveFunction live_function(const app::Stack& stack, const app::Function& function, std::string name,
                           const std::string& app_folder) {
  auto code = function_code(stack, function, app_folder);
  FunctionInfo info{.logical_id = code.function,
                    .name = std::move(name),
                    .runtime = code.runtime,
                    .handler = code.handler,
                    .source = code.source};
  return {.info = std::move(info), .code = std::move(code), .timeout = std::chrono::seconds(function.timeout_seconds)};
}

// "Nested/Fn", as deploy/ names a stack's resources.
std::string path_in(const app::Stack& root, const app::Stack& stack, const app::Function& function) {
  std::string path = stack.path_of(function);
  return root.id.empty() ? path : path.substr(root.id.size() + 1);
}

}  // namespace

std::vector<LiveFunction> live_functions(const app::Stack& root, const std::map<std::string, std::string>& resources,
                                         const std::string& app_folder) {
  std::vector<LiveFunction> functions;
  app::for_each_stack(root, [&](const app::Stack& stack) {
    for (const app::Function& function : stack.functions) {
      if (!function.live) continue;
      auto physical = resources.find(path_in(root, stack, function));
      if (physical == resources.end()) continue;
      functions.push_back(live_function(stack, function, physical->second, app_folder));
    }
  });
  return functions;
}

std::vector<LiveFunction> with_present_code(const Workspace& workspace, std::vector<LiveFunction> functions) {
  for (const app::Stack& root : workspace.application().stacks) {
    app::for_each_stack(root, [&](const app::Stack& stack) {
      for (const app::Function& function : stack.functions) {
        auto is_it = [id = stack.path_of(function)](const LiveFunction& one) { return one.info.logical_id == id; };
        auto known = std::find_if(functions.begin(), functions.end(), is_it);
        if (known == functions.end() || !function.live) continue;
        *known = live_function(stack, function, known->info.name, workspace.folder().path);
      }
    });
  }
  return functions;
}

}  // namespace session
