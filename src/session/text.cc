#include "session/text.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

namespace session {
namespace {

bool is_continuation(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<std::uint8_t>(text[at]) & 0xc0U) == 0x80U;
}

// How many bytes the well-formed character at the start of `text` has; 0 if there is none. RFC 3629 §4.
std::size_t character_size(std::string_view text) {
  auto first = static_cast<std::uint8_t>(text[0]);
  auto second = text.size() > 1 ? static_cast<std::uint8_t>(text[1]) : std::uint8_t{0};
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return is_continuation(text, 1) ? 2 : 0;
  if (!is_continuation(text, 1) || !is_continuation(text, 2)) return 0;
  if (first == 0xe0) return second >= 0xa0 ? 3 : 0;
  if (first == 0xed) return second <= 0x9f ? 3 : 0;  // surrogates are none
  if (first >= 0xe1 && first <= 0xef) return 3;
  if (!is_continuation(text, 3)) return 0;
  if (first == 0xf0) return second >= 0x90 ? 4 : 0;
  if (first == 0xf4) return second <= 0x8f ? 4 : 0;
  return first >= 0xf1 && first <= 0xf3 ? 4 : 0;
}

}  // namespace

std::string place_text(std::string_view file, int line) {
  if (file.empty()) return {};
  return line > 0 ? fmt::format("{}:{}: ", file, line) : fmt::format("{}: ", file);
}

std::string valid_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    std::size_t size = character_size(text);
    if (size == 0) {
      result += "\xef\xbf\xbd";
      size = 1;
    } else {
      result += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return result;
}

}  // namespace session
