#include "localcloud/event_pattern_operators.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "localcloud/http_text.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

using Test = base::Result<LeafTest>;

constexpr double kLargestNumber = 5e9;  // numeric matching: -5e9 to 5e9, EventBridge user guide

std::optional<double> number_of(const json::value& value) {
  if (value.is_double()) return value.get_double();
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  return std::nullopt;
}

bool same(const json::value& a, const json::value& b) {
  auto x = number_of(a);
  auto y = number_of(b);
  return x && y ? *x == *y : a == b;
}

// A test of strings; every other leaf fails it.
template <typename Predicate>
LeafTest of_string(Predicate predicate) {
  return [predicate = std::move(predicate)](const json::value& leaf) {
    return leaf.is_string() && predicate(std::string_view(leaf.get_string()));
  };
}

LeafTest has_prefix(std::string prefix) {
  return of_string([prefix = std::move(prefix)](std::string_view text) { return text.starts_with(prefix); });
}

LeafTest has_suffix(std::string suffix) {
  return of_string([suffix = std::move(suffix)](std::string_view text) { return text.ends_with(suffix); });
}

LeafTest equals_ignoring_case(std::string_view wanted) {
  return of_string([wanted = lower_case(wanted)](std::string_view text) { return lower_case(text) == wanted; });
}

// --- prefix and suffix, with their equals-ignore-case form

Test parse_affix(std::string_view name, const json::value& value) {
  bool prefix = name == "prefix";
  if (value.is_string()) {
    std::string text(value.get_string());
    return prefix ? has_prefix(std::move(text)) : has_suffix(std::move(text));
  }
  const auto* object = value.if_object();
  if (object == nullptr) return invalid_pattern(fmt::format("{} match pattern must be a string", name));
  if (object->empty()) {
    return invalid_pattern(fmt::format("{} expression name not found", prefix ? "Prefix" : "Suffix"));
  }
  const auto& inner = *object->begin();
  if (inner.key() != "equals-ignore-case") {
    return invalid_pattern(fmt::format("Unsupported {} pattern: {}", name, std::string_view(inner.key())));
  }
  if (!inner.value().is_string()) return invalid_pattern("equals-ignore-case match pattern must be a string");
  if (object->size() > 1) return invalid_pattern("Only one key allowed in match expression");
  return of_string([prefix, wanted = lower_case(inner.value().get_string())](std::string_view text) {
    return prefix ? lower_case(text).starts_with(wanted) : lower_case(text).ends_with(wanted);
  });
}

// --- wildcard: '*' is any text, "\*" and "\\" are characters

struct WildcardItem {
  char character;
  bool any;  // any text
};

base::Result<std::vector<WildcardItem>> parse_wildcard_items(std::string_view pattern) {
  std::vector<WildcardItem> items;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (pattern[i] == '*') {
      // Positions count the quotation mark before the pattern.
      if (next == '*') return invalid_pattern(fmt::format("Consecutive wildcard characters at pos {}", i + 1));
      items.push_back({'*', true});
    } else if (pattern[i] == '\\') {
      if (next != '*' && next != '\\') return invalid_pattern(fmt::format("Invalid escape character at pos {}", i + 1));
      items.push_back({next, false});
      ++i;
    } else {
      items.push_back({pattern[i], false});
    }
  }
  return items;
}

