#include "worker/sources.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

namespace worker {

namespace {

constexpr std::array<std::string_view, 11> kSkipped = {".git",     ".hg",     ".livelambda", "node_modules",
                                                       ".aws-sam", "cdk.out", ".serverless", "__pycache__",
                                                       ".venv",    ".idea",   ".vscode"};

// What decides how a build resolves names, and so what it would read.
constexpr std::array<std::string_view, 6> kManifests = {
    "package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "go.mod", "Cargo.toml"};

// The path below a folder ("" = the folder itself); nothing if it lies elsewhere.
std::optional<std::string_view> below(std::string_view folder, std::string_view path) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.remove_suffix(1);
  if (!path.starts_with(folder)) return std::nullopt;
  path.remove_prefix(folder.size());
  if (path.empty()) return path;
  if (folder != "/") {
    if (!path.starts_with('/')) return std::nullopt;
    path.remove_prefix(1);
  }
  return path;
}

// Whether code may be loaded from it, by the names on the way to it.
bool is_source(std::string_view relative) {
  for (auto slash = relative.find('/'); slash != std::string_view::npos; slash = relative.find('/')) {
    if (skip_directory(relative.substr(0, slash))) return false;
    relative.remove_prefix(slash + 1);
  }
  return !skip_directory(relative) && !is_temporary_file(relative);
}

std::set<std::string> outermost_of(const std::set<std::string>& all) {
  std::set<std::string> outermost;
  for (const auto& folder : all) {
    const bool inside = std::any_of(all.begin(), all.end(),
                                    [&](const std::string& other) { return other != folder && below(other, folder); });
    if (!inside) outermost.insert(folder);
  }
  return outermost;
}

bool is_in_layer(const FunctionSource& function, std::string_view path) {
  const bool inside = std::any_of(function.layers.begin(), function.layers.end(),
                                  [&](const std::string& layer) { return below(layer, path).has_value(); });
  return inside && !is_temporary_file(path.substr(path.rfind('/') + 1));
}

// A folder that went or came stands for all that is in it.
bool is_read(const std::set<std::string>& inputs, const std::string& path) {
  if (inputs.contains(path) || inputs.contains(path.substr(0, path.rfind('/') + 1))) return true;
  const auto next = inputs.lower_bound(path + "/");
  if (next != inputs.end() && next->starts_with(path + "/")) return true;
  const auto name = path.substr(path.rfind('/') + 1);
  return name.starts_with("tsconfig") || std::find(kManifests.begin(), kManifests.end(), name) != kManifests.end();
}

}  // namespace

bool skip_directory(std::string_view name) {
  return std::find(kSkipped.begin(), kSkipped.end(), name) != kSkipped.end();
}

bool is_temporary_file(std::string_view name) {
  return name.ends_with('~') || name.ends_with(".swp") || name.ends_with(".swx") || name.ends_with(".tmp") ||
         name.starts_with(".#") || (name.starts_with('#') && name.ends_with('#')) || name == "4913";  // vim's probe
}

std::set<std::string> folders_to_watch(std::string_view app_folder, std::span<const FunctionSource> functions) {
  std::set<std::string> all{std::string(app_folder)};
  for (const auto& function : functions) all.insert(function.folder);
  return outermost_of(all);
}

std::set<std::string> layers_to_watch(std::span<const FunctionSource> functions) {
  std::set<std::string> all;
  std::error_code error;
  for (const auto& function : functions) {
    for (const auto& layer : function.layers) {
      if (std::filesystem::is_directory(layer, error)) all.insert(layer);
    }
  }
  return outermost_of(all);
}

bool skip_in_layer(std::string_view name) {
  return name == ".git" || name == "__pycache__";
}

std::set<std::string> touched_functions(const os::Changes& changes, std::string_view app_folder,
                                        std::span<const FunctionSource> functions) {
  std::set<std::string> touched;
  const auto touch_all = [&] {
    for (const auto& function : functions) touched.insert(function.function);
  };
  if (changes.overflow) touch_all();
  for (const auto& path : changes.paths) {
    bool owned = false;
    for (const auto& function : functions) {
      const auto relative = below(function.folder, path);
      if (relative) owned = true;
      if (is_in_layer(function, path)) {
        owned = true;
        touched.insert(function.function);
        continue;
      }
      if (!function.inputs.empty()) {
        if (is_read(function.inputs, path)) touched.insert(function.function);
        continue;
      }
      if (relative && is_source(*relative)) touched.insert(function.function);
    }
    const auto relative = below(app_folder, path);
    if (owned || !relative || !is_source(*relative)) continue;
    for (const auto& function : functions) {
      if (function.inputs.empty()) touched.insert(function.function);
    }
  }
  return touched;
}

}  // namespace worker
