#include "localcloud/lambda/input.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "codec/json.h"

namespace localcloud {

namespace {

std::optional<int> whole_number(const json::value& value) {
  if (value.is_int64()) {
    std::int64_t number = value.get_int64();
    if (number < std::numeric_limits<int>::min() || number > std::numeric_limits<int>::max()) return std::nullopt;
    return static_cast<int>(number);
  }
  if (!value.is_string()) return std::nullopt;
  std::string_view text = value.get_string();
  int number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "MemorySize" → "memorySize".
std::string lower_first(std::string_view name) {
  std::string text(name);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

}  // namespace

tl::unexpected<base::Error> invalid_parameter(std::string message) {
  return aws_error(400, "InvalidParameterValueException", std::move(message));
}

tl::unexpected<base::Error> constraint(std::string_view value, std::string_view member, std::string_view rule) {
  return aws_error(
      400, "ValidationException",
      fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must {}", value,
                  lower_first(member), rule));
}

base::Result<std::optional<int>> number_member(const json::object& input, std::string_view name, int low, int high) {
  const auto* value = input.if_contains(name);
  if (value == nullptr || value->is_null()) return std::optional<int>();
  auto number = whole_number(*value);
  std::string text = text_property(input, name);
  if (!number) return constraint(text, name, "be a whole number");
  if (*number < low) return constraint(text, name, fmt::format("have value greater than or equal to {}", low));
  if (*number > high) return constraint(text, name, fmt::format("have value less than or equal to {}", high));
  return number;
}

bool true_member(const json::object& input, std::string_view name) {
  return text_property(input, name) == "true";
}

base::Result<> only_members(const json::value& value, std::string_view owner,
                            std::initializer_list<std::string_view> known) {
  const auto* object = value.if_object();
  if (object == nullptr) return invalid_parameter(fmt::format("{} must be an object", owner));
  for (const auto& [name, member] : *object) {
    if (std::find(known.begin(), known.end(), std::string_view(name)) == known.end() && !member.is_null()) {
      return aws_error(501, "NotImplemented",
                       fmt::format("The local cloud does not implement {}.{}", owner, std::string_view(name)));
    }
  }
  return {};
}

}  // namespace localcloud
