// Code that lies elsewhere than where it is loaded from, which a watcher of the app's folder does not see: behind
// symbolic links in that folder (`shared -> ../shared`), in packages of a workspace (links in node_modules, from which
// nothing else is watched), and what a build read from elsewhere in the repository. Looks at the disk.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "os/watcher.h"
#include "worker/sources.h"

namespace worker {

struct LinkedFolder {
  std::string at;      // absolute: where functions see it; of a workspace's package the folder that has node_modules
  std::string target;  // absolute: where it is
  bool operator==(const LinkedFolder&) const = default;
};

// Links to folders, but for those that would lead back to the app.
std::vector<LinkedFolder> linked_folders(const std::string& app_folder, std::span<const FunctionSource> functions);

// With every change in a linked folder also said of where it is seen.
os::Changes with_links(os::Changes changes, std::span<const LinkedFolder> links);

// The folders of files that builds have read, outside the app's folder and those of its functions, but in the same
// repository: beyond that are caches of tools, which nobody edits.
std::set<std::string> folders_of_inputs(const std::string& app_folder, std::span<const FunctionSource> functions);

}  // namespace worker
