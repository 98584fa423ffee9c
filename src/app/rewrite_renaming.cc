#include "app/rewrite_renaming.h"

#include <string_view>

namespace app {
namespace {

namespace json = codec::json;

// "Name" and "Name.Attribute" alike.
void rename_reference(json::value& value, const NewNames& names) {
  const auto* text = value.if_string();
  if (text == nullptr) return;
  std::string_view whole = *text;
  std::string_view name = whole.substr(0, whole.find('.'));
  if (auto found = names.find(name); found != names.end()) {
    value = json::string(found->second + std::string(whole.substr(name.size())));
  }
}

std::string with_new_placeholders(std::string_view text, const json::object* defined, const NewNames& names) {
  std::string result;
  while (true) {
    std::size_t open = text.find("${");
    std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return result += text;
    result += text.substr(0, open + 2);
    json::value name = json::string(text.substr(open + 2, close - open - 2));
    if (defined == nullptr || !defined->contains(name.get_string())) rename_reference(name, names);
    result += name.get_string();
    text.remove_prefix(close);
  }
}

void rename_in(json::value& value, const NewNames& names) {
  if (auto* array = value.if_array()) {
    for (auto& element : *array) rename_in(element, names);
  }
  auto* object = value.if_object();
  if (object == nullptr) return;
  for (auto& [key, member] : *object) {
    if (key == "Ref" || key == "Fn::GetAtt" || key == "DependsOn") {
      rename_reference(member, names);
      auto* list = member.if_array();
      if (list != nullptr && key == "DependsOn") {
        for (auto& element : *list) rename_reference(element, names);
      } else if (list != nullptr && !list->empty()) {
        rename_reference(list->front(), names);
      }
    } else if (key == "Fn::Sub" && member.is_string()) {
      member = json::string(with_new_placeholders(member.get_string(), nullptr, names));
    } else if (key == "Fn::Sub" && member.is_array() && member.get_array().size() == 2 &&
               member.get_array().front().is_string()) {
      auto& pattern = member.get_array().front();
      auto& defined = member.get_array().back();
      pattern = json::string(with_new_placeholders(pattern.get_string(), defined.if_object(), names));
      rename_in(defined, names);
    } else {
      rename_in(member, names);
    }
  }
}

}  // namespace

void rename_resources(json::value& document, const NewNames& names) {
  if (names.empty()) return;
  auto& resources = document.get_object()["Resources"].get_object();
  json::object renamed;
  for (auto& [id, resource] : resources) {
    auto found = names.find(std::string_view(id));
    renamed.emplace(found == names.end() ? std::string_view(id) : found->second, std::move(resource));
  }
  resources = std::move(renamed);
  rename_in(document, names);
}

}  // namespace app
