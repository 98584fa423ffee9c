#include "worker/node_sdk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string_view>
#include <system_error>
#include <utility>

#include "os/spawner.h"
#include "worker/folders.h"
#include "worker/sdk_use.h"
#include "worker/tool.h"

namespace worker {

namespace {

namespace fs = std::filesystem;

bool has_package(const std::string& folder, const std::string& package) {
  return is_file(fmt::format("{}/node_modules/{}/package.json", folder, package));
}

// As Node.js looks for it.
bool is_found_from(const std::string& folder, const std::string& package) {
  const auto folders = folders_up(folder, "/");
  return std::any_of(folders.begin(), folders.end(), [&](const auto& one) { return has_package(one, package); });
}

// The function's own files: where its package begins, if one file is all that is known of it.
std::string sources_of(const FunctionCode& code) {
  if (code.entry.empty()) return code.source;
  for (const auto& folder : folders_up(fs::path(code.entry).parent_path().string(), code.source)) {
    if (is_file(folder + "/package.json")) return folder;
  }
  return fs::path(code.entry).parent_path().string();
}

// npm is a script; it runs on the Node.js that was found, which need not be on PATH.
std::vector<std::string> npm(const std::string& node, const std::map<std::string, std::string>& own_environment) {
  std::string program = (fs::path(node).parent_path() / "npm").string();
  if (!is_file(program)) program = os::find_program("npm", variable(own_environment, "PATH"));
  if (program.empty()) return {};
  std::error_code error;
  const auto script = fs::canonical(program, error);
  if (!error && script.extension() == ".js") return {node, script.string()};
  return {program};
}

// "@aws-sdk/client-s3@3"
std::string with_version(const std::string& package) {
  if (package == "aws-sdk") return package + "@2";
  return package.starts_with("@aws-sdk/") ? package + "@3" : package;
}

std::string cache_of_packages(const std::map<std::string, std::string>& own_environment) {
  const auto folder = cache_folder(own_environment);
  return folder.empty() ? std::string() : folder + "/nodejs";
}

std::vector<std::string> folders_in(const std::string& cache) {
  std::vector<std::string> folders;
  std::error_code error;
  for (fs::directory_iterator at(cache, error), end; !error && at != end; at.increment(error)) {
    if (!at->path().has_extension()) folders.push_back(at->path().string());  // else it is unfinished
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

}  // namespace

std::vector<std::string> cached_node_modules(const std::map<std::string, std::string>& own_environment) {
  auto folders = folders_in(cache_of_packages(own_environment));
  for (auto& folder : folders) folder += "/node_modules";
  return folders;
}

NodeSdk::NodeSdk(std::map<std::string, std::string> own_environment)
    : own_environment_(std::move(own_environment)), cache_(cache_of_packages(own_environment_)) {}

std::optional<Download> NodeSdk::missing(const std::vector<FunctionCode>& codes, const std::string& node) {
  std::set<std::string> wanted;
  std::map<std::string, std::map<std::string, std::set<std::string>>> known;  // of a folder, which functions share
  for (const auto& code : codes) {
    const auto folder = sources_of(code);
    const auto [use, is_new] = known.try_emplace(folder + '\n' + code.runtime);
    if (is_new) use->second = node_sdk_use(folder, code.runtime);
    auto& lacks = lacks_[code.function];
    lacks.clear();
    for (const auto& [package, importers] : use->second) {
      const bool found = std::all_of(importers.begin(), importers.end(),
                                     [&](const auto& importer) { return is_found_from(importer, package); });
      if (!found) lacks.insert(package);
    }
    if (cached(lacks).empty()) wanted.insert(lacks.begin(), lacks.end());
  }
  auto command = npm(node, own_environment_);
  if (wanted.empty() || command.empty() || cache_.empty()) return std::nullopt;
  for (const char* argument : {"install", "--prefix", ".", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"})
    command.emplace_back(argument);
  std::transform(wanted.begin(), wanted.end(), std::back_inserter(command), with_version);
  auto what = fmt::format("{}", fmt::join(wanted, ", "));
  auto folder = fmt::format("{}/{:016x}", cache_, std::hash<std::string>()(what));
  return Download{std::move(what), std::move(folder), std::move(command)};
}

std::string NodeSdk::search_path(const std::string& function) const {
  const auto lacks = lacks_.find(function);
  if (lacks == lacks_.end()) return {};
  std::vector<std::string> paths;
  for (const auto& folder : cached(lacks->second)) paths.push_back(folder + "/node_modules");
  return fmt::format("{}", fmt::join(paths, ":"));
}

std::vector<std::string> NodeSdk::cached(const std::set<std::string>& packages) const {
  if (packages.empty()) return {};
  std::set<std::string> chosen;
  const auto folders = folders_in(cache_);
  for (const auto& folder : folders) {
    const auto has = [&folder](const auto& package) { return has_package(folder, package); };
    if (std::all_of(packages.begin(), packages.end(), has)) return {folder};
  }
  for (const auto& package : packages) {
    const auto found =
        std::find_if(folders.begin(), folders.end(), [&](const auto& folder) { return has_package(folder, package); });
    if (found == folders.end()) return {};
    chosen.insert(*found);
  }
  return {chosen.begin(), chosen.end()};
}

}  // namespace worker
