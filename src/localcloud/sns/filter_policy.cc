#include "localcloud/sns/filter_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <set>
#include <vector>

#include "codec/json.h"
#include "localcloud/http_text.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

namespace ip = boost::asio::ip;

constexpr std::string_view kOr = "$or";

std::optional<double> number(const json::value& value) {
  if (value.is_double()) return value.get_double();
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  return std::nullopt;
}

// The one operator of a pattern that is an object, and its operand.
struct Operator {
  std::string_view name;
  const json::value* operand = nullptr;
};
std::optional<Operator> operator_of(const json::value& pattern) {
  const auto* object = pattern.if_object();
  if (object == nullptr || object->size() != 1) return std::nullopt;
  return Operator{.name = object->begin()->key(), .operand = &object->begin()->value()};
}

// "$or" is one only as a list of at least two objects; else it is a name like any other.
const json::array* alternatives(std::string_view key, const json::value& value) {
  const auto* list = key == kOr ? value.if_array() : nullptr;
  if (list == nullptr || list->size() < 2) return nullptr;
  bool all = std::all_of(list->begin(), list->end(), [](const auto& one) {
    const auto* object = one.if_object();
    return object != nullptr && !object->empty() && std::all_of(object->begin(), object->end(), [](const auto& member) {
             return member.value().is_array() || member.value().is_object();
           });
  });
  return all ? list : nullptr;
}

// --- Matching

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

bool in_network(const std::string& network, const std::string& text) {
  boost::system::error_code error;
  auto address = ip::make_address(text, error);
  if (error) return false;
  if (address.is_v4()) {
    auto range = ip::make_network_v4(network, error);
    if (error) return false;
    auto single = ip::network_v4(address.to_v4(), 32);
    return range.canonical() == single || single.is_subnet_of(range);
  }
  auto range = ip::make_network_v6(network, error);
  if (error) return false;
  auto single = ip::network_v6(address.to_v6(), 128);
  return range.canonical() == single || single.is_subnet_of(range);
}

bool pattern_matches(const json::value& pattern, const json::value& value) {
  auto found = operator_of(pattern);
  if (!found) return same(pattern, value);
  const auto& [name, operand] = *found;
  if (name == "numeric") {
    auto its_number = number(value);
    return its_number && operand->is_array() && in_numeric_range(operand->get_array(), *its_number);
  }
  if (!value.is_string() || !operand->is_string()) return false;
  std::string_view text = value.get_string();
  std::string_view part = operand->get_string();
  if (name == "prefix") return text.starts_with(part);
  if (name == "suffix") return text.ends_with(part);
  if (name == "cidr") return in_network(std::string(part), std::string(text));
  return name == "equals-ignore-case" && lower_case(text) == lower_case(part);
}

// None of the values is what the operand lists.
bool anything_but(const json::value& operand, const std::vector<json::value>& values) {
  std::vector<json::value> unwanted{operand};
  if (operand.is_array()) unwanted.assign(operand.get_array().begin(), operand.get_array().end());
  return std::none_of(values.begin(), values.end(), [&](const auto& value) {
    return std::any_of(unwanted.begin(), unwanted.end(), [&](const auto& one) { return pattern_matches(one, value); });
  });
}

// The values that stand at a key: those of a list, else the one. Objects are no values.
std::vector<json::value> leaves(const json::value* value) {
  std::vector<json::value> found;
  if (value == nullptr || value->is_object()) return found;
  if (const auto* list = value->if_array()) {
    for (const auto& one : *list) {
      auto below = leaves(&one);
      found.insert(found.end(), below.begin(), below.end());
    }
    return found;
  }
  return {*value};
}

bool key_matches(const json::array& patterns, const json::value* value) {
  auto values = leaves(value);
  return std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) {
    auto found = operator_of(pattern);
    if (found && found->name == "exists") {
      return found->operand->is_bool() && found->operand->get_bool() == !values.empty();
    }
    if (values.empty()) return false;
    if (found && found->name == "anything-but") return anything_but(*found->operand, values);
    return std::any_of(values.begin(), values.end(), [&](const auto& one) { return pattern_matches(pattern, one); });
  });
}

