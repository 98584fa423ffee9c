#include "project/cdk_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "codec/json.h"
#include "os/files.h"

namespace project {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNotSources[] = {"node_modules", "cdk.out", "venv", "__pycache__"};
constexpr std::string_view kCompiled[] = {".java", ".kt", ".cs", ".fs", ".go"};

// The first file that the app's command names: "npx ts-node bin/app.ts" → bin/app.ts.
fs::path entry_file(const AppFolder& folder) {
  auto text = os::read_file(folder.entry_file);
  auto settings = text ? codec::parse_json(*text) : base::fail(text.error());
  if (!settings) return {};
  std::string command = codec::find_string(*settings, "app");
  fs::path base = fs::path(folder.entry_file).parent_path();
  for (std::size_t begin = 0; begin < command.size();) {
    std::size_t end = std::min(command.find_first_of(" \t'\"", begin), command.size());
    std::string word = command.substr(begin, end - begin);
    begin = end + 1;
    std::error_code error;
    fs::path path = (base / word).lexically_normal();
    bool is_program = path.string().find("node_modules") != std::string::npos || !path.has_extension();
    if (!word.empty() && !is_program && fs::is_regular_file(path, error)) return path;
  }
  return {};
}

// Folders of functions that hold nothing else; the app's own folder is none.
void collect_functions(const app::Stack& stack, const fs::path& entry, std::set<std::string>& folders,
                       std::set<std::string>& files) {
  fs::path base = fs::path(stack.template_file).parent_path();
  for (const app::Function& function : stack.functions) {
    if (!function.entry.empty()) files.insert((base / function.entry).lexically_normal().string());
    if (function.source.empty()) continue;
    fs::path source = (base / function.source).lexically_normal();
    bool holds_the_app = !entry.empty() && !entry.lexically_relative(source).string().starts_with("..");
    if (!holds_the_app) folders.insert(source.string());
  }
  for (const app::Stack& nested : stack.nested) collect_functions(nested, entry, folders, files);
}

bool is_source(const fs::path& file, const fs::path& entry) {
  std::string extension = file.extension().string();
  if (!entry.empty()) return extension == entry.extension().string();
  return std::ranges::find(kCompiled, extension) != std::end(kCompiled);
}

std::set<std::string> find_sources(const fs::path& root, const fs::path& entry, const std::set<std::string>& left_out,
                                   const std::set<std::string>& files_left_out) {
  std::set<std::string> found;
  std::error_code error;
  for (fs::recursive_directory_iterator at(root, error), end; at != end && !error; at.increment(error)) {
    std::string name = at->path().filename().string();
    if (at->is_directory(error)) {
      bool is_other = name.starts_with('.') || std::ranges::find(kNotSources, name) != std::end(kNotSources);
      if (is_other || left_out.contains(at->path().string())) at.disable_recursion_pending();
    } else if (is_source(at->path(), entry) && !files_left_out.contains(at->path().string())) {
      found.insert(at->path().string());
    }
  }
  return found;
}

}  // namespace

std::string cdk_language(const AppFolder& folder) {
  std::string extension = entry_file(folder).extension().string();
  return extension.empty() ? extension : extension.substr(1);
}

std::vector<std::string> cdk_sources(const AppFolder& folder, const std::vector<std::string>& loaded,
                                     const std::vector<app::Stack>& stacks) {
  fs::path entry = entry_file(folder);
  std::set<std::string> sources;
  if (!entry.empty() && std::ranges::find(loaded, entry.string()) != loaded.end()) {
    for (const std::string& file : loaded) {
      if (file.starts_with(folder.path + "/")) sources.insert(file);
    }
  } else {
    std::set<std::string> folders;
    std::set<std::string> files;
    for (const app::Stack& stack : stacks) collect_functions(stack, entry, folders, files);
    sources = find_sources(folder.path, entry, folders, files);
  }
  for (const char* name : {"cdk.json", "cdk.context.json"}) sources.insert(fmt::format("{}/{}", folder.path, name));
  return {sources.begin(), sources.end()};
}

}  // namespace project
