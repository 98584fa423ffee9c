// Runs one of the project's own tools (npx cdk, serverless, sam) to its end.
//
// The tool gets an empty standard input and its own process group. Cancelling the caller (Ctrl+C) ends that group, and
// so does the deadline. A tool's lines are handed on as they come, from both of its streams; what it says of a failure
// is the error.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/spawner.h"

namespace project {

using boost::asio::awaitable;

struct ToolRun {
  std::vector<std::string> command;                             // as os::ProcessOptions
  std::map<std::string, std::string> environment = {};          // the whole of it
  std::string directory = {};                                   // working directory
  std::function<void(const std::string& line)> on_output = {};  // may be empty
  std::chrono::seconds deadline = std::chrono::minutes(30);     // generous: a first `cdk deploy` takes a while
  std::string install_hint = {};                                // what to do if the program is not there
};

// What it wrote to its standard output, whole (at most 16 MiB of it, from its beginning). `spawner` outlives the call.
// Errors: not_found (no such program, with install_hint), build (it ended with another status than 0, or by a signal,
// or not before the deadline: the message has the last lines of what it said), local_resource.
awaitable<base::Result<std::string>> run_tool(os::Spawner& spawner, ToolRun run);

}  // namespace project