bool matches_wildcard(const std::vector<WildcardItem>& items, std::string_view text) {
  std::size_t item = 0;
  std::size_t at = 0;
  std::size_t star = items.size();
  std::size_t retry = 0;
  while (at < text.size()) {
    if (item < items.size() && items[item].any) {
      star = item++;
      retry = at;
    } else if (item < items.size() && items[item].character == text[at]) {
      ++item;
      ++at;
    } else if (star < items.size()) {
      item = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  return std::all_of(items.begin() + static_cast<std::ptrdiff_t>(item), items.end(),
                     [](const WildcardItem& rest) { return rest.any; });
}

Test parse_wildcard(std::string_view pattern) {
  TRY(auto items, parse_wildcard_items(pattern));
  return of_string([items = std::move(items)](std::string_view text) { return matches_wildcard(items, text); });
}

// --- numeric

struct Bound {
  std::string operation;
  double value;

  bool holds(double number) const {
    if (operation == "=") return number == value;
    if (operation == "<") return number < value;
    if (operation == "<=") return number <= value;
    if (operation == ">") return number > value;
    return number >= value;
  }
};

base::Result<Bound> parse_bound(const json::array& terms, std::size_t at) {
  std::string operation(terms[at].get_string());
  auto value = at + 1 < terms.size() ? number_of(terms[at + 1]) : std::nullopt;
  if (!value) {
    return invalid_pattern(fmt::format("Value of {} must be numeric", operation == "=" ? "equals" : operation));
  }
  if (*value < -kLargestNumber || *value > kLargestNumber) {
    return invalid_pattern("Value must be between -5.0E9 and 5.0E9, inclusive");
  }
  return Bound{std::move(operation), *value};
}

Test parse_numeric(const json::value& value) {
  const auto* terms = value.if_array();
  if (terms == nullptr) return invalid_pattern("Value of numeric must be an array.");
  if (terms->empty() || !(*terms)[0].is_string()) {
    return invalid_pattern("Invalid member in numeric match: " + (terms->empty() ? "]" : json::serialize((*terms)[0])));
  }
  static const std::set<std::string, std::less<>> kOperations{"=", "<", "<=", ">", ">="};
  std::string operation((*terms)[0].get_string());
  if (!kOperations.contains(operation)) {
    return invalid_pattern("Unrecognized numeric range operator: " + operation);
  }
  TRY(auto first, parse_bound(*terms, 0));
  std::vector<Bound> bounds{first};
  if (terms->size() > 2) {
    if (!operation.starts_with('>')) return invalid_pattern("Too many elements in numeric expression");
    const auto& second = (*terms)[2];
    if (!second.is_string()) return invalid_pattern("Bad value in numeric range: " + json::serialize(second));
    if (second.get_string() != "<" && second.get_string() != "<=") {
      return invalid_pattern(fmt::format("Bad numeric range operator: {}", std::string_view(second.get_string())));
    }
    TRY(auto top, parse_bound(*terms, 2));
    if (terms->size() > 4) return invalid_pattern("Too many terms in numeric range expression");
    if (top.value <= first.value) return invalid_pattern("Bottom must be less than top");
    bounds.push_back(top);
  }
  return LeafTest([bounds](const json::value& leaf) {
    auto number = number_of(leaf);
    return number && std::all_of(bounds.begin(), bounds.end(), [&](const Bound& one) { return one.holds(*number); });
  });
}

// --- cidr

struct Address {
  std::size_t size = 0;  // 4 or 16
  std::array<unsigned char, 16> bytes{};
};

std::optional<Address> parse_address(const std::string& text) {
  Address address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
    address.size = 4;
  } else if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
    address.size = 16;
  } else {
    return std::nullopt;
  }
  return address;
}

Test parse_cidr(const json::value& value) {
  if (!value.is_string()) return invalid_pattern("prefix match pattern must be a string");
  std::string text(value.get_string());
  std::size_t slash = text.find('/');
  if (slash == std::string::npos || text.find('/', slash + 1) != std::string::npos) {
    return invalid_pattern("Malformed CIDR, one '/' required");
  }
  int bits = 0;
  auto [end, error] = std::from_chars(text.data() + slash + 1, text.data() + text.size(), bits);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return invalid_pattern("Malformed CIDR, mask bits must be an integer");
  }
  if (bits < 0) return invalid_pattern("Malformed CIDR, mask bits must not be negative");
  auto low = parse_address(text.substr(0, slash));
  if (!low) return invalid_pattern("Nonstandard IP address: " + text.substr(0, slash));
  if (low->size == 4 && bits > 31) return invalid_pattern("IPv4 mask bits must be < 32");
  if (bits > 127) return invalid_pattern("IPv6 mask bits must be < 128");
  Address high = *low;
  for (std::size_t bit = static_cast<std::size_t>(bits); bit < high.size * 8; ++bit) {
    high.bytes[bit / 8] = static_cast<unsigned char>(high.bytes[bit / 8] | (0x80U >> (bit % 8)));
  }
  return of_string([low = *low, high](std::string_view leaf) {
    auto address = parse_address(std::string(leaf));
    return address && address->size == low.size && low.bytes <= address->bytes && address->bytes <= high.bytes;
  });
}

// --- anything-but

LeafTest none_of(std::vector<LeafTest> tests) {
  return [tests = std::move(tests)](const json::value& leaf) {
    return std::none_of(tests.begin(), tests.end(), [&](const LeafTest& test) { return test(leaf); });
  };
}

std::vector<json::value> one_or_list(const json::value& value) {
  if (const auto* array = value.if_array()) return {array->begin(), array->end()};
  return {value};
}

