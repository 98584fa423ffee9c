#include "localcloud/sqs/sqs_input.h"

#include <fmt/format.h>

#include <charconv>

#include "codec/json.h"
#include "localcloud/service.h"

namespace localcloud {

base::Result<std::string> needed_text(const json::object& input, std::string_view name) {
  auto text = text_in(input, name);
  if (!text.empty()) return text;
  return aws_error(400, "MissingParameter", fmt::format("The request must contain the parameter {}.", name));
}

base::Result<std::optional<std::int64_t>> number_of(const json::object& input, std::string_view name, Range range,
                                                    std::string reason) {
  const auto* value = input.if_contains(name);
  if (value == nullptr || value->is_null()) return std::optional<std::int64_t>();
  auto text = value->is_string() ? std::string(value->get_string()) : codec::to_text(*value);
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || number < range.least || number > range.most) {
    if (reason.empty()) reason = fmt::format("Must be between {} and {}, if provided.", range.least, range.most);
    return base::fail(invalid_parameter(text, name, reason));
  }
  return std::optional(number);
}

std::map<std::string, std::string> map_of(const json::object& input, std::string_view name) {
  std::map<std::string, std::string> map;
  for (const auto& [key, value] : object_in(input, name)) {
    map[key] = value.is_string() ? std::string(value.get_string()) : codec::to_text(value);
  }
  return map;
}

base::Error invalid_parameter(std::string_view value, std::string_view name, std::string_view reason) {
  return {.kind = base::ErrorKind::service,
          .message = fmt::format("Value {} for parameter {} is invalid. Reason: {}", value, name, reason),
          .hint = {},
          .code = "InvalidParameterValue",
          .status = 400};
}

}  // namespace localcloud
