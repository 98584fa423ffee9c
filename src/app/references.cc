#include "app/references.h"

#include <string_view>

#include "app/globals.h"

namespace app {
namespace {

namespace json = codec::json;
using Names = std::set<std::string, std::less<>>;

// "${Name}", "${Name.Attribute}"; "${!Literal}" is text, and what Fn::Sub's own map defines is no reference.
void add_placeholders(std::string_view text, const json::object* defined, Names& names) {
  for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2)) {
    std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) return;
    std::string_view name = text.substr(at + 2, end - at - 2);
    if (name.starts_with('!') || (defined != nullptr && defined->contains(name))) continue;
    names.insert(std::string(name));
  }
}

void collect(const json::value& value, Names& names) {
  if (const auto* array = value.if_array()) {
    for (const auto& element : *array) collect(element, names);
    return;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return;
  for (const auto& [key, member] : *object) {
    if (key == "Ref" && member.is_string()) {
      names.insert(std::string(member.get_string()));
    } else if (key == "Fn::GetAtt" && member.is_string()) {
      names.insert(std::string(member.get_string()));
    } else if (key == "Fn::GetAtt" && member.is_array() && !member.get_array().empty() &&
               member.get_array().front().is_string()) {
      std::string name;
      for (const auto& part : member.get_array()) {
        if (!part.is_string()) break;
        if (!name.empty()) name += '.';
        name += std::string_view(part.get_string());
      }
      names.insert(std::move(name));
    } else if (key == "Fn::Sub" && member.is_string()) {
      add_placeholders(member.get_string(), nullptr, names);
    } else if (key == "Fn::Sub" && member.is_array() && member.get_array().size() == 2 &&
               member.get_array().front().is_string()) {
      const auto& defined = member.get_array().back();
      add_placeholders(member.get_array().front().get_string(), defined.if_object(), names);
      collect(defined, names);
    } else {
      collect(member, names);
    }
  }
}

}  // namespace

Names attributes_in(const json::value& value) {
  Names names;
  collect(value, names);
  return names;
}

Names references_in(const json::value& value) {
  Names names;
  for (const std::string& name : attributes_in(value)) names.insert(name.substr(0, name.find('.')));
  return names;
}

std::optional<std::vector<std::string>> template_roles(const json::value& document, const json::value& role) {
  if (const auto* branches = codec::find(role, "Fn::If"); branches != nullptr && is_intrinsic(role)) {
    const auto* list = branches->if_array();
    if (list == nullptr || list->size() != 3) return std::nullopt;
    auto roles = template_roles(document, (*list)[1]);
    auto others = template_roles(document, (*list)[2]);
    if (!roles || !others) return std::nullopt;
    for (auto& other : *others) {
      if (std::find(roles->begin(), roles->end(), other) == roles->end()) roles->push_back(std::move(other));
    }
    return roles;
  }
  if (!is_intrinsic(role)) return std::nullopt;
  std::string_view kind = role.get_object().begin()->key();
  if (kind == "Fn::Sub") {  // only "${Role.Arn}" as a whole names a role of the template; text around it names another
    std::string text = codec::find_string(role, "Fn::Sub");
    if (!text.starts_with("${") || text.find('}') != text.size() - 1) return std::nullopt;
  } else if (kind != "Fn::GetAtt" && kind != "Ref") {
    return std::nullopt;
  }
  auto names = references_in(role);
  if (names.size() != 1) return std::nullopt;
  const std::string& name = *names.begin();
  if (const auto* resource = codec::find(document, "Resources", name);
      resource == nullptr || codec::find_string(*resource, "Type") != "AWS::IAM::Role") {
    return std::nullopt;
  }
  return std::vector<std::string>{name};
}

std::string pointer(const std::vector<std::string_view>& keys) {
  std::string text;
  for (std::string_view key : keys) {
    text += '/';
    for (char c : key) {
      if (c == '~') {
        text += "~0";
      } else if (c == '/') {
        text += "~1";
      } else {
        text += c;
      }
    }
  }
  return text;
}

}  // namespace app
