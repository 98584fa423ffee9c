// Which functions are bundled, and from what: decided by files, as the app and its project have them. Starts nothing.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "worker/function_code.h"

namespace worker {

// The file that a bundle of the function begins with: where the app asks for esbuild, what it names or what the handler
// says; else the handler's file if it is TypeScript. Nothing for plain JavaScript, and where a command of
// livelambda.yaml builds.
std::optional<std::string> bundle_entry(const FunctionCode& code);

// The folder of the package esbuild: of the project, as Node.js finds it from the entry; else of the `esbuild` on PATH.
// "" if there is none.
std::string find_esbuild(const std::string& entry, const std::map<std::string, std::string>& own_environment);

}  // namespace worker
