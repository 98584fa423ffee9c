// Out of the many lines that a framework's tool prints when the app is wrong, the one that tells why, and the place.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace project {

struct ToolFailure {
  std::string reason;  // "SyntaxError: Unexpected token ';'"
  std::string file;    // of the app, absolute; "" if none is named
  int line = 0;
};

// Errors as Node.js, TypeScript's runners, Python and the Serverless Framework print them. `folder`: the app's; a place
// elsewhere, or in its packages, is none. Nothing if no line is known to tell.
std::optional<ToolFailure> read_tool_failure(const std::vector<std::string>& lines, const std::string& folder);

}  // namespace project
