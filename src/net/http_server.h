// An HTTP/1.1 server: one handler, called as a coroutine per request. Keep-alive and pipelining in order; chunked
// bodies read. A handler that throws is answered with 500 and logged; the server goes on.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http.h"
#include "net/tls.h"
#include "net/websocket.h"

namespace net {

using boost::asio::awaitable;

// One request and the one answer it gets. Lives as long as the handler's coroutine.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual Request& request() = 0;  // the handler may move the body out
  // The next piece of a body that ServerOptions::streams_body left unread; "" at its end, when the request's headers
  // hold its trailers too. Errors: transport. Of a body that was read before: "".
  virtual awaitable<base::Result<std::string>> read_piece() = 0;
  virtual std::string remote_address() const = 0;  // "127.0.0.1"
  virtual bool wants_websocket() const = 0;
  // An error (transport) if the client is gone. Exactly one of the three kinds of answer, once.
  virtual awaitable<base::Result<>> respond(Response response) = 0;
  virtual awaitable<base::Result<std::unique_ptr<WebSocket>>> accept_websocket(Headers headers,
                                                                               std::size_t max_message) = 0;
  // A chunked answer, piece by piece: head first, then pieces, then end (with trailers, may be none).
  virtual awaitable<base::Result<>> begin_stream(Response head) = 0;
  virtual awaitable<base::Result<>> write_piece(std::string piece) = 0;
  virtual awaitable<base::Result<>> end_stream(Headers trailers) = 0;
  // Ends when the client closes its connection (nothing else may be read then); for handlers that wait long before they
  // answer.
  virtual awaitable<void> client_gone() = 0;
};

using Handler = std::function<awaitable<void>(Exchange&)>;

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;                   // 0 = any free one
  std::size_t max_body = 64 * 1024 * 1024;  // a longer body is answered 413 and the connection closed
  std::shared_ptr<TlsContext> tls;          // null = plain
  // Whether the handler reads the body of a request with this head by read_piece(), of any length; null = never. An
  // answer to a request whose body was not read to its end closes the connection.
  std::function<bool(const Request&)> streams_body;
};

class HttpServer {
 public:
  virtual ~HttpServer() = default;  // closes the port and every connection
  virtual std::uint16_t port() const = 0;
  // Serves until cancelled. Owns its connections' coroutines and ends them before it returns.
  virtual awaitable<void> run() = 0;
};

// Binds at once. Errors: local_resource (port in use: the message names it).
base::Result<std::unique_ptr<HttpServer>> listen_http(boost::asio::any_io_executor executor, ServerOptions options,
                                                      Handler handler);

}  // namespace net
