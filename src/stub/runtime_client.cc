#include "stub/runtime_client.h"

#include <fmt/format.h>

#include <charconv>

#include "codec/base64.h"

namespace stub {
namespace {

using namespace std::chrono_literals;

std::int64_t to_number(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

constexpr auto kConnect = 5s;
constexpr std::string_view kErrorType = "Lambda-Runtime-Function-Error-Type";
constexpr std::string_view kErrorBody = "Lambda-Runtime-Function-Error-Body";  // base64, a trailer (aws-facts §4)

}  // namespace

RuntimeClient::RuntimeClient(net::HttpClient& http, std::string address)
    : http_(http), base_(fmt::format("http://{}/2018-06-01/runtime/invocation/", address)) {}

awaitable<base::Result<bridge::Invocation>> RuntimeClient::next() {
  CO_TRY(auto url, net::parse_url(base_ + "next"));
  CO_TRY(auto response, co_await http_.send(url, {.target = url.target}, {.timeout = 0ms}));
  if (response.status != 200) {
    co_return base::fail(base::ErrorKind::service,
                         fmt::format("the Runtime API answered next with {}", response.status));
  }
  const net::Headers& headers = response.headers;
  co_return bridge::Invocation{.request_id = headers.get_or("Lambda-Runtime-Aws-Request-Id", ""),
                               .function_arn = headers.get_or("Lambda-Runtime-Invoked-Function-Arn", ""),
                               .deadline_ms = to_number(headers.get_or("Lambda-Runtime-Deadline-Ms", "0")),
                               .trace_id = headers.get_or("Lambda-Runtime-Trace-Id", ""),
                               .client_context = headers.get_or("Lambda-Runtime-Client-Context", ""),
                               .cognito_identity = headers.get_or("Lambda-Runtime-Cognito-Identity", ""),
                               .tenant_id = headers.get_or("Lambda-Runtime-Aws-Tenant-Id", ""),
                               .content_type = headers.get_or("Content-Type", "application/json"),
                               .event = std::move(response.body)};
}

awaitable<base::Result<>> RuntimeClient::respond(std::string request_id, bridge::NameValues headers, std::string body) {
  return post(request_id + "/response", std::move(headers), std::move(body));
}

awaitable<base::Result<>> RuntimeClient::respond_error(std::string request_id, std::string error_type,
                                                       bridge::NameValues headers, std::string body) {
  headers.emplace_back(kErrorType, std::move(error_type));
  return post(request_id + "/error", std::move(headers), std::move(body));
}

awaitable<base::Result<std::unique_ptr<net::RequestStream>>> RuntimeClient::begin_stream(std::string request_id,
                                                                                         bridge::NameValues headers) {
  CO_TRY(auto url, net::parse_url(base_ + request_id + "/response"));
  net::Request request{.method = "POST", .target = url.target, .headers = {}, .body = {}};
  for (auto& [name, value] : headers) request.headers.set(name, std::move(value));
  request.headers.set("Lambda-Runtime-Function-Response-Mode", "streaming");
  request.headers.set("Trailer", fmt::format("{}, {}", kErrorType, kErrorBody));
  co_return co_await net::open_request(url, std::move(request), kConnect, nullptr);
}

awaitable<base::Result<>> RuntimeClient::finish_stream(std::unique_ptr<net::RequestStream> stream,
                                                       std::optional<StreamError> error) {
  net::Headers trailers;
  if (error) {
    trailers.set(kErrorType, std::move(error->type));
    trailers.set(kErrorBody, codec::base64_encode(error->body));
  }
  CO_TRY(auto response, co_await stream->finish(std::move(trailers)));
  if (response.status != 202 && response.status != 413) {
    co_return base::fail(base::ErrorKind::service,
                         fmt::format("the Runtime API answered a streamed response with {}", response.status));
  }
  co_return base::Result<>();
}

awaitable<base::Result<>> RuntimeClient::post(std::string path, bridge::NameValues headers, std::string body) {
  CO_TRY(auto url, net::parse_url(base_ + path));
  net::Request request{.method = "POST", .target = url.target, .headers = {}, .body = std::move(body)};
  for (auto& [name, value] : headers) request.headers.set(name, std::move(value));
  CO_TRY(auto response, co_await http_.send(url, std::move(request), {}));
  if (response.status != 202 && response.status != 413) {
    co_return base::fail(base::ErrorKind::service,
                         fmt::format("the Runtime API answered {} with {}", path, response.status));
  }
  co_return base::Result<>();
}

}  // namespace stub