Test parse_anything_but_values(const json::value& value) {
  if (!value.is_array() && !value.is_string() && !value.is_number()) {
    return invalid_pattern("Value of anything-but must be an array or single string/number value.");
  }
  std::vector<LeafTest> tests;
  bool strings = false;
  bool numbers = false;
  for (const auto& one : one_or_list(value)) {
    if (!one.is_string() && !one.is_number()) {
      return invalid_pattern("Inside anything but list, start|null|boolean is not supported.");
    }
    (one.is_string() ? strings : numbers) = true;
    tests.push_back([one](const json::value& leaf) { return same(one, leaf); });
  }
  if (strings == numbers) {
    return invalid_pattern(
        "Inside anything but list, either all values are number or string, mixed type is not supported");
  }
  return none_of(std::move(tests));
}

Test parse_anything_but_operand(std::string_view name, const json::value& operand) {
  if (!operand.is_string()) {
    if (name == "equals-ignore-case") {
      return invalid_pattern(
          "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.");
    }
    return invalid_pattern(name == "wildcard" ? "wildcard match pattern must be a string"
                                              : "prefix/suffix match pattern must be a string");
  }
  std::string text(operand.get_string());
  if (name == "equals-ignore-case") return equals_ignoring_case(text);
  if (name == "wildcard") return parse_wildcard(text);
  if (text.empty()) return invalid_pattern("Null prefix/suffix not allowed");
  return name == "prefix" ? has_prefix(std::move(text)) : has_suffix(std::move(text));
}

Test parse_anything_but(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return parse_anything_but_values(value);
  if (object->empty()) return invalid_pattern("Anything-But expression name not found");
  std::string_view name = object->begin()->key();
  const auto& operands = object->begin()->value();
  if (name != "equals-ignore-case" && name != "prefix" && name != "suffix" && name != "wildcard") {
    return invalid_pattern(fmt::format("Unsupported anything-but pattern: {}", name));
  }
  if (!operands.is_array() && !operands.is_string() && !operands.is_number()) {
    return invalid_pattern("Value of anything-but must be an array or single string/number value.");
  }
  std::vector<LeafTest> tests;
  for (const auto& operand : one_or_list(operands)) {
    TRY(auto test, parse_anything_but_operand(name, operand));
    tests.push_back(std::move(test));
  }
  if (object->size() > 1) return invalid_pattern("Only one key allowed in match expression");
  return none_of(std::move(tests));
}

Test parse_operator(std::string_view name, const json::value& value) {
  if (name == "numeric") return parse_numeric(value);
  if (name == "anything-but") return parse_anything_but(value);
  if (name == "cidr") return parse_cidr(value);
  if (name == "prefix" || name == "suffix") return parse_affix(name, value);
  if (name != "exactly" && name != "equals-ignore-case" && name != "wildcard") {
    return invalid_pattern(fmt::format("Unrecognized match type {}", name));
  }
  if (!value.is_string()) {
    return invalid_pattern(fmt::format("{} match pattern must be a string", name == "exactly" ? "exact" : name));
  }
  if (name == "wildcard") return parse_wildcard(value.get_string());
  if (name == "equals-ignore-case") return equals_ignoring_case(value.get_string());
  return LeafTest([value](const json::value& leaf) { return same(value, leaf); });
}

}  // namespace

tl::unexpected<base::Error> invalid_pattern(std::string_view reason) {
  return aws_error(400, "InvalidEventPatternException", fmt::format("Event pattern is not valid. Reason: {}", reason));
}

bool is_reserved_in_or(std::string_view field) {
  static const std::set<std::string_view> kReserved{"exactly",
                                                    "equals-ignore-case",
                                                    "prefix",
                                                    "suffix",
                                                    "anything-but",
                                                    "exists",
                                                    "wildcard",
                                                    "numeric",
                                                    "cidr",
                                                    "=",
                                                    "<",
                                                    "<=",
                                                    ">",
                                                    ">=",
                                                    "regex",
                                                    "not-wildcard",
                                                    "not-equals-ignore-case",
                                                    "date-after",
                                                    "date-on-or-after",
                                                    "date-before",
                                                    "date-on-or-before",
                                                    "in-date-range",
                                                    "ip-address-in-range",
                                                    "ip-address-not-in-range"};
  return kReserved.contains(field);
}

base::Result<LeafTest> parse_leaf_test(const json::value& pattern) {
  if (pattern.is_array()) return invalid_pattern("Match value must be String, number, true, false, or null");
  const auto* object = pattern.if_object();
  if (object == nullptr) return LeafTest([pattern](const json::value& leaf) { return same(pattern, leaf); });
  if (object->empty()) return invalid_pattern("Match expression name not found");
  TRY(auto test, parse_operator(object->begin()->key(), object->begin()->value()));
  if (object->size() > 1) return invalid_pattern("Only one key allowed in match expression");
  return test;
}

}  // namespace localcloud
