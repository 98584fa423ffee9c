#include "project/local_program.h"

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

// A handler with "::" names a method of a class library.
bool is_dotnet_program(const app::Function& function, const fs::path& folder, std::string_view path) {
  if (function.handler.find("::") != std::string::npos || os::find_program("dotnet", path).empty()) return false;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".csproj" || at->path().extension() == ".fsproj") return true;
  }
  return false;
}

}  // namespace

bool has_local_program(const app::Function& function, const std::string& source, std::string_view path) {
  if (app::language_of(function.runtime) == "dotnet") return is_dotnet_program(function, source, path);
  if (app::language_of(function.runtime) != "provided") return false;
  const fs::path folder = source;
  if (!function.build_command.empty() || is_there(folder / "bootstrap")) return true;
  auto has_tool = [path](const char* name) { return !os::find_program(name, path).empty(); };
  if (function.build_method == "makefile") return is_there(folder / "Makefile") && has_tool("make");
  if (is_there(folder / "Cargo.toml")) return has_tool("cargo");
  return is_in_project(folder, "go.mod") && has_tool("go");
}

std::function<bool(const app::Function&, const std::string&)> local_programs(
    const std::map<std::string, std::string>& environment) {
  auto path = environment.find("PATH");
  return [path = path == environment.end() ? std::string() : path->second](const app::Function& function,
                                                                           const std::string& source) {
    return has_local_program(function, source, path);
  };
}

}  // namespace project
