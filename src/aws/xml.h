// The XML answers of query services as a tree, just enough to read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace aws {

struct XmlNode {
  std::string name;
  std::string text;
  std::vector<XmlNode> children;

  const XmlNode* child(std::string_view child_name) const;
  std::string text_of(std::string_view child_name) const;  // "" if there is none
  // The <member> children of a list child: members("Stacks").
  std::vector<const XmlNode*> members(std::string_view list_name) const;
};

// The document's root element. Errors: invalid_input.
base::Result<XmlNode> parse_xml(std::string_view text);

}  // namespace aws
