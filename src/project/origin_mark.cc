#include "project/origin_mark.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>

#include "app/source_file.h"
#include "os/files.h"
#include "project/digest.h"

namespace project {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLarge = std::uintmax_t{4} << 20;

// Folders that hold nothing that is the app's own; what is installed there is told by manifests.
constexpr std::string_view kLeftOut[] = {".git",        ".livelambda", ".serverless",  ".aws-sam", "cdk.out",
                                         "__pycache__", ".venv",       "node_modules", "venv",     ".pytest_cache",
                                         ".mypy_cache", ".ruff_cache", ".build",       ".esbuild", ".webpack"};

// What package managers write when something is installed.
constexpr const char* kManifests[] = {"package-lock.json",
                                      "yarn.lock",
                                      "pnpm-lock.yaml",
                                      "bun.lock",
                                      "bun.lockb",
                                      "go.sum",
                                      "poetry.lock",
                                      "uv.lock",
                                      "node_modules/.package-lock.json",
                                      "node_modules/.yarn-integrity",
                                      "node_modules/.modules.yaml",
                                      "node_modules/aws-cdk-lib/package.json"};

constexpr std::string_view kUnrelatedVariables[] = {"_", "OLDPWD", "PWD", "SHLVL", "COLORTERM", "COLUMNS", "LINES"};
constexpr std::string_view kUnrelatedPrefixes[] = {"AWS_ACCESS_KEY",
                                                   "AWS_SECRET_ACCESS_KEY",
                                                   "AWS_SESSION_TOKEN",
                                                   "AWS_SECURITY_TOKEN",
                                                   "AWS_CREDENTIAL_EXPIRATION",
                                                   "AWS_ENDPOINT",
                                                   "AWS_CONTAINER",
                                                   "AWS_WEB_IDENTITY",
                                                   "DBUS_",
                                                   "DISPLAY",
                                                   "INVOCATION_ID",
                                                   "JOURNAL_STREAM",
                                                   "LIVELAMBDA_",
                                                   "LS_COLORS",
                                                   "SSH_",
                                                   "TERM",
                                                   "TMUX",
                                                   "VSCODE_",
                                                   "WAYLAND_",
                                                   "WINDOWID",
                                                   "XDG_",
                                                   "npm_"};

bool is_unrelated(std::string_view variable) {
  return std::ranges::find(kUnrelatedVariables, variable) != std::end(kUnrelatedVariables) ||
         std::ranges::any_of(kUnrelatedPrefixes, [&](std::string_view prefix) { return variable.starts_with(prefix); });
}

// Content by path.
class Files {
 public:
  explicit Files(std::set<fs::path> left_out) : left_out_(std::move(left_out)) {}

  void add(const fs::path& path) {
    std::error_code error;
    std::uintmax_t size = fs::file_size(path, error);
    if (error) return;
    if (size > kLarge) {
      marks_[path] = fmt::format("{} {}", size, fs::last_write_time(path, error).time_since_epoch().count());
    } else if (auto text = os::read_file(path.string())) {
      marks_[path] = sha256_hex(*text);
    }
  }

  void add_folder(const fs::path& folder) {
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder, error), end; at != end && !error; at.increment(error)) {
      std::string name = at->path().filename().string();
      bool left_out = std::ranges::find(kLeftOut, name) != std::end(kLeftOut) || left_out_.contains(at->path());
      if (at->is_symlink(error) && at->is_directory(error)) {
        if (!left_out) marks_[at->path()] = fs::read_symlink(at->path(), error).string();
      } else if (at->is_directory(error)) {
        if (left_out) at.disable_recursion_pending();
      } else if (!left_out) {
        add(at->path());
      }
    }
  }

  // Up to the folder with the repository.
  void add_manifests(fs::path folder) {
    for (;; folder = folder.parent_path()) {
      for (const char* name : kManifests) add(folder / name);
      std::error_code error;
      if (fs::exists(folder / ".git", error) || folder == folder.parent_path()) return;
    }
  }

  std::string text() const {
    std::string text;
    for (const auto& [path, mark] : marks_) text += fmt::format("{}\n{}\n", path.string(), mark);
    return text;
  }

 private:
  const std::set<fs::path> left_out_;
  std::map<fs::path, std::string> marks_;
};

// The package that npm's link in node_modules/.bin leads to; another program's own file.
void add_program(const std::string& program, Files& files) {
  std::error_code error;
  fs::path path = fs::canonical(program, error);
  if (error) return;
  files.add(path);
  for (fs::path at = path.parent_path(); at != at.parent_path(); at = at.parent_path()) {
    if (!fs::exists(at / "package.json", error)) continue;
    return files.add(at / "package.json");
  }
}

// Files and folders with the code of functions that are live, or are not.
void find_code(const app::Stack& stack, const fs::path& app, bool live, std::set<fs::path>& found) {
  const fs::path base = fs::path(stack.template_file).parent_path();
  for (const app::Function& function : stack.functions) {
    if (function.source.empty() || function.live != live) continue;
    fs::path source = (base / function.source).lexically_normal();
    bool holds_the_app = !app.lexically_relative(source).string().starts_with("..");
    if (!holds_the_app) found.insert(source);
    for (const std::string& file : app::source_candidates(function)) found.insert((base / file).lexically_normal());
  }
  for (const app::Stack& nested : stack.nested) find_code(nested, app, live, found);
}

// What is deployed may be made of other code too; the tools, which look soon after, tell.
std::set<fs::path> live_code(const Synthesis& synthesis, const fs::path& app) {
  std::set<fs::path> live;
  std::set<fs::path> deployed;
  for (const app::Stack& stack : synthesis.stacks) {
    find_code(stack, app, true, live);
    find_code(stack, app, false, deployed);
  }
  for (const fs::path& file : deployed) live.erase(file);
  return live;
}

}  // namespace

std::string origin_mark(const Workplace& workplace, const Synthesis& synthesis) {
  Files files(live_code(synthesis, workplace.folder.path));
  files.add_folder(workplace.folder.path);
  files.add_manifests(workplace.folder.path);
  for (const std::string& file : synthesis.read) files.add(file);
  add_program(synthesis.tool, files);
  std::string text = fmt::format("livelambda {}\n{}\n{}\n{}\n", LIVELAMBDA_VERSION, sha256_hex(synthesis.ours),
                                 workplace.folder.stage, workplace.account);
  for (const auto& [name, value] : workplace.parameters) text += fmt::format("parameter {}={}\n", name, value);
  for (const auto& [name, value] : workplace.environment) {
    if (!is_unrelated(name)) text += fmt::format("variable {}={}\n", name, value);
  }
  return sha256_hex(text + files.text());
}

}  // namespace project
