// VS Code's launch.json: JSON with comments and trailing commas, which belongs to the developer. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"

namespace session {

// The text with these debug configurations, each an object with a "name": one of the same name is replaced where it
// stands, another comes at the end. Everything else stays byte for byte. An empty text becomes a whole file. Errors:
// invalid_input with the line, if this is no launch.json.
base::Result<std::string> with_configurations(std::string_view text,
                                              const std::vector<codec::json::object>& configurations);

}  // namespace session
