#include "localcloud/iam/condition.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "localcloud/iam/pattern.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

namespace json = boost::json;
using Context = ConditionContext;

// One comparison of a value of the request (`actual`) with one of the policy (`wanted`, variables not yet replaced).
using Compare = std::function<bool(const std::string& actual, const std::string& wanted, const Context& context)>;

struct Operator {
  Compare compare;
  bool negated = false;     // the Not… form: holds when no wanted value compares
  bool if_exists = false;   // holds when the key is absent
  bool null_check = false;  // Null
  std::string set = {};     // "ForAllValues", "ForAnyValue" or ""
};

bool remove_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool remove_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

std::optional<double> number(const std::string& text) {
  char* end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') return std::nullopt;
  return value;
}

// Seconds since the epoch of "2026-01-02T03:04:05Z", "2026-01-02", or of a number.
std::optional<double> date(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (end == nullptr) {
    parts = {};
    end = strptime(text.c_str(), "%Y-%m-%d", &parts);
    if (end != nullptr && *end != '\0') end = nullptr;
  }
  if (end == nullptr) return number(text);
  return static_cast<double>(timegm(&parts));
}

std::optional<std::vector<std::uint8_t>> address_bytes(const std::string& text) {
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1)
    return std::vector<std::uint8_t>(bytes.begin(), bytes.begin() + 4);
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1)
    return std::vector<std::uint8_t>(bytes.begin(), bytes.end());
  return std::nullopt;
}

bool in_network(const std::string& actual, const std::string& network) {
  auto slash = network.find('/');
  auto address = address_bytes(actual);
  auto base_address = address_bytes(network.substr(0, slash));
  if (!address || !base_address || address->size() != base_address->size()) return false;
  std::size_t bits = address->size() * 8;
  if (slash != std::string::npos) {
    auto text = std::string_view(network).substr(slash + 1);
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
    if (error != std::errc() || end != text.data() + text.size() || bits > address->size() * 8) return false;
  }
  for (std::size_t bit = 0; bit < bits; ++bit) {
    auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
    if (((*address)[bit / 8] & mask) != ((*base_address)[bit / 8] & mask)) return false;
  }
  return true;
}

// Each of an ARN's six parts is matched by itself: a wildcard does not cross a colon of the first five.
bool arn_like(const std::string& actual, const std::string& wanted, const Context& context) {
  std::string_view a = actual;
  std::string_view w = wanted;
  if (w == "*") return true;
  for (int part = 0; part < 6; ++part) {
    auto cut = [&](std::string_view& text) {
      auto colon = part < 5 ? text.find(':') : std::string_view::npos;
      auto piece = text.substr(0, colon);
      text = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
      return piece;
    };
    // A variable's own colons ("${aws:PrincipalArn}") are not the ARN's.
    if (w.starts_with("${")) {
      auto pattern = compile_pattern(w, &context);
      return pattern && pattern->matches(a, false);
    }
    auto wanted_part = cut(w);
    auto pattern = compile_pattern(wanted_part, &context);
    if (!pattern || !pattern->matches(cut(a), false)) return false;
  }
  return true;
}

Compare string_compare(bool ignore_case, bool like) {
  return [=](const std::string& actual, const std::string& wanted, const Context& context) {
    auto pattern = compile_pattern(wanted, &context);
    if (!pattern) return false;
    return like ? pattern->matches(actual, ignore_case) : pattern->equals(actual, ignore_case);
  };
}

using Ordering = std::function<bool(double, double)>;

std::optional<Ordering> ordering(std::string_view name) {
  if (name == "Equals" || name == "NotEquals") return Ordering(std::equal_to<>());
  if (name == "LessThan") return Ordering(std::less<>());
  if (name == "LessThanEquals") return Ordering(std::less_equal<>());
  if (name == "GreaterThan") return Ordering(std::greater<>());
  if (name == "GreaterThanEquals") return Ordering(std::greater_equal<>());
  return std::nullopt;
}

std::optional<Compare> ordered_compare(std::string_view name, std::optional<double> (*parse)(const std::string&)) {
  auto order = ordering(name);
  if (!order) return std::nullopt;
  return Compare([order = *order, parse](const std::string& actual, const std::string& wanted, const Context&) {
    auto a = parse(actual);
    auto w = parse(wanted);
    return a && w && order(*a, *w);
  });
}

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool bool_compare(const std::string& actual, const std::string& wanted, const Context&) {
  return equal_without_case(actual, wanted);
}

