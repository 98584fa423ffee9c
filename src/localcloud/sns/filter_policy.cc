#include "localcloud/sns/filter_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "codec/json.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

// The values an attribute stands for: an array's members, else itself.
std::vector<json::value> values_of(const MessageAttribute& attribute) {
  if (attribute.type == "Number") return {json::value(std::strtod(attribute.value.c_str(), nullptr))};
  if (attribute.type == "String.Array") {
    auto parsed = codec::parse_json(attribute.value);
    if (parsed && parsed->is_array()) return {parsed->get_array().begin(), parsed->get_array().end()};
  }
  return {json::value(attribute.value)};
}

std::optional<double> number(const json::value& value) {
  if (value.is_double()) return value.get_double();
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  return std::nullopt;
}

bool same(const json::value& a, const json::value& b) {
  auto x = number(a);
  auto y = number(b);
  return x && y ? *x == *y : a == b;
}

bool in_numeric_range(const json::array& range, double value) {
  for (std::size_t i = 0; i + 1 < range.size(); i += 2) {
    auto bound = number(range[i + 1]);
    if (!bound || !range[i].is_string()) return false;
    std::string_view operation = range[i].get_string();
    bool holds = (operation == "=" && value == *bound) || (operation == "<" && value < *bound) ||
                 (operation == "<=" && value <= *bound) || (operation == ">" && value > *bound) ||
                 (operation == ">=" && value >= *bound);
    if (!holds) return false;
  }
  return true;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool pattern_matches(const json::value& pattern, const json::value& value);

bool operator_matches(std::string_view name, const json::value& wanted, const json::value& value) {
  if (name == "anything-but") {
    std::vector<json::value> all{wanted};
    if (wanted.is_array()) all.assign(wanted.get_array().begin(), wanted.get_array().end());
    return std::none_of(all.begin(), all.end(), [&](const auto& one) { return pattern_matches(one, value); });
  }
  if (name == "numeric") {
    auto its_number = number(value);
    return its_number && wanted.is_array() && in_numeric_range(wanted.get_array(), *its_number);
  }
  if (!value.is_string() || !wanted.is_string()) return false;
  std::string_view text = value.get_string();
  std::string_view part = wanted.get_string();
  if (name == "prefix") return text.starts_with(part);
  if (name == "suffix") return text.ends_with(part);
  return name == "equals-ignore-case" && lower(text) == lower(part);
}

bool pattern_matches(const json::value& pattern, const json::value& value) {
  const auto* object = pattern.if_object();
  if (object == nullptr) return same(pattern, value);
  return !object->empty() && operator_matches(object->begin()->key(), object->begin()->value(), value);
}

bool attribute_accepted(const json::array& patterns, const MessageAttribute* attribute) {
  for (const auto& pattern : patterns) {
    if (const auto* exists = codec::find(pattern, "exists")) {
      if (exists->is_bool() && exists->get_bool() == (attribute != nullptr)) return true;
      continue;
    }
    if (attribute == nullptr) continue;
    auto values = values_of(*attribute);
    if (std::any_of(values.begin(), values.end(), [&](const auto& one) { return pattern_matches(pattern, one); })) {
      return true;
    }
  }
  return false;
}

}  // namespace

base::Result<> check_filter_policy(const json::value& policy) {
  static const std::set<std::string_view> kOperators{"anything-but", "exists", "numeric",
                                                     "prefix",       "suffix", "equals-ignore-case"};
  auto refuse = [](std::string message) {
    return aws_error(400, "InvalidParameter", "Invalid parameter: FilterPolicy: " + std::move(message));
  };
  const auto* keys = policy.if_object();
  if (keys == nullptr) return refuse("failed to parse JSON");
  for (const auto& [key, patterns] : *keys) {
    if (!patterns.is_array()) return refuse(fmt::format("\"{}\" must be an array", std::string_view(key)));
    for (const auto& pattern : patterns.get_array()) {
      const auto* object = pattern.if_object();
      if (object == nullptr) continue;
      if (object->size() != 1 || !kOperators.contains(object->begin()->key())) {
        return refuse(fmt::format("Unrecognized match type {}",
                                  object->empty() ? std::string_view() : std::string_view(object->begin()->key())));
      }
    }
  }
  return {};
}

bool accepts(const json::value& policy, const MessageAttributes& attributes) {
  const auto* keys = policy.if_object();
  if (keys == nullptr) return true;
  return std::all_of(keys->begin(), keys->end(), [&](const auto& member) {
    auto found = attributes.find(std::string(member.key()));
    return member.value().is_array() &&
           attribute_accepted(member.value().get_array(), found == attributes.end() ? nullptr : &found->second);
  });
}

}  // namespace localcloud
