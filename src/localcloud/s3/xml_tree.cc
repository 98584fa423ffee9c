#include "localcloud/s3/xml_tree.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "localcloud/service.h"

namespace localcloud {

namespace {

constexpr int kDeepest = 32;
constexpr std::string_view kSpace = " \t\r\n";

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | (code >> 6U));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | (code >> 12U));
    out += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    out += static_cast<char>(0xF0U | ((code >> 18U) & 0x07U));
    out += static_cast<char>(0x80U | ((code >> 12U) & 0x3FU));
    out += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

// Text with its entities replaced; nullopt for an unknown one.
std::optional<std::string> unescaped(std::string_view text) {
  static const std::map<std::string_view, char> kEntities{
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '&') {
      out += text[i];
      continue;
    }
    auto end = text.find(';', i);
    if (end == std::string_view::npos) return std::nullopt;
    auto name = text.substr(i + 1, end - i - 1);
    i = end;
    if (auto found = kEntities.find(name); found != kEntities.end()) {
      out += found->second;
      continue;
    }
    if (!name.starts_with('#')) return std::nullopt;
    bool hexadecimal = name.starts_with("#x");
    auto digits = name.substr(hexadecimal ? 2 : 1);
    unsigned code = 0;
    auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, hexadecimal ? 16 : 10);
    bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (error != std::errc() || stop != digits.data() + digits.size() || code == 0 || is_surrogate || code > 0x10FFFF) {
      return std::nullopt;
    }
    append_utf8(out, code);
  }
  return out;
}

std::string_view without_prefix(std::string_view name) {
  return name.substr(name.rfind(':') + 1);
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

// An NCName, what is not ASCII being taken for letters (Namespaces in XML 1.0 §3).
bool is_plain_name(std::string_view name) {
  return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

bool is_element_name(std::string_view name) {
  const auto colon = name.find(':');
  if (colon == std::string_view::npos) return is_plain_name(name);
  return is_plain_name(name.substr(0, colon)) && is_plain_name(name.substr(colon + 1));
}

class XmlParser {
 public:
  explicit XmlParser(std::string_view text) : rest_(text) {}

  std::optional<XmlNode> document() {
    if (!skip_misc()) return std::nullopt;
    auto root = element(0);
    if (!root || !skip_misc() || !rest_.empty()) return std::nullopt;
    return root;
  }

 private:
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size())); }

  bool skip_to(std::string_view end) {
    auto at = rest_.find(end);
    if (at == std::string_view::npos) return false;
    rest_.remove_prefix(at + end.size());
    return true;
  }

  // Spaces, comments, the declaration and processing instructions.
  bool skip_misc() {
    for (;;) {
      skip_space();
      if (rest_.starts_with("<?")) {
        if (!skip_to("?>")) return false;
      } else if (rest_.starts_with("<!--")) {
        if (!skip_to("-->")) return false;
      } else {
        return true;
      }
    }
  }

  std::optional<XmlNode> element(int depth) {
    if (depth > kDeepest || !rest_.starts_with('<')) return std::nullopt;
    rest_.remove_prefix(1);
    auto name = rest_.substr(0, rest_.find_first_of(" \t\r\n/>"));
    if (!is_element_name(name) || name.size() == rest_.size()) return std::nullopt;
    rest_.remove_prefix(name.size());
    auto close = end_of_tag();
    if (!close) return std::nullopt;
    XmlNode node{.name = std::string(without_prefix(name))};
    if (*close) return node;
    for (;;) {
      auto text = unescaped(rest_.substr(0, rest_.find('<')));
      if (!text || rest_.find('<') == std::string_view::npos) return std::nullopt;
      node.text += *text;
      rest_.remove_prefix(rest_.find('<'));
      if (rest_.starts_with("<!--")) {
        if (!skip_to("-->")) return std::nullopt;
      } else if (rest_.starts_with("<![CDATA[")) {
        auto end = rest_.find("]]>");
        if (end == std::string_view::npos) return std::nullopt;
        node.text += rest_.substr(9, end - 9);
        rest_.remove_prefix(end + 3);
      } else if (rest_.starts_with("</")) {
        rest_.remove_prefix(2);
        if (!rest_.starts_with(name)) return std::nullopt;
        rest_.remove_prefix(name.size());
        skip_space();
        if (!rest_.starts_with('>')) return std::nullopt;
        rest_.remove_prefix(1);
        if (!node.children.empty()) node.text.clear();  // only spaces between elements
        return node;
      } else {
        auto child = element(depth + 1);
        if (!child) return std::nullopt;
        node.children.push_back(std::move(*child));
      }
    }
  }

  // Behind the attributes; true if the element ends here ("/>").
  std::optional<bool> end_of_tag() {
    char quote = 0;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      char c = rest_[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        bool empty = i > 0 && rest_[i - 1] == '/';
        rest_.remove_prefix(i + 1);
        return empty;
      } else if (c == '<') {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

}  // namespace

const XmlNode* XmlNode::child(std::string_view wanted) const {
  auto found = std::find_if(children.begin(), children.end(), [&](const XmlNode& one) { return one.name == wanted; });
  return found == children.end() ? nullptr : &*found;
}

std::vector<const XmlNode*> XmlNode::all(std::string_view wanted) const {
  std::vector<const XmlNode*> found;
  for (const auto& one : children) {
    if (one.name == wanted) found.push_back(&one);
  }
  return found;
}

std::string XmlNode::text_of(std::string_view wanted) const {
  const auto* found = child(wanted);
  return found == nullptr ? std::string() : found->text;
}

XmlNode& XmlNode::add(std::string_view child_name, std::string_view child_text) {
  children.push_back({.name = std::string(child_name), .text = std::string(child_text)});
  return children.back();
}

base::Result<XmlNode> parse_xml(std::string_view xml) {
  auto root = XmlParser(xml).document();
  if (!root) return malformed_xml();
  return std::move(*root);
}

void write_xml(XmlWriter& writer, const XmlNode& node, std::string_view attributes) {
  if (node.children.empty() && attributes.empty()) {
    writer.element(node.name, node.text);
    return;
  }
  writer.open(node.name, attributes);
  if (node.children.empty()) writer.raw(xml_escape(node.text));
  for (const auto& child : node.children) write_xml(writer, child);
  writer.close();
}

tl::unexpected<base::Error> malformed_xml() {
  return aws_error(400, "MalformedXML",
                   "The XML you provided was not well-formed or did not validate against our published schema");
}

}  // namespace localcloud