// Both are base64 text, which is the same for the same bytes.
bool binary_compare(const std::string& actual, const std::string& wanted, const Context&) {
  return actual == wanted;
}

std::optional<Compare> compare_of(std::string_view name) {
  if (name == "StringEquals" || name == "StringNotEquals") return string_compare(false, false);
  if (name == "StringEqualsIgnoreCase" || name == "StringNotEqualsIgnoreCase") return string_compare(true, false);
  if (name == "StringLike" || name == "StringNotLike") return string_compare(false, true);
  if (name == "ArnEquals" || name == "ArnLike" || name == "ArnNotEquals" || name == "ArnNotLike")
    return Compare(arn_like);
  if (name == "Bool") return Compare(bool_compare);
  if (name == "BinaryEquals") return Compare(binary_compare);
  if (name == "IpAddress" || name == "NotIpAddress") {
    return Compare([](const std::string& actual, const std::string& wanted, const Context&) {
      return in_network(actual, wanted);
    });
  }
  if (remove_prefix(name, "Numeric")) return ordered_compare(name, number);
  if (remove_prefix(name, "Date")) return ordered_compare(name, date);
  return std::nullopt;
}

std::optional<Operator> parse_operator(std::string_view name) {
  Operator parsed;
  if (remove_prefix(name, "ForAllValues:")) parsed.set = "ForAllValues";
  if (remove_prefix(name, "ForAnyValue:")) parsed.set = "ForAnyValue";
  if (name == "Null") {
    parsed.null_check = true;
    return parsed;
  }
  parsed.if_exists = remove_suffix(name, "IfExists");
  parsed.negated = name.find("Not") != std::string_view::npos;
  auto compare = compare_of(name);
  if (!compare) return std::nullopt;
  parsed.compare = *compare;
  return parsed;
}

std::string as_text(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  return json::serialize(value);  // true, 5
}

std::vector<std::string> wanted_values(const json::value& value) {
  std::vector<std::string> values;
  if (const auto* array = value.if_array()) {
    for (const auto& one : *array) values.push_back(as_text(one));
  } else {
    values.push_back(as_text(value));
  }
  return values;
}

bool key_holds(const Operator& op, const std::string& key, const std::vector<std::string>& wanted,
               const Context& context) {
  auto actual = context_values(context, key);
  if (op.null_check) {
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const auto& value) { return equal_without_case(value, "true") == actual.empty(); });
  }
  if (actual.empty()) return op.if_exists || op.set == "ForAllValues" || (op.negated && op.set.empty());
  auto holds = [&](const std::string& one) {
    bool found =
        std::any_of(wanted.begin(), wanted.end(), [&](const auto& value) { return op.compare(one, value, context); });
    return found != op.negated;
  };
  bool all = op.set == "ForAllValues" || (op.set.empty() && op.negated);
  return all ? std::all_of(actual.begin(), actual.end(), holds) : std::any_of(actual.begin(), actual.end(), holds);
}

}  // namespace

bool condition_holds(const json::value& condition, const Context& context) {
  const auto* operators = condition.if_object();
  if (operators == nullptr) return false;
  for (const auto& [name, keys] : *operators) {
    auto op = parse_operator(name);
    const auto* wanted = keys.if_object();
    if (!op || wanted == nullptr) return false;
    for (const auto& [key, values] : *wanted) {
      if (!key_holds(*op, std::string(key), wanted_values(values), context)) return false;
    }
  }
  return true;
}

base::Result<> check_condition(const json::value& condition) {
  const auto* operators = condition.if_object();
  if (operators == nullptr) return aws_error(400, "MalformedPolicyDocument", "Syntax errors in policy.");
  for (const auto& [name, keys] : *operators) {
    if (!parse_operator(name) || !keys.is_object()) {
      return aws_error(400, "MalformedPolicyDocument",
                       fmt::format("Invalid Condition type : {}.", std::string_view(name)));
    }
  }
  return {};
}

}  // namespace localcloud