bool object_matches(const json::object& policy, const json::object& data);

// A nested policy; of a list of objects, one must match it all.
bool nested_matches(const json::object& policy, const json::value* value) {
  static const json::object kNothing;
  if (value != nullptr && value->is_object()) return object_matches(policy, value->get_object());
  const auto* list = value == nullptr ? nullptr : value->if_array();
  if (list == nullptr || list->empty()) return object_matches(policy, kNothing);
  return std::any_of(list->begin(), list->end(), [&](const auto& one) { return nested_matches(policy, &one); });
}

bool object_matches(const json::object& policy, const json::object& data) {
  return std::all_of(policy.begin(), policy.end(), [&](const auto& member) {
    if (const auto* list = alternatives(member.key(), member.value())) {
      return std::any_of(list->begin(), list->end(),
                         [&](const auto& one) { return object_matches(one.get_object(), data); });
    }
    const auto* value = data.if_contains(member.key());
    if (const auto* nested = member.value().if_object()) return nested_matches(*nested, value);
    return member.value().is_array() && key_matches(member.value().get_array(), value);
  });
}

// --- Checking

tl::unexpected<base::Error> refuse(std::string message) {
  return aws_error(400, "InvalidParameter", "Invalid parameter: FilterPolicy: " + std::move(message));
}

base::Result<> check_numeric(const json::value& operand) {
  constexpr double kLargest = 1e9;
  static const std::set<std::string_view> kOperators{"=", "<", "<=", ">", ">="};
  const auto* range = operand.if_array();
  if (range == nullptr || range->empty()) return refuse("Value of numeric must be an array.");
  if (range->size() % 2 != 0 || range->size() > 4) return refuse("Too many elements in numeric expression");
  for (std::size_t i = 0; i < range->size(); i += 2) {
    const auto* name = (*range)[i].if_string();
    if (name == nullptr || !kOperators.contains(std::string_view(*name))) {
      return refuse(fmt::format("Unrecognized numeric range operator: {}", codec::to_text((*range)[i])));
    }
    auto bound = number((*range)[i + 1]);
    if (!bound) return refuse(fmt::format("Value of {} must be numeric", std::string_view(*name)));
    if (*bound < -kLargest || *bound > kLargest) return refuse("Value of numeric must be between -1.0E9 and 1.0E9");
  }
  return {};
}

base::Result<> check_anything_but(const json::value& operand) {
  auto is_plain = [](const json::value& one) { return one.is_string() || number(one).has_value(); };
  if (const auto* list = operand.if_array()) {
    if (list->empty() || !std::all_of(list->begin(), list->end(), is_plain)) {
      return refuse("Inside anything-but list, start|null|boolean is not supported.");
    }
    return {};
  }
  if (auto nested = operator_of(operand)) {
    if (nested->name != "prefix") return refuse(fmt::format("Unsupported anything-but pattern: {}", nested->name));
    if (!nested->operand->is_string() || nested->operand->get_string().empty()) {
      return refuse("prefix match pattern must be a string");
    }
    return {};
  }
  if (!is_plain(operand)) return refuse("Value of anything-but must be an array or single string/number value.");
  return {};
}

base::Result<> check_cidr(const json::value& operand) {
  boost::system::error_code error4 = boost::asio::error::invalid_argument;
  boost::system::error_code error6 = error4;
  if (operand.is_string()) {
    std::string text(operand.get_string());
    ip::make_network_v4(text, error4);
    ip::make_network_v6(text, error6);
  }
  if (!error4 || !error6) return {};
  return refuse("Malformed CIDR, one '/' required");
}

