#include "net/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace net {
namespace {

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::uint16_t default_port(std::string_view scheme) {
  return scheme == "https" || scheme == "wss" ? 443 : 80;
}

bool valid_host(std::string_view host, bool bracketed) {
  return !host.empty() && std::ranges::all_of(host, [&](char c) {
    if (bracketed) return hex_value(c) >= 0 || c == ':' || c == '.';
    return is_alnum(c) || c == '.' || c == '-' || c == '_';
  });
}

base::Result<std::uint16_t> parse_port(std::string_view text) {
  unsigned value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > 65535) {
    return base::fail(base::ErrorKind::invalid_input, fmt::format("'{}' is not a port", text));
  }
  return static_cast<std::uint16_t>(value);
}

// Fills in host and port from "host", "host:port", "[v6]" or "[v6]:port".
base::Result<> parse_authority(std::string_view text, Url& url) {
  bool bracketed = text.starts_with('[');
  std::string_view host;
  std::string_view rest;
  if (bracketed) {
    auto close = text.find(']');
    if (close == std::string_view::npos)
      return base::fail(base::ErrorKind::invalid_input, "the URL's '[' is not closed");
    host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else {
    auto colon = text.find(':');
    host = text.substr(0, colon);
    if (colon != std::string_view::npos) rest = text.substr(colon);
  }
  if (!valid_host(host, bracketed) || (!rest.empty() && !rest.starts_with(':'))) {
    return base::fail(base::ErrorKind::invalid_input, fmt::format("the URL has no valid host: '{}'", text));
  }
  url.host = host;
  url.port = default_port(url.scheme);
  if (!rest.empty()) {
    TRY(url.port, parse_port(rest.substr(1)));
  }
  return {};
}

}  // namespace

std::string Url::authority() const {
  std::string name = host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
  return port == default_port(scheme) ? name : fmt::format("{}:{}", name, port);
}

std::string Url::origin() const {
  bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", scheme, v6 ? "[" : "", host, v6 ? "]" : "", port);
}

std::string Url::path() const {
  return target.substr(0, target.find('?'));
}

std::string Url::query() const {
  auto mark = target.find('?');
  return mark == std::string::npos ? std::string() : target.substr(mark + 1);
}

std::string Url::to_string() const {
  return fmt::format("{}://{}{}", scheme, authority(), target);
}

base::Result<Url> parse_url(std::string_view text) {
  auto mark = text.find("://");
  if (mark == std::string_view::npos) {
    return base::fail(base::ErrorKind::invalid_input, fmt::format("'{}' is not an absolute URL", text));
  }
  Url url;
  for (char c : text.substr(0, mark)) url.scheme += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (url.scheme != "http" && url.scheme != "https" && url.scheme != "ws" && url.scheme != "wss") {
    return base::fail(base::ErrorKind::invalid_input, fmt::format("'{}' is not http, https, ws or wss", url.scheme));
  }
  std::string_view rest = text.substr(mark + 3);
  rest = rest.substr(0, rest.find('#'));
  auto end = rest.find_first_of("/?");
  TRY(parse_authority(rest.substr(0, end), url));
  std::string_view target = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  if (!std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7f; })) {
    return base::fail(base::ErrorKind::invalid_input, "the URL holds a character that must be percent-encoded");
  }
  url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return url;
}

std::string percent_encode(std::string_view text, bool keep_slash) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~' || (keep_slash && c == '/')) {
      out += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace net
