#include "localcloud/apigateway/gateway_type.h"

#include <fmt/format.h>

#include <charconv>

namespace localcloud {

base::Result<> check_room(std::size_t count, std::size_t most, std::string_view what) {
  if (count < most) return {};
  return aws_error(429, "LimitExceededException",
                   fmt::format("Maximum number of {0} for this API has been reached. Please contact AWS if you need "
                               "additional {0}.",
                               what));
}

std::map<std::string, std::string> map_property(const json::object& properties, std::string_view name) {
  std::map<std::string, std::string> map;
  const auto* found = properties.if_contains(name);
  if (found == nullptr || !found->is_object()) return map;
  for (const auto& member : found->get_object()) {
    map[std::string(member.key())] = text_property(found->get_object(), member.key());
  }
  return map;
}

base::Result<base::Millis> timeout_property(const json::object& properties, std::string_view name, base::Millis most) {
  std::string text = text_property(properties, name);
  if (text.empty()) return most;
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 50 || value > most.count()) {
    return aws_error(400, "BadRequestException", fmt::format("{} must be between 50 and {}", name, most.count()));
  }
  return base::Millis(value);
}

}  // namespace localcloud
