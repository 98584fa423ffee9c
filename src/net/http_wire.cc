#include "net/http_wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/status.hpp>

namespace net {
namespace {

constexpr std::size_t kSmallRead = 8 * 1024;
constexpr std::size_t kLargeRead = 64 * 1024;  // the most that Beast reads at once

bool is_token(std::string_view text) {  // RFC 9110 §5.6.2
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool is_target(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c != 0x7f; });
}

base::Result<> add_line(std::string& out, std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_value(value)) {
    return base::fail(base::ErrorKind::invalid_input, fmt::format("the header '{}' cannot be sent", name));
  }
  fmt::format_to(std::back_inserter(out), "{}: {}\r\n", name, value);
  return {};
}

std::string_view trim(std::string_view text) {
  auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

base::Result<std::string> request_head(const Url& url, const Request& request, Framing framing) {
  const std::string& target = request.target == "/" ? url.target : request.target;
  if (!is_token(request.method) || !is_target(target)) {
    return base::fail(base::ErrorKind::invalid_input, "the request's method or target cannot be sent");
  }
  auto length = request.headers.get("Content-Length");
  if (request.headers.has("Transfer-Encoding") || (length && *length != std::to_string(request.body.size()))) {
    return base::fail(base::ErrorKind::invalid_input, "the request's headers contradict its body");
  }
  std::string head = fmt::format("{} {} HTTP/1.1\r\n", request.method, target);
  if (!request.headers.has("Host")) TRY(add_line(head, "Host", url.authority()));
  for (const auto& [name, value] : request.headers) TRY(add_line(head, name, value));
  if (framing == Framing::chunked) return head + "Transfer-Encoding: chunked\r\n\r\n";
  bool bodiless = request.method == "GET" || request.method == "HEAD" || request.method == "DELETE";
  if (!length && (!request.body.empty() || !bodiless)) {
    TRY(add_line(head, "Content-Length", std::to_string(request.body.size())));
  }
  return head + "\r\n";
}

base::Result<std::string> response_head(const Response& response, Framing framing, std::size_t length, bool keep_alive,
                                        bool to_head) {
  if (response.status < 100 || response.status > 999) {
    return base::fail(base::ErrorKind::invalid_input, fmt::format("{} is not a status", response.status));
  }
  auto reason =
      boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(static_cast<unsigned>(response.status)));
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, std::string_view(reason.data(), reason.size()));
  bool keep_length = to_head && response.headers.has("Content-Length");
  for (const auto& [name, value] : response.headers) {
    if (same_name(name, "Transfer-Encoding") || same_name(name, "Connection")) continue;
    if (same_name(name, "Content-Length") && !keep_length) continue;
    TRY(add_line(head, name, value));
  }
  if (framing == Framing::length && !keep_length) TRY(add_line(head, "Content-Length", std::to_string(length)));
  if (framing == Framing::chunked) head += "Transfer-Encoding: chunked\r\n";
  if (!keep_alive) head += "Connection: close\r\n";
  return head + "\r\n";
}

base::Result<std::string> header_lines(const Headers& headers) {
  std::string lines;
  for (const auto& [name, value] : headers) TRY(add_line(lines, name, value));
  return lines;
}

void make_room(boost::beast::flat_buffer& buffer) {
  buffer.reserve(kSmallRead);
}

void make_room(boost::beast::flat_buffer& buffer, boost::optional<std::uint64_t> length) {
  if (!length || *length > buffer.size() + kSmallRead) buffer.reserve(kLargeRead);
}

Headers to_headers(const boost::beast::http::fields& fields) {
  Headers headers;
  for (const auto& field : fields) headers.add(std::string(field.name_string()), std::string(field.value()));
  return headers;
}

bool connection_has(const Headers& headers, std::string_view option) {
  for (const auto& [name, value] : headers) {
    if (!same_name(name, "Connection")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      auto comma = rest.find(',');
      if (same_name(trim(rest.substr(0, comma)), option)) return true;
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  }
  return false;
}

}  // namespace net
