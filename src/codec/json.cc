#include "codec/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace codec {
namespace {

constexpr std::size_t kMaxDepth = 64;

void print(const json::value& value, std::size_t indent, std::string& out) {
  auto new_line = [&out](std::size_t by) {
    out += '\n';
    out.append(by, ' ');
  };
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    char before = '{';
    for (const auto& member : *object) {
      out += before;
      before = ',';
      new_line(indent + 2);
      out += json::serialize(json::string_view(member.key()));
      out += ": ";
      print(member.value(), indent + 2, out);
    }
    new_line(indent);
    out += '}';
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    char before = '[';
    for (const auto& item : *array) {
      out += before;
      before = ',';
      new_line(indent + 2);
      print(item, indent + 2, out);
    }
    new_line(indent);
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

// A number beyond what a double can be ("1e999") is read as infinity, which JSON cannot say.
bool is_finite(const json::value& value) {
  if (const auto* object = value.if_object()) {
    return std::ranges::all_of(*object, [](const auto& member) { return is_finite(member.value()); });
  }
  if (const auto* array = value.if_array()) return std::ranges::all_of(*array, is_finite);
  return !value.is_double() || std::isfinite(value.get_double());
}

}  // namespace

base::Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::parser parser(json::storage_ptr(), options);
  boost::system::error_code error;
  std::size_t parsed = parser.write_some(text.data(), text.size(), error);
  if (!error && parsed < text.size()) error = json::error::extra_data;
  if (error) {
    std::string_view before = text.substr(0, std::min(parsed, text.size()));
    auto line = 1 + std::count(before.begin(), before.end(), '\n');
    auto line_start = before.rfind('\n');
    auto column = line_start == std::string_view::npos ? before.size() + 1 : before.size() - line_start;
    return base::fail({.kind = base::ErrorKind::invalid_input,
                       .message = fmt::format("invalid JSON at line {}, column {}: {}", line, column, error.message()),
                       .line = static_cast<int>(line)});
  }
  json::value value = parser.release();
  if (!is_finite(value)) {
    return base::fail(base::ErrorKind::invalid_input, "invalid JSON: a number is too large for a double");
  }
  return value;
}

std::string to_text(const json::value& value) {
  return json::serialize(value);
}

std::string to_pretty_text(const json::value& value) {
  std::string out;
  print(value, 0, out);
  out += '\n';
  return out;
}

const json::value* find(const json::value& value) {
  return &value;
}

}  // namespace codec
