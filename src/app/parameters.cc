#include "app/parameters.h"

#include <charconv>

#include "app/globals.h"

namespace app {

namespace json = codec::json;

namespace {

std::optional<std::string> scalar_text(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  if (value.is_number()) return codec::to_text(value);
  return std::nullopt;
}

}  // namespace

KnownValues::KnownValues(const json::value& document, const std::map<std::string, std::string>& given)
    : document_(document) {
  const auto* declared = codec::find(document, "Parameters");
  if (declared == nullptr || !declared->is_object()) return;
  for (const auto& [name, parameter] : declared->get_object()) {
    std::string key(name);
    if (codec::find_string(parameter, "Type").starts_with("AWS::SSM::")) continue;  // its value is a name in SSM
    if (auto found = given.find(key); found != given.end()) {
      parameters_[key] = found->second;
    } else if (const auto* fallback = codec::find(parameter, "Default")) {
      if (auto text = scalar_text(*fallback)) parameters_[key] = *text;
    }
  }
}

std::optional<std::string> KnownValues::text(const json::value& value) const {
  if (!is_intrinsic(value)) return scalar_text(value);
  const auto& [key, argument] = *value.get_object().begin();
  if (key == "Ref" && argument.is_string()) {
    auto found = parameters_.find(std::string_view(argument.get_string()));
    return found == parameters_.end() ? std::nullopt : std::optional(found->second);
  }
  if (key == "Fn::Sub" && argument.is_string()) return substituted(argument.get_string());
  if (key == "Fn::FindInMap" && argument.is_array() && argument.get_array().size() == 3) {
    const auto& keys = argument.get_array();
    auto map = text(keys[0]);
    auto first = text(keys[1]);
    auto second = text(keys[2]);
    if (!map || !first || !second) return std::nullopt;
    const auto* found = codec::find(document_, "Mappings", *map, *first, *second);
    return found == nullptr ? std::nullopt : scalar_text(*found);
  }
  return std::nullopt;
}

std::optional<std::string> KnownValues::substituted(std::string_view pattern) const {
  std::string result;
  while (true) {
    std::size_t open = pattern.find("${");
    result += pattern.substr(0, open);
    if (open == std::string_view::npos) return result;
    std::size_t close = pattern.find('}', open);
    if (close == std::string_view::npos) return std::nullopt;
    std::string_view name = pattern.substr(open + 2, close - open - 2);
    pattern.remove_prefix(close + 1);
    if (name.starts_with('!')) {
      result += "${" + std::string(name.substr(1)) + "}";
      continue;
    }
    auto found = parameters_.find(name);
    if (found == parameters_.end()) return std::nullopt;
    result += found->second;
  }
}

std::optional<int> KnownValues::number(const json::value& value) const {
  auto digits = text(value);
  if (!digits) return std::nullopt;
  int result = 0;
  auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), result);
  if (error != std::errc() || end != digits->data() + digits->size()) return std::nullopt;
  return result;
}

}  // namespace app
