// The XML that clients send to S3, as a tree of names and texts: no attributes, no namespaces, no document types. Pure;
// as much of XML 1.0 as its configurations need.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/wire.h"

namespace localcloud {

struct XmlNode {
  std::string name;
  std::string text = {};  // of a leaf
  std::vector<XmlNode> children = {};

  const XmlNode* child(std::string_view name) const;  // the first of that name, or null
  std::vector<const XmlNode*> all(std::string_view name) const;
  std::string text_of(std::string_view name) const;  // of the first child of that name; "" if there is none
  XmlNode& add(std::string_view name, std::string_view text = {});
};

// The root element. Errors: MalformedXML 400.
base::Result<XmlNode> parse_xml(std::string_view xml);

// `attributes` of the root element: its namespace.
void write_xml(XmlWriter& writer, const XmlNode& node, std::string_view attributes = {});

tl::unexpected<base::Error> malformed_xml();

}  // namespace localcloud
