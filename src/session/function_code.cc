#include "session/function_code.h"

#include <filesystem>

namespace session {
namespace {

std::string absolute(const app::Stack& stack, const std::string& path) {
  auto folder = std::filesystem::path(stack.template_file).parent_path();
  std::string absolute = (folder / path).lexically_normal().string();
  if (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
  return absolute;
}

// Of those that are on this machine.
std::vector<std::string> layers_of(const app::Stack& stack, const app::Function& function) {
  std::vector<std::string> layers;
  for (const app::Layer& layer : function.layers) {
    if (!layer.source.empty()) layers.push_back(absolute(stack, layer.source));
  }
  return layers;
}

}  // namespace

worker::FunctionCode function_code(const app::Stack& stack, const app::Function& function,
                                   const std::string& app_folder) {
  return {.function = stack.path_of(function),
          .runtime = function.runtime,
          .image = function.image,
          .handler = function.handler,
          .source = absolute(stack, function.source),
          .app_folder = app_folder,
          .entry = function.entry.empty() ? std::string() : absolute(stack, function.entry),
          .build_method = function.build_method,
          .build_properties = function.build_properties,
          .build_command = function.build_command,
          .run_command = function.run_command,
          .layers = layers_of(stack, function)};
}

}  // namespace session
