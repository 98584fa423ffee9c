// PRIVATE to net/ (it includes Asio's TLS and serves Beast): one byte stream, plain TCP or TLS over TCP, behind one
// type, so that Beast's algorithms are compiled once.
//
// A Stream is a handle: copies share the connection, which closes with the last of them. Every operation under way
// holds one, so a coroutine that is cancelled or destroyed leaves nothing dangling. All on one thread.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/role.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/proxy.h"
#include "net/tls.h"
#include "net/url.h"

namespace net {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;

class Stream {
 public:
  struct Impl;
  using executor_type = asio::any_io_executor;
  using IoHandler = asio::any_completion_handler<void(error_code, std::size_t)>;
  using WaitHandler = asio::any_completion_handler<void(error_code)>;

  // Takes a socket, open or not; sets nothing on it.
  explicit Stream(tcp::socket socket);

  executor_type get_executor();
  tcp::socket& socket();
  bool secure() const;
  // Closes the TCP connection at once; what is under way ends with operation_aborted.
  void close();
  // False if the peer has closed, or sent what nobody asked for: no request should be sent on it.
  bool idle_and_open();
  // These bytes are read before any from the connection.
  void unread(std::string bytes);
  // From now on, what is read goes through a FrameMeter.
  void measure_frames();
  std::size_t take_largest_frame();

  // TLS over the connection. Errors: connect.
  awaitable<base::Result<>> start_client_tls(std::shared_ptr<TlsContext> tls, std::string host);
  awaitable<base::Result<>> start_server_tls(std::shared_ptr<TlsContext> tls);
  // Says goodbye: close_notify, FIN, then reads and drops what still comes, for 1 s at most, so that the peer can read
  // the last answer.
  awaitable<void> linger();

  template <typename MutableBuffers, typename Token>
  auto async_read_some(const MutableBuffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [](auto handler, Stream self, asio::mutable_buffer into) { self.start_read(into, std::move(handler)); }, token,
        *this, first_of(buffers));
  }

  template <typename ConstBuffers, typename Token>
  auto async_write_some(const ConstBuffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [](auto handler, Stream self, std::vector<asio::const_buffer> from) {
          self.start_write(std::move(from), std::move(handler));
        },
        token, *this, gather(buffers));
  }

  // What a WebSocket's end does to the connection (Beast finds these by their names).
  template <typename Handler>
  friend void async_teardown(boost::beast::role_type, Stream& stream, Handler&& handler) {
    stream.start_teardown(WaitHandler(std::forward<Handler>(handler)));
  }
  friend void beast_close_socket(Stream& stream) { stream.close(); }

 private:
  template <typename MutableBuffers>
  static asio::mutable_buffer first_of(const MutableBuffers& buffers) {
    for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers); ++at) {
      if (asio::mutable_buffer buffer(*at); buffer.size() > 0) return buffer;
    }
    return {};
  }

  // Empty ones left out. A write may take fewer bytes than it was given, so a few buffers at a time are enough.
  template <typename ConstBuffers>
  static std::vector<asio::const_buffer> gather(const ConstBuffers& buffers) {
    constexpr std::size_t kMost = 16;
    std::vector<asio::const_buffer> list;
    for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers); ++at) {
      if (asio::const_buffer buffer(*at); buffer.size() > 0 && list.size() < kMost) list.push_back(buffer);
    }
    return list;
  }

  void start_read(asio::mutable_buffer into, IoHandler handler);
  void start_write(std::vector<asio::const_buffer> from, IoHandler handler);
  void start_teardown(WaitHandler handler);

  std::shared_ptr<Impl> impl_;
  friend class Deadline;
};

// Closes a stream when the time has passed, unless it is destroyed before. `after` of 0 is no deadline.
class Deadline {
 public:
  Deadline(Stream& stream, std::chrono::milliseconds after);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  bool passed() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// co_await checkpoint() throws operation_aborted if the calling coroutine was cancelled: co_await itself does.
awaitable<void> checkpoint();

// Set on every socket: no delay, and not inherited by child processes.
void prepare_socket(tcp::socket& socket);

// TCP, and TLS if the url's scheme says so. Through a proxy it is a tunnel, but for plain http: there the stream ends
// at the proxy. Errors: connect.
awaitable<base::Result<Stream>> open_stream(Url url, std::chrono::milliseconds timeout, std::shared_ptr<TlsContext> tls,
                                            std::optional<Proxy> proxy = {});

// Asks the proxy at the stream's other end for a tunnel to the url's host (RFC 9110 §9.3.6). Errors: connect.
awaitable<base::Result<>> open_tunnel(Stream stream, Url url, Proxy proxy);

}  // namespace net
