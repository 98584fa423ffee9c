// A function's code as it lies on this machine, and how its app says that it is built and run. A value; what it means
// is for the function's Language to say.
#pragma once

#include <string>
#include <vector>

#include "codec/json.h"

namespace worker {

struct FunctionCode {
  std::string function;                       // its path in the app ("Fn", "Nested/Fn"), for messages
  std::string runtime;                        // the function's own: "nodejs20.x"
  bool image = false;                         // it is a container image in AWS
  std::string handler;                        // "src/api.handler"
  std::string source;                         // absolute folder of the code
  std::string app_folder = {};                // absolute; where commands of livelambda.yaml run
  std::string entry = {};                     // absolute; the one file to build from, "" if nothing names one
  std::string build_method = {};              // as SAM names them: "esbuild", "makefile"; "" if none
  codec::json::object build_properties = {};  // of the build method
  std::string build_command = {};             // `build` of livelambda.yaml; "" if none
  std::string run_command = {};               // `run` of livelambda.yaml; "" if none
  int memory_mb = 0;                          // MemorySize, to which a language may fit its heap; 0 = no limit
  bool debugged = false;                      // it is built for a debugger, and runs under it
  std::vector<std::string> layers = {};       // absolute; folders and archives, the later over the earlier

  bool operator==(const FunctionCode&) const = default;
};

}  // namespace worker
