// One WebSocket connection (RFC 6455), client or server side, text messages. Fragmented messages arrive whole.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http.h"
#include "net/proxy.h"
#include "net/tls.h"
#include "net/url.h"

namespace net {

using boost::asio::awaitable;

struct WebSocketMessage {
  std::string data;
  bool binary = false;
  std::size_t largest_frame = 0;  // server side: the largest frame's payload in bytes, as the peer cut it
};

class WebSocket {
 public:
  virtual ~WebSocket() = default;  // drops the connection without a closing handshake

  // The next message. Pings are answered meanwhile. An error (transport) when the connection ended; `status` then holds
  // the close code that the peer sent (RFC 6455 §7.4), 1006 if it sent none.
  virtual awaitable<base::Result<WebSocketMessage>> read() = 0;
  // Writes are queued: any number of callers.
  virtual awaitable<base::Result<>> send_text(std::string text) = 0;
  // One text message cut into frames of at most `frame_size` bytes.
  virtual awaitable<base::Result<>> send_fragmented(std::string text, std::size_t frame_size) = 0;
  // Sends a ping; on_pong runs when any pong arrives (while a read() is pending).
  virtual awaitable<base::Result<>> ping() = 0;
  virtual void on_pong(std::function<void()> callback) = 0;
  virtual void on_ping(std::function<void()> callback) = 0;
  // The closing handshake with a code, given up after 1 s.
  virtual awaitable<void> close(std::uint16_t code, std::string reason) = 0;
  // Drops the TCP connection at once; a pending read() ends.
  virtual void abort() = 0;
};

struct WebSocketOptions {
  Headers headers;                              // added to the upgrade request (a signature, …)
  std::chrono::milliseconds timeout{5'000};     // for the whole handshake
  std::size_t max_message = 1024 * 1024;        // a longer one closes with 1009
  std::shared_ptr<const Proxies> proxies = {};  // null: none
};

// Errors: connect; or service with `status` when the server answered the upgrade with something else (401, 403, 429,
// 500).
awaitable<base::Result<std::unique_ptr<WebSocket>>> connect_websocket(Url url, WebSocketOptions options,
                                                                      std::shared_ptr<TlsContext> tls);

}  // namespace net
