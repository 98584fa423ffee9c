// What runs a function's code on this machine: the bootstrap in its package, or the machine's own node or python3 with
// the loader that livelambda brings. Interpreters are looked for in PATH once, when first needed.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/lambda/function.h"
#include "localcloud/lambda/lambda.h"

namespace localcloud {

struct RuntimeCommand {
  std::vector<std::string> command;
  std::string runtime_directory;               // LAMBDA_RUNTIME_DIR
  std::vector<std::string> node_modules = {};  // that come last in NODE_PATH
  std::string notice;  // for the function's log: the interpreter is not of the runtime's version; or ""
};

class Runtimes {
 public:
  Runtimes(Cloud& cloud, std::vector<LoaderFile> loaders, std::vector<std::string> node_modules = {})
      : cloud_(cloud), loaders_(std::move(loaders)), node_modules_(std::move(node_modules)) {}

  // Errors: not_found (no bootstrap in the package, no interpreter on this machine: the message names it).
  awaitable<base::Result<RuntimeCommand>> command_of(std::shared_ptr<const FunctionVersion> version);

  // What environments share of this machine.
  bool gives_private_tmp() const { return gives_private_tmp_; }
  void give_no_private_tmp() { gives_private_tmp_ = false; }

  // The text of a loader file ("python/bootstrap.py"), "" if there is none.
  std::string file(std::string_view name) const;

 private:
  struct Interpreter {
    std::string program;  // absolute
    std::string version;  // "3.12", "22"
  };
  awaitable<base::Result<Interpreter>> interpreter(RuntimeKind kind, std::string wanted);
  awaitable<base::Result<Interpreter>> look_for(RuntimeKind kind, std::string wanted);
  base::Result<std::string> loader_directory();

  Cloud& cloud_;
  std::vector<LoaderFile> loaders_;
  std::vector<std::string> node_modules_;
  bool gives_private_tmp_ = true;                    // until the kernel refused one
  std::string loader_directory_;                     // once they are written
  std::map<std::string, Interpreter> interpreters_;  // by what was wanted: "python3.12", "nodejs22"
};

// "22" of "nodejs22.x", "3.12" of "python3.12".
std::string runtime_version(std::string_view runtime);

}  // namespace localcloud
