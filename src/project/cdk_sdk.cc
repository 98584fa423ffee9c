#include "project/cdk_sdk.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "os/files.h"
#include "project/on_disk.h"

namespace project {
namespace {

namespace fs = std::filesystem;

// Names in quotes: "@aws-sdk/client-s3".
void find_packages(std::string_view text, std::set<std::string>& found) {
  constexpr std::string_view kScope = "@aws-sdk/";
  for (std::size_t at = text.find(kScope); at != text.npos; at = text.find(kScope, at + 1)) {
    std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-", at + kScope.size());
    bool quoted = at > 0 && end != text.npos && text[end] == text[at - 1] && (text[end] == '"' || text[end] == '\'');
    if (quoted) found.emplace(text.substr(at, end - at));
  }
}

std::vector<fs::path> scripts_in(const fs::path& folder) {
  std::vector<fs::path> scripts;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; at != end && !error; at.increment(error)) {
    std::string extension = at->path().extension().string();
    if (at->path().filename() == "node_modules") at.disable_recursion_pending();
    if (extension == ".js" || extension == ".mjs" || extension == ".cjs") scripts.push_back(at->path());
  }
  return scripts;
}

// Of a file, or of every script in a folder.
std::set<std::string> packages_of(const fs::path& code) {
  std::set<std::string> found;
  std::error_code error;
  for (const fs::path& file : fs::is_directory(code, error) ? scripts_in(code) : std::vector<fs::path>{code}) {
    if (auto text = os::read_file(file.string())) find_packages(*text, found);
  }
  return found;
}

bool answers_custom_resources(const app::Function& function) {
  auto reason = function.why_not.reason;
  return reason == app::StayReason::cdk_helper || reason == app::StayReason::custom_resource;
}

}  // namespace

std::set<std::string> missing_sdk_packages(const std::vector<app::Stack>& stacks, const std::string& folder,
                                           const std::vector<std::string>& brought) {
  std::set<std::string> missing;
  auto look = [&](const app::Stack& stack) {
    for (const app::Function& function : stack.functions) {
      bool is_here = app::language_of(function.runtime) == "nodejs" && !function.source.empty();
      if (!is_here || !answers_custom_resources(function)) continue;
      const fs::path base = fs::path(stack.template_file).parent_path();
      const fs::path code = base / function.source;
      for (const std::string& package : packages_of(function.entry.empty() ? code : base / function.entry)) {
        const fs::path wanted = fs::path("node_modules") / package;
        auto has_it = [&package](const fs::path& node_modules) { return is_there(node_modules / package); };
        if (is_there(code / wanted) || is_there_or_above(folder, wanted)) continue;
        if (std::ranges::none_of(brought, has_it)) missing.insert(package);
      }
    }
  };
  for (const app::Stack& stack : stacks) app::for_each_stack(stack, look);
  return missing;
}

}  // namespace project
