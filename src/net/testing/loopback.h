// For tests over loopback: a server that runs while it lives, TLS contexts of a test CA, and a raw TCP peer that
// misbehaves on order.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "base/task_group.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/tls.h"
#include "net/url.h"

namespace net::testing {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;

// Runs the coroutine on a loop of its own until it ends.
void run(awaitable<void> test);

// Listens on a free port of 127.0.0.1 and serves until destroyed or closed.
class LiveServer {
 public:
  LiveServer(asio::any_io_executor executor, Handler handler, ServerOptions options = {});
  // "http://127.0.0.1:port" + target, or https with TLS.
  Url url(std::string target = "/", std::string scheme = "") const;
  // Ends the server and waits for its connections.
  awaitable<void> close();
  // Drops the server as a crash would: no waiting.
  void destroy();

 private:
  bool secure_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<base::TaskGroup> tasks_;
};

// A CA, and the two contexts with which a client trusts a server that has a certificate for `name`.
struct TestTls {
  explicit TestTls(std::string name = "127.0.0.1");
  Authority authority;
  std::shared_ptr<TlsContext> server;
  std::shared_ptr<TlsContext> client;
};

// A TCP listener whose side of the talk the test speaks byte by byte.
class RawPeer {
 public:
  explicit RawPeer(asio::any_io_executor executor);
  Url url(std::string target = "/", std::string scheme = "http") const;
  awaitable<tcp::socket> accept();

 private:
  tcp::acceptor acceptor_;
};

// Reads until the text ends with (or contains) `mark`; throws if the connection ends before.
awaitable<std::string> read_to(tcp::socket& socket, std::string mark);
awaitable<void> write_text(tcp::socket& socket, std::string text);
awaitable<tcp::socket> connect_raw(Url url);

}  // namespace net::testing
