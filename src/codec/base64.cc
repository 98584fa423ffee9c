#include "codec/base64.h"

#include <array>

#include "codec/bytes.h"

namespace codec {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kInvalid = 0xff;

constexpr std::array<std::uint8_t, 256> make_reverse_table() {
  std::array<std::uint8_t, 256> table{};
  table.fill(kInvalid);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}
constexpr std::array<std::uint8_t, 256> kReverse = make_reverse_table();

std::uint32_t value_of(char symbol) {
  return kReverse[static_cast<unsigned char>(symbol)];
}

base::Error invalid(std::string message) {
  return {.kind = base::ErrorKind::invalid_input, .message = std::move(message)};
}

}  // namespace

std::string base64_encode(std::span<const std::uint8_t> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  std::size_t to = 0;
  std::size_t from = 0;
  for (; from + 3 <= bytes.size(); from += 3) {
    std::uint32_t group = (std::uint32_t{bytes[from]} << 16) | (std::uint32_t{bytes[from + 1]} << 8) | bytes[from + 2];
    text[to++] = kAlphabet[group >> 18];
    text[to++] = kAlphabet[(group >> 12) & 63];
    text[to++] = kAlphabet[(group >> 6) & 63];
    text[to++] = kAlphabet[group & 63];
  }
  std::size_t left = bytes.size() - from;
  if (left > 0) {
    std::uint32_t group = std::uint32_t{bytes[from]} << 16;
    if (left == 2) group |= std::uint32_t{bytes[from + 1]} << 8;
    text[to++] = kAlphabet[group >> 18];
    text[to++] = kAlphabet[(group >> 12) & 63];
    if (left == 2) text[to++] = kAlphabet[(group >> 6) & 63];
  }
  return text;
}

std::string base64_encode(std::string_view bytes) {
  return base64_encode(as_bytes(bytes));
}

base::Result<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return base::fail(invalid("base64 text has a length that is no multiple of 4"));
  if (text.empty()) return std::string();
  std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string_view symbols = text.substr(0, text.size() - padding);
  std::string bytes(symbols.size() * 3 / 4, '\0');
  std::size_t to = 0;
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (char symbol : symbols) {
    std::uint32_t value = value_of(symbol);
    if (value == kInvalid) return base::fail(invalid("base64 text has a character outside its alphabet"));
    group = (group << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[to++] = static_cast<char>((group >> bits) & 0xff);
    }
  }
  return bytes;
}

}  // namespace codec
