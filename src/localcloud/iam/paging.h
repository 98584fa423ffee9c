// MaxItems and Marker of IAM's lists.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <string>
#include <vector>

#include "localcloud/wire.h"

namespace localcloud {

// The part of `names` (sorted) that a list operation asked for, and IsTruncated and Marker written. The marker is the
// name that the next page starts with. Errors: ValidationError 400.
inline base::Result<std::vector<std::string>> write_page(XmlWriter& xml, const QueryInput& input,
                                                         std::vector<std::string> names) {
  constexpr std::size_t kMost = 1000;
  std::size_t most = 0;
  auto text = input.get_or("MaxItems", "100");
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), most);
  if (error != std::errc() || end != text.data() + text.size() || most == 0 || most > kMost) {
    return aws_error(400, "ValidationError",
                     fmt::format("1 validation error detected: Value '{}' at 'maxItems' failed to satisfy constraint: "
                                 "Member must have value between 1 and {}",
                                 text, kMost));
  }
  auto marker = input.get_or("Marker", "");
  std::erase_if(names, [&](const auto& name) { return name < marker; });
  bool truncated = names.size() > most;
  xml.element("IsTruncated", truncated);
  if (truncated) {
    xml.element("Marker", names[most]);
    names.resize(most);
  }
  return names;
}

}  // namespace localcloud
