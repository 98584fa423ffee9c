// The paths of REST operations: "functions/*/aliases", where '*' is any one segment.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace localcloud {

// What the '*'s stand for in these decoded segments (path_segments() of wire.h); nullopt if the path is another.
std::optional<std::vector<std::string>> match_path(std::string_view pattern, const std::vector<std::string>& segments);

}  // namespace localcloud
