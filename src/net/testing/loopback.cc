#include "net/testing/loopback.h"

#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <stdexcept>

namespace net::testing {

void run(awaitable<void> test) {
  asio::io_context loop;
  base::run_until_done(loop, std::move(test));
}

LiveServer::LiveServer(asio::any_io_executor executor, Handler handler, ServerOptions options)
    : secure_(options.tls != nullptr), tasks_(std::make_unique<base::TaskGroup>(executor)) {
  auto server = listen_http(executor, std::move(options), std::move(handler));
  if (!server) throw std::runtime_error(server.error().message);
  server_ = std::move(*server);
  tasks_->spawn(server_->run());
}

Url LiveServer::url(std::string target, std::string scheme) const {
  if (scheme.empty()) scheme = secure_ ? "https" : "http";
  return Url{std::move(scheme), "127.0.0.1", server_->port(), std::move(target)};
}

awaitable<void> LiveServer::close() {
  co_await tasks_->close();
  server_.reset();
}

void LiveServer::destroy() {
  server_.reset();
  tasks_.reset();
}

TestTls::TestTls(std::string name) : authority(make_authority("livelambda test CA", 2)) {
  Authority leaf = issue_certificate(authority, {std::move(name)}, 2);
  server = make_server_tls(leaf.certificate_pem, leaf.key_pem).value();
  client = make_client_tls(authority.certificate_pem, true).value();
}

RawPeer::RawPeer(asio::any_io_executor executor)
    : acceptor_(std::move(executor), tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

Url RawPeer::url(std::string target, std::string scheme) const {
  return Url{std::move(scheme), "127.0.0.1", acceptor_.local_endpoint().port(), std::move(target)};
}

awaitable<tcp::socket> RawPeer::accept() {
  return acceptor_.async_accept(asio::use_awaitable);
}

awaitable<std::string> read_to(tcp::socket& socket, std::string mark) {
  std::string text;
  co_await asio::async_read_until(socket, asio::dynamic_buffer(text), mark, asio::use_awaitable);
  co_return text;
}

awaitable<void> write_text(tcp::socket& socket, std::string text) {
  co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
}

awaitable<tcp::socket> connect_raw(Url url) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(tcp::endpoint(asio::ip::make_address(url.host), url.port), asio::use_awaitable);
  co_return socket;
}

}  // namespace net::testing
