#include "localcloud/http_answer.h"

#include "codec/base64.h"
#include "codec/json.h"

namespace localcloud {

namespace {

using codec::json::value;

std::optional<int> status_of(const value& code) {
  std::int64_t status = 0;
  if (code.is_int64()) {
    status = code.get_int64();
  } else if (code.is_string() && code.get_string().size() == 3) {
    for (char c : code.get_string()) {
      if (c < '0' || c > '9') return std::nullopt;
      status = status * 10 + (c - '0');
    }
  }
  if (status < 100 || status > 599) return std::nullopt;
  return static_cast<int>(status);
}

// A header's value may be written as a text, a number or a boolean.
std::optional<std::string> header_text(const value& text) {
  if (text.is_string()) return std::string(text.get_string());
  if (text.is_bool() || text.is_number()) return codec::to_text(text);
  return std::nullopt;
}

// The headers of `headers` and `multiValueHeaders`; a name in both has the values of the latter. nullopt: malformed.
std::optional<net::Headers> read_headers(const value* headers, const value* multiple) {
  net::Headers result;
  if (headers != nullptr && !headers->is_null()) {
    if (!headers->is_object()) return std::nullopt;
    for (const auto& [name, content] : headers->get_object()) {
      if (content.is_null()) continue;
      auto text = header_text(content);
      if (!text) return std::nullopt;
      result.add(std::string(name), std::move(*text));
    }
  }
  if (multiple == nullptr || multiple->is_null()) return result;
  if (!multiple->is_object()) return std::nullopt;
  for (const auto& [name, list] : multiple->get_object()) {
    if (!list.is_array()) return std::nullopt;
    result.remove(name);
    for (const auto& one : list.get_array()) {
      auto text = header_text(one);
      if (!text) return std::nullopt;
      result.add(std::string(name), std::move(*text));
    }
  }
  return result;
}

std::optional<net::Response> inferred(const value& answer) {
  net::Response response;
  response.headers.add("Content-Type", "application/json");
  response.body = answer.is_string() ? std::string(answer.get_string()) : codec::to_text(answer);
  return response;
}

std::optional<std::string> read_body(const codec::json::object& answer, bool decode_base64) {
  const auto* text = answer.if_contains("body");
  if (text == nullptr || text->is_null()) return std::string();
  if (!text->is_string()) return std::nullopt;
  std::string body(text->get_string());
  const auto* encoded = answer.if_contains("isBase64Encoded");
  if (encoded == nullptr || !encoded->is_bool() || !encoded->get_bool() || !decode_base64) return body;
  auto bytes = codec::base64_decode(body);
  if (!bytes) return std::nullopt;
  return std::move(*bytes);
}

}  // namespace

std::optional<net::Response> read_proxy_response(std::string_view payload, ProxyFormat format, bool decode_base64) {
  bool version2 = format == ProxyFormat::http_v2;
  auto parsed = codec::parse_json(payload.empty() ? "null" : payload);
  if (!parsed) return std::nullopt;
  const auto* answer = parsed->if_object();
  const auto* code = answer == nullptr ? nullptr : answer->if_contains("statusCode");
  if (code == nullptr) return version2 ? inferred(*parsed) : std::nullopt;
  auto status = status_of(*code);
  if (!status) return std::nullopt;
  net::Response response;
  response.status = *status;
  auto headers =
      read_headers(answer->if_contains("headers"), version2 ? nullptr : answer->if_contains("multiValueHeaders"));
  auto body = read_body(*answer, format != ProxyFormat::rest || decode_base64);
  if (!headers || !body) return std::nullopt;
  response.headers = std::move(*headers);
  response.body = std::move(*body);
  for (std::string_view name : {"Content-Length", "Transfer-Encoding", "Connection"}) response.headers.remove(name);
  if (const auto* cookies = answer->if_contains("cookies"); version2 && cookies != nullptr && cookies->is_array()) {
    for (const auto& cookie : cookies->get_array()) {
      if (!cookie.is_string()) return std::nullopt;
      response.headers.add("Set-Cookie", std::string(cookie.get_string()));
    }
  }
  if (!response.headers.has("Content-Type")) {
    response.headers.add("Content-Type",
                         format == ProxyFormat::rest ? "application/json" : "text/plain; charset=utf-8");
  }
  return response;
}

}  // namespace localcloud
