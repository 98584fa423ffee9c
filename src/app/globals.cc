#include "app/globals.h"

#include <algorithm>
#include <string_view>

namespace app {

namespace json = codec::json;

bool is_intrinsic(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr || object->size() != 1) return false;
  std::string_view key = object->begin()->key();
  return key == "Ref" || key == "Condition" || key.starts_with("Fn::");
}

json::value merge_global(const json::value& global, const json::value& local) {
  if (is_intrinsic(global) || is_intrinsic(local)) return local;
  if (global.is_object() && local.is_object()) {
    json::object merged = global.get_object();
    for (const auto& [key, value] : local.get_object()) {
      if (auto* inherited = merged.if_contains(key)) {
        *inherited = merge_global(*inherited, value);
      } else {
        merged.emplace(key, value);
      }
    }
    return merged;
  }
  if (global.is_array() && local.is_array()) {
    json::array merged = global.get_array();
    for (const auto& element : local.get_array()) merged.push_back(element);
    return merged;
  }
  return local;
}

const json::object* function_globals(const json::value& document) {
  const auto* globals = codec::find(document, "Globals", "Function");
  return globals == nullptr ? nullptr : globals->if_object();
}

bool takes_global(const json::object& resource, std::string_view property) {
  const auto* ignored = resource.if_contains("IgnoreGlobals");
  if (ignored == nullptr) return true;
  if (const auto* text = ignored->if_string()) return *text != "*" && *text != property;
  const auto* list = ignored->if_array();
  if (list == nullptr) return true;
  return std::none_of(list->begin(), list->end(), [property](const json::value& entry) {
    return entry.is_string() && entry.get_string() == property;
  });
}

json::object effective_properties(const json::value& document, const json::object& resource) {
  json::object local;
  if (const auto* properties = resource.if_contains("Properties"); properties != nullptr && properties->is_object()) {
    local = properties->get_object();
  }
  const auto* type = resource.if_contains("Type");
  const auto* globals = function_globals(document);
  if (globals == nullptr || type == nullptr || *type != json::value("AWS::Serverless::Function")) return local;
  json::object taken;
  for (const auto& [key, value] : *globals) {
    if (takes_global(resource, key)) taken.emplace(key, value);
  }
  return merge_global(taken, local).get_object();
}

}  // namespace app
