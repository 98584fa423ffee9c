// The SAM CLI's build of a template's functions and layers. It works in a folder of ours, so that the user's `.aws-sam`
// stays as it is, and builds again only what has changed (`sam build --cached`).
#pragma once

#include <map>
#include <optional>
#include <string>

#include "project/toolchain.h"

namespace project {

class SamBuild {
 public:
  // `parameters`: values given for the template's. `workplace` outlives this.
  SamBuild(const Workplace& workplace, std::map<std::string, std::string> parameters);

  // Whether the SAM CLI is in the environment's PATH.
  bool is_installed() const { return !program_.empty(); }
  // Builds everything; the path of the built template, whose paths lead to what was built.
  awaitable<base::Result<std::string>> build_all();
  // Builds one function or layer, by its path ("Fn", "Nested/Fn"); the folder that came of it.
  awaitable<base::Result<std::string>> build_one(std::string path);

 private:
  awaitable<base::Result<std::string>> build(std::string folder, std::optional<std::string> path);

  const Workplace& workplace_;
  std::map<std::string, std::string> parameters_;
  std::string program_;
};

}  // namespace project
