// A tool of the machine or the project, run to its end: an interpreter asked for its version, a compiler.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/spawner.h"

namespace worker {

using boost::asio::awaitable;

struct ToolRun {
  std::vector<std::string> command;  // [0] is an absolute path
  std::map<std::string, std::string> environment;
  std::string directory = {};  // empty = this process's own
  std::chrono::seconds timeout{10};
};

struct ToolOutput {
  std::string text;  // what it wrote to standard output and standard error, as it came
  bool ok = false;   // it exited with 0, in time
};

// Cancelling it kills the tool and what it started. Errors: as os::Spawner.
awaitable<base::Result<ToolOutput>> run_tool(os::Spawner& spawner, ToolRun run);

// The value of a variable, "" if it is not set.
std::string variable(const std::map<std::string, std::string>& environment, const std::string& name);
// The same, or a folder of the developer's home if it is not set: "/.nvm".
std::string variable_or_home(const std::map<std::string, std::string>& environment, const std::string& name,
                             const std::string& in_home);

}  // namespace worker
