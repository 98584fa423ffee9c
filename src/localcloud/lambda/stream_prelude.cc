#include "localcloud/lambda/stream_prelude.h"

#include "codec/json.h"

namespace localcloud {

namespace {
constexpr std::string_view kIntegration = "application/vnd.awslambda.http-integration-response";
constexpr std::string_view kSeparator("\0\0\0\0\0\0\0\0", 8);
constexpr std::size_t kMaxPrelude = 64 * 1024;  // AWS documents none; a server's head has about as much
}  // namespace

StreamPrelude::StreamPrelude(std::string content_type)
    : content_type_(std::move(content_type)),
      expected_(content_type_.starts_with(kIntegration)),
      complete_(!expected_) {}

void StreamPrelude::add(std::string_view piece) {
  text_ += piece;
  std::size_t end = text_.find(kSeparator);
  if (end == std::string::npos) {
    complete_ = malformed_ = text_.size() > kMaxPrelude;
    return;
  }
  rest_ = text_.substr(end + kSeparator.size());
  text_.resize(end);
  complete_ = true;
}

std::optional<net::Response> StreamPrelude::head() const {
  net::Response response;
  if (!expected_) {
    response.headers.add("Content-Type", content_type_.empty() ? "application/octet-stream" : content_type_);
    return response;
  }
  auto prelude = codec::parse_json(text_);
  if (!complete_ || malformed_ || !prelude || !prelude->is_object()) return std::nullopt;
  if (const auto* status = codec::find(*prelude, "statusCode"); status != nullptr) {
    if (!status->is_int64() || status->get_int64() < 100 || status->get_int64() > 599) return std::nullopt;
    response.status = static_cast<int>(status->get_int64());
  }
  if (const auto* headers = codec::find(*prelude, "headers"); headers != nullptr && headers->is_object()) {
    for (const auto& [name, value] : headers->get_object()) {
      response.headers.add(std::string(name),
                           value.is_string() ? std::string(value.get_string()) : codec::to_text(value));
    }
  }
  if (const auto* cookies = codec::find(*prelude, "cookies"); cookies != nullptr && cookies->is_array()) {
    for (const auto& cookie : cookies->get_array()) {
      if (cookie.is_string()) response.headers.add("Set-Cookie", std::string(cookie.get_string()));
    }
  }
  for (std::string_view name : {"Content-Length", "Transfer-Encoding", "Connection"}) response.headers.remove(name);
  if (!response.headers.has("Content-Type")) response.headers.add("Content-Type", "application/octet-stream");
  response.body = rest_;
  return response;
}

}  // namespace localcloud
