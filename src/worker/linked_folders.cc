#include "worker/linked_folders.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace worker {

namespace fs = std::filesystem;

namespace {

bool is_within(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/' || folder == "/");
}

// Where a link to a folder leads; "" if it is none, or leads back to the app or to a folder around it.
std::string target_of(const fs::directory_entry& entry, const std::string& app_folder) {
  std::error_code error;
  if (!entry.is_symlink(error) || !entry.is_directory(error)) return {};
  std::string target = fs::canonical(entry.path(), error).string();
  return error || is_within(app_folder, target) ? std::string() : target;
}

// Links below a folder, wherever code may be loaded from.
void find_links(const std::string& folder, const std::string& app_folder, std::vector<LinkedFolder>& links) {
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error), end;
       !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename();
    if (skip_directory(name)) {
      at.disable_recursion_pending();
    } else if (auto target = target_of(*at, app_folder); !target.empty()) {
      links.push_back({at->path(), std::move(target)});
    }
  }
}

// Packages of a workspace, as npm, yarn and pnpm link them; what pnpm links into its store is no source.
void find_packages(const fs::path& node_modules, const std::string& seen_at, const std::string& app_folder,
                   std::vector<LinkedFolder>& links) {
  std::error_code error;
  for (fs::directory_iterator at(node_modules, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename();
    if (name.starts_with('@')) find_packages(at->path(), seen_at, app_folder, links);
    auto target = target_of(*at, app_folder);
    if (!target.empty() && target.find("/node_modules/") == std::string::npos) {
      links.push_back({seen_at + "/" + name, std::move(target)});
    }
  }
}

std::string repository_of(const std::string& folder) {
  std::error_code ignored;
  for (fs::path at = folder; at.has_relative_path(); at = at.parent_path()) {
    if (fs::exists(at / ".git", ignored)) return at;
  }
  return {};
}

bool has_skipped_folder(const std::string& path) {
  const fs::path parts(path);
  return std::any_of(parts.begin(), parts.end(), [](const fs::path& part) { return skip_directory(part.string()); });
}

}  // namespace

std::vector<LinkedFolder> linked_folders(const std::string& app_folder, std::span<const FunctionSource> functions) {
  std::vector<LinkedFolder> links;
  for (const auto& folder : folders_to_watch(app_folder, functions)) find_links(folder, app_folder, links);
  std::set<fs::path> users{app_folder};
  for (const auto& function : functions) users.insert(function.folder);
  std::set<fs::path> looked;
  for (const auto& user : users) {
    for (fs::path at = user; at.has_relative_path() && looked.insert(at).second; at = at.parent_path()) {
      const bool of_the_app = is_within(app_folder, at.string());
      find_packages(at / "node_modules", of_the_app ? app_folder : at.string(), app_folder, links);
    }
  }
  return links;
}

os::Changes with_links(os::Changes changes, std::span<const LinkedFolder> links) {
  std::set<std::string> seen_elsewhere;
  for (const auto& path : changes.paths) {
    for (const auto& link : links) {
      if (is_within(path, link.target)) seen_elsewhere.insert(link.at + path.substr(link.target.size()));
    }
  }
  changes.paths.merge(seen_elsewhere);
  return changes;
}

std::set<std::string> folders_of_inputs(const std::string& app_folder, std::span<const FunctionSource> functions) {
  const std::string repository = repository_of(app_folder);
  std::set<std::string> folders;
  if (repository.empty()) return folders;
  const auto watched = folders_to_watch(app_folder, functions);
  for (const auto& function : functions) {
    for (const auto& input : function.inputs) {
      const std::string folder = input.substr(0, input.rfind('/'));
      const bool is_watched =
          std::any_of(watched.begin(), watched.end(), [&](const std::string& root) { return is_within(folder, root); });
      const bool is_around = is_within(app_folder, folder);
      if (is_within(folder, repository) && !is_watched && !is_around && !has_skipped_folder(folder)) {
        folders.insert(folder);
      }
    }
  }
  return folders;
}

}  // namespace worker
