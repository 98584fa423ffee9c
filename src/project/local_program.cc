#include "project/local_program.h"

#include <fmt/format.h>

#include <filesystem>

#include "os/spawner.h"
#include "project/on_disk.h"

namespace project {
namespace {

namespace fs = std::filesystem;

// A Go module or a Cargo workspace may begin above the function's folder.
bool is_in_project(fs::path folder, const char* name) {
  for (; !is_there(folder / name); folder = folder.parent_path()) {
    if (folder == folder.parent_path() || is_there(folder / ".git")) return false;
  }
  return true;
}

std::string why_no_tool(std::string_view name, std::string_view path) {
  if (!os::find_program(name, path).empty()) return {};
  return fmt::format("there is no `{}` on PATH to build it", name);
}

bool has_dotnet_project(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".csproj" || at->path().extension() == ".fsproj") return true;
  }
  return false;
}

std::string why_no_dotnet_program(const app::Function& function, const fs::path& folder, std::string_view path) {
  if (function.handler.find("::") != std::string::npos)
    return fmt::format("livelambda runs no class library of {}, only programs (a handler without \"::\")",
                       function.runtime);
  if (!has_dotnet_project(folder)) return "its folder has no .csproj or .fsproj";
  return why_no_tool("dotnet", path);
}

}  // namespace

std::string why_no_local_program(const app::Function& function, const std::string& source, std::string_view path) {
  if (app::language_of(function.runtime) == "dotnet") return why_no_dotnet_program(function, source, path);
  if (app::language_of(function.runtime) != "provided")
    return fmt::format("livelambda does not run {} yet", function.runtime);
  const fs::path folder = source;
  if (!function.build_command.empty() || is_there(folder / "bootstrap")) return {};
  if (function.build_method == "makefile")
    return is_there(folder / "Makefile") ? why_no_tool("make", path) : "its folder has no Makefile";
  if (is_there(folder / "Cargo.toml")) return why_no_tool("cargo", path);
  if (is_in_project(folder, "go.mod")) return why_no_tool("go", path);
  return "its folder has no bootstrap, go.mod or Cargo.toml; `build` and `run` of livelambda.yaml can make and start "
         "it";
}

std::function<std::string(const app::Function&, const std::string&)> local_programs(
    const std::map<std::string, std::string>& environment) {
  auto path = environment.find("PATH");
  return [path = path == environment.end() ? std::string() : path->second](const app::Function& function,
                                                                           const std::string& source) {
    return why_no_local_program(function, source, path);
  };
}

}  // namespace project
