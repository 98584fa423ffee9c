// The members of a JSON request by kind: what is absent or of another kind reads as nothing. For the services of the
// JSON protocols; what a member must be is checked by whoever reads it.
#pragma once

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace json = boost::json;

inline std::string text_in(const json::object& input, std::string_view name) {
  const auto* value = input.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

inline bool flag_in(const json::object& input, std::string_view name) {
  const auto* value = input.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

inline std::optional<std::int64_t> number_in(const json::object& input, std::string_view name) {
  const auto* value = input.if_contains(name);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

// A number of an API, or of a template that writes it as text.
inline std::optional<std::int64_t> whole_number(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (!value.is_string()) return std::nullopt;
  std::string_view text = value.get_string();
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// A list; empty if it is absent.
inline const json::array& list_in(const json::object& input, std::string_view name) {
  static const json::array kNone;
  const auto* value = input.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

// An object; empty if it is absent.
inline const json::object& object_in(const json::object& input, std::string_view name) {
  static const json::object kNone;
  const auto* value = input.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

inline std::vector<std::string> texts_in(const json::object& input, std::string_view name) {
  std::vector<std::string> texts;
  for (const auto& one : list_in(input, name)) {
    if (one.is_string()) texts.emplace_back(one.get_string());
  }
  return texts;
}

// Errors: 501 that names a member of `what` ("RetryPolicy") that is not in `members`.
inline base::Result<> known_members(const json::object& object, std::string_view service, std::string_view what,
                                    const std::set<std::string_view>& members) {
  for (const auto& member : object) {
    if (members.contains(member.key())) continue;
    return base::fail(not_implemented(service, fmt::format("{}.{}", what, std::string_view(member.key()))));
  }
  return {};
}

}  // namespace localcloud
