#include "localcloud/path_pattern.h"

#include "localcloud/wire.h"

namespace localcloud {

std::optional<std::vector<std::string>> match_path(std::string_view pattern, const std::vector<std::string>& segments) {
  auto wanted = path_segments(pattern);
  if (wanted.size() != segments.size()) return std::nullopt;
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "*") {
      parts.push_back(segments[i]);
    } else if (wanted[i] != segments[i]) {
      return std::nullopt;
    }
  }
  return parts;
}

}  // namespace localcloud
