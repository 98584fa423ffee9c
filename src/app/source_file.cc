#include "app/source_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "app/template_tree.h"

namespace app {
namespace {

using Names = std::vector<std::string>;

std::string dots_to_slashes(std::string_view text) {
  std::string path(text);
  std::ranges::replace(path, '.', '/');
  return path;
}

// "src/app.handler" → "src/app".
std::string_view module_of(std::string_view handler) {
  return handler.substr(0, handler.rfind('.'));
}

Names node_files(std::string_view handler) {
  // A module's own name has no dot: "src/app.nested.handler" is app's too.
  std::size_t name = handler.rfind('/') == std::string_view::npos ? 0 : handler.rfind('/') + 1;
  std::string_view module = handler.substr(0, handler.find('.', name));
  Names names;
  for (const char* ending : {"js", "mjs", "cjs", "ts", "mts", "cts", "tsx", "jsx"}) {
    names.push_back(fmt::format("{}.{}", module, ending));
  }
  return names;
}

Names python_files(std::string_view handler) {
  std::string module = dots_to_slashes(module_of(handler));
  return {module + ".py", module + "/__init__.py"};
}

Names ruby_files(std::string_view handler) {
  return {fmt::format("{}.rb", handler.substr(0, handler.find('.')))};
}

// "com.example.App::handleRequest".
Names java_files(std::string_view handler) {
  std::string name = dots_to_slashes(handler.substr(0, handler.find("::")));
  return {fmt::format("src/main/java/{}.java", name), fmt::format("src/main/kotlin/{}.kt", name)};
}

// "Assembly::Namespace.Class::Method", or the assembly's name alone.
Names dotnet_files(std::string_view handler) {
  std::size_t type = handler.find("::");
  if (type == std::string_view::npos) return {"Program.cs", "Function.cs"};
  std::string_view name = handler.substr(type + 2);
  name = name.substr(0, name.find("::"));
  name = name.substr(name.rfind('.') + 1);
  return {fmt::format("{}.cs", name), fmt::format("src/{}/{}.cs", handler.substr(0, type), name)};
}

Names native_files(const Function& function) {
  Names names;
  if (std::string binary = codec::find_string(function.build_properties, "Binary"); !binary.empty()) {
    names.push_back(fmt::format("src/bin/{}.rs", binary));
  }
  names.insert(names.end(), {"src/main.rs", "main.go", fmt::format("src/bin/{}.rs", function.handler), "bootstrap"});
  return names;
}

Names names_of(const Function& function) {
  std::string language = language_of(function.runtime);
  if (language == "nodejs") return node_files(function.handler);
  if (language == "python") return python_files(function.handler);
  if (language == "ruby") return ruby_files(function.handler);
  if (language == "java") return java_files(function.handler);
  if (language == "dotnet" || language == "dotnetcore") return dotnet_files(function.handler);
  if (language == "go" || language == "provided") return native_files(function);
  return {};
}

}  // namespace

std::vector<std::string> source_candidates(const Function& function) {
  if (!function.entry.empty()) return {function.entry};
  if (function.source.empty() || function.handler.empty()) return {};
  Names names = names_of(function);
  for (std::string& name : names) name = normal_path(function.source + "/" + name);
  return names;
}

}  // namespace app
