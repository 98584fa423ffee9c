#include "localcloud/http_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "codec/json.h"

namespace localcloud {

namespace {

// The length of the character that `text` begins with; 0 if it begins with none (RFC 3629 §4).
std::size_t character_length(std::string_view text) {
  auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  auto follows = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
  unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    if (first == 0xE0 && at(1) < 0xA0) return 0;
    if (first == 0xED && at(1) > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (first == 0xF0 && at(1) < 0x90) return 0;
    if (first == 0xF4 && at(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string repaired_utf8(std::string_view text) {
  std::string repaired;
  while (!text.empty()) {
    std::size_t length = character_length(text);
    if (length == 0) {
      repaired += "\xEF\xBF\xBD";
      length = 1;
    } else {
      repaired += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return repaired;
}

std::string common_log_time(base::WallTime time) {
  return fmt::format("{:%d/%b/%Y:%H:%M:%S} +0000", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

net::Response message_response(int status, std::string_view message) {
  net::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  codec::json::object body;
  body["message"] = message;
  response.body = codec::to_text(body);
  return response;
}

std::vector<std::string> comma_list(std::string_view text) {
  std::vector<std::string> list;
  while (!text.empty()) {
    std::size_t comma = text.find(',');
    std::string_view one = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (!one.empty()) list.emplace_back(one);
  }
  return list;
}

}  // namespace localcloud
