#include "bridge/plain_text.h"

#include <charconv>

#include "codec/json.h"

namespace bridge {
namespace {

// API Gateway's mapping template may write the number as a string.
std::int64_t read_time(const codec::json::value& answer) {
  const auto* time = codec::find(answer, "requestTimeEpoch");
  if (time == nullptr) return 0;
  if (time->is_int64()) return time->get_int64();
  if (!time->is_string()) return 0;
  std::string_view digits = time->get_string();
  std::int64_t ms = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), ms);
  return ms;
}

}  // namespace

ReceivedText classify_text(std::string_view text) {
  if (!text.starts_with('{')) return SealedText{};
  auto value = codec::parse_json(text);
  if (!value) return OtherText{};
  if (codec::find_string(*value, "action") == "displaced") return DisplacedHint{};
  std::string connection_id = codec::find_string(*value, "connectionId");
  if (connection_id.empty()) return OtherText{};
  return HelloAnswer{std::move(connection_id), read_time(*value)};
}

}  // namespace bridge
