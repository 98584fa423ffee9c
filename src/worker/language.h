// How functions of one language are built and run on this machine: one file per language implements it, launcher.cc
// lists them. A language keeps what it learned of the machine; which build is due, and who waits for it, is for
// builds.h.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "worker/debugger.h"
#include "worker/function_code.h"
#include "worker/sdk_cache.h"

namespace worker {

using boost::asio::awaitable;

struct BuildResult {
  bool ok = true;
  std::string output = {};  // what the compiler said
  std::set<std::string> inputs =
      {};  // absolute paths of all that was read, with a '/' at the end all that lies directly
  // in a folder; empty if that is not known
};

// What a worker of a function runs.
struct Program {
  std::vector<std::string> command;                     // the program's absolute path first
  std::string task_root;                                // LAMBDA_TASK_ROOT and working directory
  std::string runtime_folder;                           // LAMBDA_RUNTIME_DIR
  std::map<std::string, std::string> environment = {};  // beside the function's own variables
};

class Language {
 public:
  virtual ~Language() = default;
  // Whether this is how the function runs. The first language that says so takes it.
  virtual bool runs(const FunctionCode& code) const = 0;
  // Whether this machine has what it takes; asked before every start, so the answer is kept. The value is a warning, ""
  // if there is nothing to say; it does not name the function, so that many can share it. Errors: local_resource.
  virtual awaitable<base::Result<std::string>> check(FunctionCode code) = 0;
  // What these functions use of what Lambda brings along, and neither their project nor the user's cache has; after
  // check(). All of the app's at once, so that one download can serve many.
  virtual awaitable<base::Result<std::vector<Download>>> missing(std::vector<FunctionCode>) {
    co_return std::vector<Download>{};
  }
  // What debugs its workers, after check(). Errors: local_resource, saying what to install; usage if nothing can.
  virtual awaitable<base::Result<Debugger>> debugger(FunctionCode code) {
    co_return base::fail(base::ErrorKind::usage, "there is no debugger here for " + code.runtime,
                         "docs/debugging.md has the languages.");
  }
  // Whether the function has to be built before it runs.
  virtual bool is_built(const FunctionCode& code) const = 0;
  // Builds it, after check(); several at once, but one of a function. `folder` is the function's own place for what is
  // built and is kept from build to build.
  virtual awaitable<BuildResult> build(FunctionCode code, std::string folder) = 0;
  // What a build may read, as far as the project's layout says it: counts until a build has told what it read, and
  // after one that failed. Empty: every file of the function's folder.
  virtual std::set<std::string> layout_inputs(const FunctionCode&) const { return {}; }
  // Ends what it keeps running to build. The last call.
  virtual awaitable<void> close() { co_return; }
  // After check(), and build() if the function has one. `debug_port` is where on 127.0.0.1 the language's debugger
  // shall listen; 0 = no debugger.
  virtual Program program(const FunctionCode& code, const std::string& folder, std::uint16_t debug_port) const = 0;
};

}  // namespace worker
