#include "localcloud/dynamodb/key_order.h"

#include <algorithm>

#include "codec/base64.h"

namespace localcloud {

namespace {

void append_number(std::string& text, std::uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>((number >> shift) & 0xFFU);
}

// FNV-1a, stirred so that the first bytes differ for short keys too.
std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  hash ^= hash >> 33U;
  hash *= 0xff51afd7ed558ccdU;
  return hash ^ (hash >> 33U);
}

// A normal number (number.h) so that bytes compare as values do: sign, place of the first digit, digits; all of it
// inverted below zero, where more is less.
std::string number_bytes(std::string_view number) {
  constexpr int kOffset = 1000;
  bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  auto point = std::min(number.find('.'), number.size());
  std::string digits(number.substr(0, point));
  if (point < number.size()) digits += number.substr(point + 1);
  auto first = digits.find_first_not_of('0');
  if (first == std::string::npos) return "\x80";
  auto exponent = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
  digits.erase(0, first);
  digits.erase(digits.find_last_not_of('0') + 1);
  std::string bytes;
  append_number(bytes, static_cast<std::uint64_t>(exponent + kOffset), 2);
  bytes += digits;
  if (!negative) return "\x81" + bytes;
  for (char& c : bytes) c = static_cast<char>(~c);
  return "\x7f" + bytes + "\xff";
}

std::string bytes_of(const json::value& value) {
  std::string_view text = content_of(value).get_string();
  auto type = type_of(value);
  if (type == "N") return number_bytes(text);
  return type == "B" ? codec::base64_decode(text).value_or("") : std::string(text);
}

// Ends so that a shorter text comes before a longer one that begins with it, whatever follows.
std::string ended(std::string_view bytes) {
  std::string text;
  for (char c : bytes) {
    text += c;
    if (c == '\0') text += '\xff';
  }
  text += '\0';
  text += '\x01';
  return text;
}

}  // namespace

std::string partition_place(const json::value& partition_key) {
  auto bytes = bytes_of(partition_key);
  std::string place;
  append_number(place, hash_of(bytes), 8);
  return place + ended(bytes);
}

std::string place_of(const KeySchema& schema, const json::object& key) {
  auto place = partition_place(key.at(schema.hash.name));
  if (schema.range) place += ended(bytes_of(key.at(schema.range->name)));
  return place;
}

std::int64_t segment_of(std::string_view place, std::int64_t total) {
  std::uint64_t high = 0;
  for (std::size_t i = 0; i < 4 && i < place.size(); ++i) high = (high << 8U) | static_cast<unsigned char>(place[i]);
  return static_cast<std::int64_t>((high * static_cast<std::uint64_t>(total)) >> 32U);
}

}  // namespace localcloud
