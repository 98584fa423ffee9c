#include "net/http_server.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>

#include "base/log.h"
#include "base/task_group.h"
#include "net/beast_stream.h"
#include "net/server_connection.h"

namespace net {
namespace {

constexpr auto kAcceptPause = std::chrono::milliseconds(100);  // after a failure to accept (no file descriptor left)

// Shared by the server and run(), so that each may end first.
struct Listener {
  explicit Listener(const asio::any_io_executor& executor) : acceptor(executor) {}
  tcp::acceptor acceptor;
  std::shared_ptr<Service> service = std::make_shared<Service>();
  std::list<Stream> open;
};

// A connection's place in the list of open ones.
class Entry {
 public:
  Entry(std::shared_ptr<Listener> listener, Stream stream)
      : listener_(std::move(listener)), at_(listener_->open.insert(listener_->open.end(), std::move(stream))) {}
  ~Entry() { listener_->open.erase(at_); }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  std::shared_ptr<Listener> listener_;
  std::list<Stream>::iterator at_;
};

awaitable<void> serve(std::shared_ptr<Listener> listener, Stream stream, std::string remote_address) {
  Entry entry(listener, stream);
  co_await serve_connection(listener->service, std::move(stream), std::move(remote_address));
}

awaitable<bool> is_cancelled() {
  auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

// Cancellation is asked for, not thrown, so that the connections can be awaited after it.
awaitable<void> accept_all(std::shared_ptr<Listener> listener) {
  co_await asio::this_coro::throw_if_cancelled(false);
  base::TaskGroup connections(co_await asio::this_coro::executor);
  asio::steady_timer pause(co_await asio::this_coro::executor);
  while (listener->acceptor.is_open() && !co_await is_cancelled()) {
    auto [error, socket] = co_await listener->acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (!error) {
      prepare_socket(socket);
      error_code ignored;
      auto remote = socket.remote_endpoint(ignored).address().to_string();
      connections.spawn(serve(listener, Stream(std::move(socket)), std::move(remote)));
    } else if (error != asio::error::operation_aborted && error != asio::error::connection_aborted) {
      base::log_warn("cannot accept a connection: {}", error.message());
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }
  bool cancelled = co_await is_cancelled();
  co_await connections.close();
  co_await asio::this_coro::throw_if_cancelled(true);
  if (cancelled) throw boost::system::system_error(asio::error::operation_aborted);
}

class BeastHttpServer final : public HttpServer {
 public:
  explicit BeastHttpServer(std::shared_ptr<Listener> listener)
      : listener_(std::move(listener)), port_(listener_->acceptor.local_endpoint().port()) {}
  ~BeastHttpServer() override {
    error_code ignored;
    listener_->acceptor.close(ignored);
    for (Stream& stream : listener_->open) stream.close();
  }
  BeastHttpServer(const BeastHttpServer&) = delete;
  BeastHttpServer& operator=(const BeastHttpServer&) = delete;

  std::uint16_t port() const override { return port_; }
  awaitable<void> run() override { return accept_all(listener_); }

 private:
  std::shared_ptr<Listener> listener_;
  std::uint16_t port_;
};

error_code bind_and_listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return error;
  ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

}  // namespace

base::Result<std::unique_ptr<HttpServer>> listen_http(boost::asio::any_io_executor executor, ServerOptions options,
                                                      Handler handler) {
  error_code error;
  auto address = asio::ip::make_address(options.address, error);
  if (error)
    return base::fail(base::ErrorKind::usage, fmt::format("'{}' is not an address to listen on", options.address));
  auto listener = std::make_shared<Listener>(executor);
  tcp::endpoint endpoint(address, options.port);
  error = bind_and_listen(listener->acceptor, endpoint);
  if (error == asio::error::address_in_use) {
    return base::fail(base::ErrorKind::local_resource, fmt::format("port {} is in use", options.port),
                      "Stop the process that listens on it, or choose another port");
  }
  if (error) {
    return base::fail(base::ErrorKind::local_resource,
                      fmt::format("cannot listen on {} port {}: {}", options.address, options.port, error.message()));
  }
  listener->service->options = std::move(options);
  listener->service->handler = std::move(handler);
  return std::make_unique<BeastHttpServer>(std::move(listener));
}

}  // namespace net
