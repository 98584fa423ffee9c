// JSON over Boost.JSON, whose objects keep the order of their keys, which templates need. Helpers that never throw.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace codec {

namespace json = boost::json;

// A whole document. Errors are invalid_input and name line and column. Depth is bounded (64).
base::Result<json::value> parse_json(std::string_view text);

std::string to_text(const json::value& value);         // compact, one line
std::string to_pretty_text(const json::value& value);  // two-space indentation, final newline

// The member at a path of keys, or nullptr: find(v, "Properties", "Code", "S3Bucket").
const json::value* find(const json::value& value);
template <typename... Keys>
const json::value* find(const json::value& value, std::string_view key, Keys... rest) {
  const auto* object = value.if_object();
  if (object == nullptr) return nullptr;
  const auto* member = object->if_contains(key);
  return member == nullptr ? nullptr : find(*member, rest...);
}

// The string at a path, or "" if it is absent or no string.
template <typename... Keys>
std::string find_string(const json::value& value, Keys... keys) {
  const auto* member = find(value, std::string_view(keys)...);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

}  // namespace codec
