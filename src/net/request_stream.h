// A request whose body is sent while it is made: chunked, with trailers perhaps, over a connection of its own.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http.h"
#include "net/tls.h"
#include "net/url.h"

namespace net {

using boost::asio::awaitable;

class RequestStream {
 public:
  // Before finish(): the connection closes, and the server sees a body that broke off.
  virtual ~RequestStream() = default;
  // Ends when the connection has taken the piece, so a server that reads slowly is waited for. Errors: transport.
  virtual awaitable<base::Result<>> write(std::string piece) = 0;
  // The body's end, and the answer. The last call. Errors: invalid_input for a trailer that cannot be sent, transport.
  virtual awaitable<base::Result<Response>> finish(Headers trailers) = 0;
};

// Connects and sends the head; `request.body` is the first piece, if any. `tls` may be null for plain http. Errors:
// connect, invalid_input, transport.
awaitable<base::Result<std::unique_ptr<RequestStream>>> open_request(Url url, Request request,
                                                                     std::chrono::milliseconds connect_timeout,
                                                                     std::shared_ptr<TlsContext> tls);

}  // namespace net
