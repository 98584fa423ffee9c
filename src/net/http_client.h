// HTTP/1.1 requests over kept connections.
//
// Errors say what is certain: ErrorKind::connect means that nothing was sent (no address, refused, TLS or name not
// trusted, no connection in time); ErrorKind::transport that the server may have got the request. A status is never an
// error here. TCP_NODELAY is always set. A kept connection that turns out closed before any byte of an answer came is
// replaced once by a fresh one, silently, if the request says that it may be sent twice.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>

#include "base/result.h"
#include "net/http.h"
#include "net/proxy.h"
#include "net/tls.h"
#include "net/url.h"

namespace net {

using boost::asio::awaitable;

struct SendOptions {
  std::chrono::milliseconds connect_timeout{5'000};  // name, TCP and TLS
  std::chrono::milliseconds timeout{60'000};         // from the first byte sent to the last byte received; 0 = none
  bool fresh_connection = false;                     // do not use a kept connection
  bool repeatable = true;                            // may be sent again if a kept connection was dead
  std::size_t max_body = 64 * 1024 * 1024;           // a longer answer is ErrorKind::transport
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Sends to the url's host and port; `request.target` is used if it is not "/" alone, else the url's target.
  // Cancellation closes the connection.
  virtual awaitable<base::Result<Response>> send(Url url, Request request, SendOptions options) = 0;
  // Closes every kept connection that is idle (after a thaw, or a change of network).
  virtual void close_idle() = 0;
};

// `proxies` may be null: none.
std::unique_ptr<HttpClient> make_http_client(boost::asio::any_io_executor executor, std::shared_ptr<TlsContext> tls,
                                             std::shared_ptr<const Proxies> proxies = nullptr);

}  // namespace net
