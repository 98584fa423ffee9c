// runtimes/cdk/hook.cjs, which is part of the program: what a CDK synthesis is told, and what it tells.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace project {

// The hook and its files in a folder of their own.
class CdkHook {
 public:
  explicit CdkHook(std::string folder) : folder_(std::move(folder)) {}

  static std::string_view text();  // of hook.cjs

  // Writes the hook, and the code that is to be built whatever it is for (entries or folders).
  base::Result<> prepare(const std::set<std::string>& built) const;
  // Adds to a tool's environment what makes its Node.js processes load the hook: NODE_OPTIONS, and a `node` in PATH for
  // processes that have other NODE_OPTIONS.
  void add_to(std::map<std::string, std::string>& environment) const;
  // Code that was built by the last synthesis; empty if there was none.
  std::set<std::string> built() const;
  // Files of the app that the last synthesis loaded; nothing if the hook was not loaded into it.
  base::Result<std::vector<std::string>> loaded_files() const;

 private:
  const std::string folder_;  // absolute
};

}  // namespace project
