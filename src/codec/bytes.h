// The byte types of the project. Bodies travel as std::string (bytes, any value); views are string_view or span.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace codec {

inline std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace codec
