#include "localcloud/sns/sns_xml.h"

#include <algorithm>
#include <charconv>

#include "localcloud/service.h"

namespace localcloud {

std::string attributes_xml(const Texts& attributes) {
  XmlWriter xml;
  xml.open("Attributes");
  for (const auto& [key, value] : attributes) xml.open("entry").element("key", key).element("value", value).close();
  return xml.take();
}

Texts attributes_input(const QueryInput& input) {
  Texts attributes;
  for (const auto& entry : input.structures("Attributes", "entry")) {
    attributes[entry.get_or("key", "")] = entry.get_or("value", "");
  }
  return attributes;
}

base::Result<std::string> page_xml(const QueryInput& input, std::string_view element, const Pieces& members) {
  constexpr std::size_t kPage = 100;
  std::size_t begin = 0;
  if (auto token = input.get_or("NextToken", ""); !token.empty()) {
    auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), begin);
    if (error != std::errc() || end != token.data() + token.size() || begin > members.size()) {
      return aws_error(400, "InvalidParameter", "Invalid parameter: NextToken");
    }
  }
  auto end = std::min(members.size(), begin + kPage);
  XmlWriter xml;
  xml.open(element);
  for (auto at = begin; at < end; ++at) xml.open("member").raw(members[at]).close();
  xml.close();
  if (end < members.size()) xml.element("NextToken", std::to_string(end));
  return xml.take();
}

}  // namespace localcloud
