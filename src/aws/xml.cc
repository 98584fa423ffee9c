#include "aws/xml.h"

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <sstream>

namespace aws {
namespace {

using boost::property_tree::ptree;

// Without the white space around it; that within counts.
std::string trimmed(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  std::size_t first = text.find_first_not_of(kSpace);
  return first == std::string::npos ? std::string() : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

XmlNode to_node(std::string name, const ptree& tree) {
  XmlNode node{.name = std::move(name), .text = trimmed(tree.data()), .children = {}};
  for (const auto& [child_name, child] : tree) {
    if (child_name != "<xmlattr>" && child_name != "<xmlcomment>") node.children.push_back(to_node(child_name, child));
  }
  return node;
}

}  // namespace

const XmlNode* XmlNode::child(std::string_view child_name) const {
  for (const XmlNode& node : children) {
    if (node.name == child_name) return &node;
  }
  return nullptr;
}

std::string XmlNode::text_of(std::string_view child_name) const {
  const XmlNode* node = child(child_name);
  return node == nullptr ? std::string() : node->text;
}

std::vector<const XmlNode*> XmlNode::members(std::string_view list_name) const {
  std::vector<const XmlNode*> found;
  const XmlNode* list = child(list_name);
  if (list == nullptr) return found;
  for (const XmlNode& node : list->children) {
    if (node.name == "member") found.push_back(&node);
  }
  return found;
}

base::Result<XmlNode> parse_xml(std::string_view text) {
  try {  // Boost.PropertyTree reports a syntax error by an exception; it ends here.
    std::istringstream stream{std::string(text)};
    ptree tree;
    boost::property_tree::read_xml(stream, tree);
    for (const auto& [name, child] : tree) {
      if (name != "<xmlcomment>") return to_node(name, child);
    }
  } catch (const boost::property_tree::ptree_error& error) {
    return base::fail(base::ErrorKind::invalid_input, std::string("not XML: ") + error.what());
  }
  return base::fail(base::ErrorKind::invalid_input, "not XML: no element");
}

}  // namespace aws
