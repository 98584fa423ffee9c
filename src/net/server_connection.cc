#include "net/server_connection.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <exception>
#include <optional>

#include "base/log.h"
#include "net/exchange.h"
#include "net/http_wire.h"

namespace net {
namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t kMaxHead = 64 * 1024;
constexpr std::size_t kMaxTarget = 16 * 1024;
constexpr auto kTlsTimeout = std::chrono::seconds(10);
constexpr auto kRequestTimeout = std::chrono::minutes(10);  // from the answer before to the request's last byte

// What came of waiting for a request: one, or a status to refuse it with, or neither (the connection is over).
struct Incoming {
  std::optional<HttpRequest> request;
  std::unique_ptr<BodyReader> body;  // what is left of it to read
  int refuse = 0;
};

int refusal_of(error_code error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit) return 431;
  bool malformed = error.category() == http::make_error_code(http::error::bad_method).category();
  bool cut_off = error == http::error::end_of_stream || error == http::error::partial_message;
  return malformed && !cut_off ? 400 : 0;
}

Request head_of(const http::request<http::empty_body>& message) {
  return {std::string(message.method_string()), std::string(message.target()), to_headers(message.base()), {}};
}

// RFC 9112 §6.3: what leaves in doubt where a body ends is refused. Beast takes equal lengths, and codings that it
// does not know.
bool tells_one_length(const http::fields& head) {
  const auto codings = head.count(http::field::transfer_encoding);
  return head.count(http::field::content_length) + codings <= 1 &&
         (codings == 0 || boost::beast::iequals(head[http::field::transfer_encoding], "chunked"));
}

awaitable<Incoming> read_request(Stream stream, boost::beast::flat_buffer& buffer, const ServerOptions& options) {
  Deadline deadline(stream, kRequestTimeout);
  http::request_parser<http::empty_body> head;
  head.header_limit(kMaxHead);
  head.body_limit(options.max_body);
  error_code error;
  co_await http::async_read_header(stream, buffer, head, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return Incoming{{}, {}, refusal_of(error)};
  if (head.get().target().size() > kMaxTarget) co_return Incoming{{}, {}, 414};
  if (!tells_one_length(head.get())) co_return Incoming{{}, {}, 400};
  if (!head.is_done() && boost::beast::iequals(head.get()[http::field::expect], "100-continue")) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await asio::async_write(stream, asio::buffer(kContinue), asio::redirect_error(asio::use_awaitable, error));
  }
  if (!error && options.streams_body && options.streams_body(head_of(head.get()))) {
    make_room(buffer, head.content_length());
    HttpRequest request(head.get().base());
    co_return Incoming{std::move(request), std::make_unique<BodyReader>(stream, buffer, std::move(head)), 0};
  }
  http::request_parser<http::string_body> parser(std::move(head));
  if (!error && !parser.is_done()) {
    make_room(buffer, parser.content_length());
    co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
  }
  if (error) co_return Incoming{{}, {}, refusal_of(error)};
  co_return Incoming{parser.release(), {}, 0};
}

awaitable<void> refuse(Stream stream, boost::beast::flat_buffer& buffer, int status) {
  HttpRequest nothing;
  nothing.version(11);
  nothing.keep_alive(false);
  ConnectionExchange exchange(stream, buffer, std::move(nothing), nullptr, {});
  auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  co_await exchange.respond(Response{status, {{"Content-Type", "text/plain"}}, std::string(reason) + "\n"});
  co_await stream.linger();
}

// Runs the handler, and answers for it if it did not. True if another request may follow.
awaitable<bool> handle(std::shared_ptr<const Service> service, Stream stream, boost::beast::flat_buffer& buffer,
                       Incoming incoming, std::string remote_address) {
  ConnectionExchange exchange(stream, buffer, std::move(*incoming.request), std::move(incoming.body),
                              std::move(remote_address));
  std::string failure = "it gave no answer";
  try {
    co_await service->handler(exchange);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  co_await checkpoint();
  switch (exchange.answer()) {
    case ConnectionExchange::Answer::whole:
      co_return exchange.keep_alive();
    case ConnectionExchange::Answer::taken_over:
      co_return false;
    case ConnectionExchange::Answer::streaming:
      base::log_warn("a streamed answer was left without its end: {}", failure);
      stream.close();
      co_return false;
    case ConnectionExchange::Answer::none:
      break;
  }
  std::string target(exchange.request().target);
  base::log_error("the handler of {} {} failed: {}", exchange.request().method, target.substr(0, target.find('?')),
                  failure);
  auto sent = co_await exchange.respond(Response{500, {{"Content-Type", "text/plain"}}, "Internal Server Error\n"});
  co_return sent&& exchange.keep_alive();
}

awaitable<void> serve_requests(std::shared_ptr<const Service> service, Stream stream, std::string remote_address) {
  if (service->options.tls) {
    Deadline deadline(stream, kTlsTimeout);
    auto secured = co_await stream.start_server_tls(service->options.tls);
    if (!secured) {
      base::log_debug("a client's TLS handshake failed: {}", secured.error().message);
      co_return;
    }
  }
  boost::beast::flat_buffer buffer;
  make_room(buffer);
  while (true) {
    Incoming incoming = co_await read_request(stream, buffer, service->options);
    if (incoming.refuse != 0) co_return co_await refuse(stream, buffer, incoming.refuse);
    if (!incoming.request) co_return;
    bool upgrade = incoming.request->count(http::field::upgrade) > 0;
    bool more = co_await handle(service, stream, buffer, std::move(incoming), remote_address);
    if (more) continue;
    // A WebSocket's connection belongs to whoever took it.
    if (!upgrade) co_await stream.linger();
    co_return;
  }
}

}  // namespace

awaitable<void> serve_connection(std::shared_ptr<const Service> service, Stream stream, std::string remote_address) {
  try {
    co_await serve_requests(std::move(service), std::move(stream), std::move(remote_address));
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) base::log_warn("a connection ended: {}", error.what());
  } catch (const std::exception& error) {
    base::log_warn("a connection ended: {}", error.what());
  }
}

}  // namespace net
