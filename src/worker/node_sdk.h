// The AWS SDK for JavaScript that Lambda's Node.js brings along, for functions that use it and whose projects have it
// not: what they lack, what fetches it, and where it is.
//
// What the functions of an app lack is one download, since packages of the SDK share others. Pinned by nothing but the
// major version that Lambda has.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "worker/function_code.h"
#include "worker/sdk_cache.h"

namespace worker {

// Every `node_modules` of the cache, for processes that are to find what is there.
std::vector<std::string> cached_node_modules(const std::map<std::string, std::string>& own_environment);

class NodeSdk {
 public:
  explicit NodeSdk(std::map<std::string, std::string> own_environment);

  // Finds out what each function lacks. The download for what the cache has not; `node` runs npm. Nothing if the cache
  // has all, or there is no npm.
  std::optional<Download> missing(const std::vector<FunctionCode>& codes, const std::string& node);

  // Folders of packages for NODE_PATH, separated by ':'; "" for a function that lacks nothing.
  std::string search_path(const std::string& function) const;

 private:
  // Folders of the cache that have these packages, one if one has them all; empty if one is in none.
  std::vector<std::string> cached(const std::set<std::string>& packages) const;

  std::map<std::string, std::string> own_environment_;
  std::string cache_;                                   // "" if there is none
  std::map<std::string, std::set<std::string>> lacks_;  // packages, by function
};

}  // namespace worker