base::Result<> check_pattern(const json::value& pattern) {
  static const std::set<std::string_view> kOfText{"prefix", "suffix", "equals-ignore-case"};
  if (pattern.is_array()) return refuse("Match value must be String, number, true, false, or null");
  const auto* object = pattern.if_object();
  if (object == nullptr) return {};
  auto found = operator_of(pattern);
  if (!found) return refuse("Only one key allowed in match expression");
  const auto& [name, operand] = *found;
  if (name == "numeric") return check_numeric(*operand);
  if (name == "anything-but") return check_anything_but(*operand);
  if (name == "cidr") return check_cidr(*operand);
  if (name == "exists") {
    if (!operand->is_bool()) return refuse("exists match pattern must be either true or false.");
    return {};
  }
  if (!kOfText.contains(name)) return refuse(fmt::format("Unrecognized match type {}", name));
  if (!operand->is_string()) return refuse(fmt::format("{} match pattern must be a string", name));
  return {};
}

// What a policy asks of the matcher: keys, and the product of their values.
struct Size {
  std::size_t keys = 0;
  std::size_t combinations = 1;  // at most kMany

  static constexpr std::size_t kMany = 1'000'000;
  void multiply(std::size_t by) { combinations = std::min(combinations * std::min(by, kMany), kMany); }
};

base::Result<> measure(const json::object& policy, FilterScope scope, std::size_t depth, Size& size);

base::Result<> measure_alternatives(const json::array& list, FilterScope scope, std::size_t depth, Size& size) {
  std::size_t sum = 0;
  for (const auto& one : list) {
    Size alternative;
    TRY(measure(one.get_object(), scope, depth, alternative));
    size.keys += alternative.keys;
    sum += alternative.combinations;
  }
  size.multiply(sum);
  return {};
}

base::Result<> measure(const json::object& policy, FilterScope scope, std::size_t depth, Size& size) {
  for (const auto& [key, value] : policy) {
    if (const auto* list = alternatives(key, value)) {
      TRY(measure_alternatives(*list, scope, depth, size));
      continue;
    }
    if (const auto* nested = value.if_object()) {
      if (scope == FilterScope::attributes) {
        return refuse("Filter policy scope MessageAttributes does not support nested filter policy");
      }
      if (nested->empty()) return refuse("Empty objects are not allowed");
      TRY(measure(*nested, scope, depth + 1, size));
      continue;
    }
    const auto* patterns = value.if_array();
    if (patterns == nullptr) {
      return refuse(fmt::format("\"{}\" must be an object or an array", std::string_view(key)));
    }
    if (patterns->empty()) return refuse("Empty arrays are not allowed");
    for (const auto& pattern : *patterns) TRY(check_pattern(pattern));
    ++size.keys;
    size.multiply(patterns->size() * depth);
  }
  return {};
}

// The values an attribute stands for, as the body would have them.
std::optional<json::value> value_of(const MessageAttribute& attribute) {
  if (attribute.type.starts_with("Binary")) return std::nullopt;
  if (attribute.type.starts_with("Number")) return json::value(std::strtod(attribute.value.c_str(), nullptr));
  if (attribute.type == "String.Array") {
    auto parsed = codec::parse_json(attribute.value);
    if (parsed && parsed->is_array()) return std::move(*parsed);
  }
  return json::value(attribute.value);
}

}  // namespace

base::Result<> check_filter_policy(const json::value& policy, FilterScope scope) {
  constexpr std::size_t kMostKeys = 5;
  constexpr std::size_t kMostCombinations = 150;
  const auto* object = policy.if_object();
  if (object == nullptr) return refuse("Filter is not an object");
  Size size;
  TRY(measure(*object, scope, 1, size));
  if (size.keys > kMostKeys) return refuse("Filter policy can not have more than 5 keys");
  if (size.combinations > kMostCombinations) return refuse("Filter policy is too complex");
  return {};
}

bool accepts_attributes(const json::value& policy, const MessageAttributes& attributes) {
  json::object data;
  for (const auto& [name, attribute] : attributes) {
    if (auto value = value_of(attribute)) data[name] = std::move(*value);
  }
  return policy.is_object() && object_matches(policy.get_object(), data);
}

bool accepts_body(const json::value& policy, std::string_view body) {
  auto data = codec::parse_json(body);
  return data && data->is_object() && policy.is_object() && object_matches(policy.get_object(), data->get_object());
}

}  // namespace localcloud
