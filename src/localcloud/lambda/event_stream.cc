#include "localcloud/lambda/event_stream.h"

#include <zlib.h>

#include <cstdint>

namespace localcloud {

namespace {

constexpr std::uint8_t kStringValue = 7;

void put(std::string& into, std::uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) into += static_cast<char>((number >> (8 * i)) & 0xFF);
}

void put_checksum(std::string& into) {
  auto sum = crc32(0, reinterpret_cast<const Bytef*>(into.data()), static_cast<uInt>(into.size()));
  put(into, sum, 4);
}

void put_header(std::string& into, std::string_view name, std::string_view value) {
  put(into, name.size(), 1);
  into += name;
  put(into, kStringValue, 1);
  put(into, value.size(), 2);
  into += value;
}

}  // namespace

std::string event_message(std::string_view event_type, std::string_view content_type, std::string_view payload) {
  std::string headers;
  put_header(headers, ":message-type", "event");
  put_header(headers, ":event-type", event_type);
  put_header(headers, ":content-type", content_type);
  constexpr std::size_t kFrame = 16;  // two lengths, two checksums
  std::string message;
  put(message, kFrame + headers.size() + payload.size(), 4);
  put(message, headers.size(), 4);
  put_checksum(message);
  message += headers;
  message += payload;
  put_checksum(message);
  return message;
}

}  // namespace localcloud
