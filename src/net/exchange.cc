#include "net/exchange.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <cerrno>

#include "net/http_wire.h"

namespace net {
namespace {

constexpr auto kWriteTimeout = std::chrono::minutes(5);     // for one answer or piece, to a client that does not read
constexpr auto kGonePoll = std::chrono::milliseconds(200);  // only while unread bytes hide the connection's end

enum class Peer { quiet, talking, gone };

// What the client did, as far as the kernel tells without anything being read.
Peer peer_state(tcp::socket& socket) {
  if (!socket.is_open()) return Peer::gone;
  char byte = 0;
  ssize_t got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got == 0) return Peer::gone;
  if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? Peer::quiet : Peer::gone;
  tcp_info info{};
  socklen_t size = sizeof(info);
  // A FIN behind unread bytes (a pipelined request, TLS's close_notify).
  if (::getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return Peer::gone;
  return info.tcpi_state == TCP_ESTABLISHED ? Peer::talking : Peer::gone;
}

awaitable<void> wait_until_gone(Stream stream) {
  asio::steady_timer pause(stream.get_executor());
  for (Peer peer = peer_state(stream.socket()); peer != Peer::gone; peer = peer_state(stream.socket())) {
    if (peer == Peer::talking) {
      pause.expires_after(kGonePoll);
      co_await pause.async_wait(asio::use_awaitable);
    } else {
      error_code error;
      co_await stream.socket().async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
      co_await checkpoint();
      if (error) co_return;
    }
  }
}

}  // namespace

ConnectionExchange::ConnectionExchange(Stream stream, boost::beast::flat_buffer& buffer, HttpRequest message,
                                       std::unique_ptr<BodyReader> body, std::string remote_address)
    : stream_(std::move(stream)),
      buffer_(buffer),
      message_(std::move(message)),
      request_{std::string(message_.method_string()), std::string(message_.target()), to_headers(message_.base()),
               std::move(message_.body())},
      body_(std::move(body)),
      remote_address_(std::move(remote_address)),
      keep_alive_(message_.keep_alive()),
      to_head_(message_.method() == boost::beast::http::verb::head) {}

awaitable<base::Result<std::string>> ConnectionExchange::read_piece() {
  if (body_ == nullptr || body_->done()) co_return std::string();
  CO_TRY(auto piece, co_await body_->read());
  if (body_->done()) request_.headers = body_->headers();
  co_return piece;
}

bool ConnectionExchange::wants_websocket() const {
  return boost::beast::websocket::is_upgrade(message_);
}

bool ConnectionExchange::bodiless(int status) const {
  return to_head_ || status < 200 || status == 204 || status == 304;
}

bool ConnectionExchange::must_close(const Headers& headers) const {
  return connection_has(headers, "close") || (body_ != nullptr && !body_->done());
}

awaitable<base::Result<>> ConnectionExchange::write(std::string first, std::string second) {
  Deadline deadline(stream_, kWriteTimeout);
  std::array<asio::const_buffer, 2> parts{asio::buffer(first), asio::buffer(second)};
  error_code error;
  co_await asio::async_write(stream_, parts, asio::redirect_error(asio::use_awaitable, error));
  if (!error) co_return base::Result<>();
  co_await checkpoint();
  keep_alive_ = false;
  stream_.close();
  co_return base::fail(base::ErrorKind::transport, "the client is gone: " + error.message());
}

awaitable<base::Result<>> ConnectionExchange::respond(Response response) {
  if (answer_ != Answer::none) co_return base::fail(base::ErrorKind::internal, "the request is answered already");
  if (must_close(response.headers)) keep_alive_ = false;
  bool silent = bodiless(response.status);
  auto framing = silent && !to_head_ ? Framing::none : Framing::length;
  CO_TRY(auto head, response_head(response, framing, response.body.size(), keep_alive_, to_head_));
  answer_ = Answer::whole;
  co_return co_await write(std::move(head), silent ? std::string() : std::move(response.body));
}

awaitable<base::Result<std::unique_ptr<WebSocket>>> ConnectionExchange::accept_websocket(Headers headers,
                                                                                         std::size_t max_message) {
  if (answer_ != Answer::none) co_return base::fail(base::ErrorKind::internal, "the request is answered already");
  answer_ = Answer::taken_over;
  auto rest = buffer_.data();
  if (rest.size() > 0) stream_.unread(std::string(static_cast<const char*>(rest.data()), rest.size()));
  buffer_.clear();
  co_return co_await net::accept_websocket(stream_, message_, std::move(headers), max_message);
}

awaitable<base::Result<>> ConnectionExchange::begin_stream(Response head) {
  if (answer_ != Answer::none) co_return base::fail(base::ErrorKind::internal, "the request is answered already");
  silent_ = bodiless(head.status);
  chunked_ = !silent_ && message_.version() >= 11;
  if (must_close(head.headers) || (!chunked_ && !silent_)) keep_alive_ = false;
  auto framing = chunked_ ? Framing::chunked : Framing::none;
  CO_TRY(auto text, response_head(head, framing, 0, keep_alive_, to_head_));
  answer_ = Answer::streaming;
  CO_TRY(co_await write(std::move(text), {}));
  co_return co_await write_piece(std::move(head.body));
}

awaitable<base::Result<>> ConnectionExchange::write_piece(std::string piece) {
  if (answer_ != Answer::streaming) co_return base::fail(base::ErrorKind::internal, "no stream was begun");
  if (piece.empty() || silent_) co_return base::Result<>();
  if (!chunked_) co_return co_await write(std::move(piece), {});
  std::string size = fmt::format("{:x}\r\n", piece.size());
  piece += "\r\n";
  co_return co_await write(std::move(size), std::move(piece));
}

awaitable<base::Result<>> ConnectionExchange::end_stream(Headers trailers) {
  if (answer_ != Answer::streaming) co_return base::fail(base::ErrorKind::internal, "no stream was begun");
  CO_TRY(auto lines, header_lines(trailers));
  answer_ = Answer::whole;
  if (!chunked_) co_return base::Result<>();
  co_return co_await write("0\r\n" + lines + "\r\n", {});
}

awaitable<void> ConnectionExchange::client_gone() {
  return wait_until_gone(stream_);
}

}  // namespace net
