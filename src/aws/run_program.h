// Other programs that issue keys (`credential_process`, the aws CLI), behind an interface: aws/ starts no process.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace aws {

struct ProgramOutcome {
  int status = 0;      // exit status; 128 + the signal that ended it
  std::string output;  // standard output, whole
};

class RunProgram {
 public:
  virtual ~RunProgram() = default;
  // Runs `command` ([0] is looked up in PATH) with the user's environment and an empty standard input; what it writes
  // to standard error goes to the user's. Errors: not_found (no such program), local_resource, transport (not done in
  // 30 s).
  virtual boost::asio::awaitable<base::Result<ProgramOutcome>> run(std::vector<std::string> command) = 0;
};

}  // namespace aws
