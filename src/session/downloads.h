// What the app's functions use of what Lambda brings along (an AWS SDK, Java's runtime client) and this machine lacks:
// fetched before anything is deployed, if the user wants it. Without it the functions start all the same, and fail
// where they need it with words that say what to install.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "session/options.h"
#include "worker/worker.h"

namespace session {

class Downloads {
 public:
  // `options` outlive it.
  Downloads(const Options& options, Surroundings with) : options_(options), with_(with) {}

  // One question for all downloads, on a terminal and without --yes; where nobody can be asked, a line says how to get
  // them. What was declined once is not asked for again. After the launcher's check() of each. Errors: local_resource,
  // with what the package tool said.
  awaitable<base::Result<>> fetch(worker::Launcher& launcher, std::vector<worker::FunctionCode> codes);

 private:
  awaitable<bool> are_wanted(std::string what);

  const Options& options_;
  Surroundings with_;
  std::set<std::string> declined_;  // folders
};

// One line for each warning, and the functions that it is for: "Api, Other: declared nodejs24.x, runs on …".
std::vector<std::string> group_warnings(const std::vector<std::pair<std::string, std::string>>& by_function);

}  // namespace session
