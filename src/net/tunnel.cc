#include <fmt/format.h>

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "net/beast_stream.h"

namespace net {
namespace {

constexpr std::size_t kMaxHead = 16 * 1024;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

base::Error refusal(std::string_view status_line) {
  base::Error error{.kind = base::ErrorKind::connect,
                    .message = fmt::format("it answered CONNECT with '{}'", status_line.substr(0, 80))};
  if (status_line.find(" 407") != std::string_view::npos) {
    error.hint = "The proxy wants a user: write it as http://USER:PASSWORD@HOST:PORT.";
  }
  return error;
}

bool is_success(std::string_view status_line) {  // "HTTP/1.1 200 …"
  return status_line.starts_with("HTTP/1.") && status_line.size() >= 12 && status_line.substr(8, 2) == " 2";
}

}  // namespace

awaitable<base::Result<>> open_tunnel(Stream stream, Url url, Proxy proxy) {
  std::string host = url.host.find(':') == std::string::npos ? url.host : fmt::format("[{}]", url.host);
  std::string request = fmt::format("CONNECT {0}:{1} HTTP/1.1\r\nHost: {0}:{1}\r\n", host, url.port);
  if (!proxy.authorization.empty()) request += fmt::format("Proxy-Authorization: {}\r\n", proxy.authorization);
  request += "\r\n";
  error_code error;
  co_await asio::async_write(stream, asio::buffer(request), asio::redirect_error(asio::use_awaitable, error));
  std::string head;
  std::array<char, 4096> piece;
  while (!error && head.find(kEndOfHead) == std::string::npos && head.size() < kMaxHead) {
    std::size_t got =
        co_await stream.async_read_some(asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
    head.append(piece.data(), got);
  }
  if (error) co_await checkpoint();
  std::size_t end = head.find(kEndOfHead);
  std::string_view status_line = std::string_view(head).substr(0, head.find("\r\n"));
  if (end == std::string::npos) {
    co_return base::fail(base::ErrorKind::connect, "it did not answer CONNECT: " + error.message());
  }
  if (!is_success(status_line)) co_return base::fail(refusal(status_line));
  std::string early = head.substr(end + kEndOfHead.size());
  // What comes before TLS begins would pass for what TLS protects.
  if (!early.empty() && url.secure()) co_return base::fail(base::ErrorKind::connect, "it sent more than an answer");
  stream.unread(std::move(early));
  co_return base::Result<>();
}

}  // namespace net
