// MaxItems and Marker of IAM's lists.
#pragma once

#include <charconv>
#include <string>
#include <vector>

#include "localcloud/wire.h"

namespace localcloud {

// The part of `names` (sorted) that a list operation asked for, and IsTruncated and Marker written. The marker is the
// name that the next page starts with.
inline std::vector<std::string> write_page(XmlWriter& xml, const QueryInput& input, std::vector<std::string> names) {
  std::size_t most = 100;
  auto text = input.get_or("MaxItems", "100");
  std::from_chars(text.data(), text.data() + text.size(), most);
  auto marker = input.get_or("Marker", "");
  std::erase_if(names, [&](const auto& name) { return name < marker; });
  bool truncated = most > 0 && names.size() > most;
  xml.element("IsTruncated", truncated);
  if (truncated) {
    xml.element("Marker", names[most]);
    names.resize(most);
  }
  return names;
}

}  // namespace localcloud
