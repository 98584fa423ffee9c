#include "net/tls.h"

#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "net/http_client.h"
#include "net/testing/loopback.h"

namespace net {
namespace {

using namespace std::chrono_literals;
using testing::LiveServer;
using testing::RawPeer;
using testing::run;
using testing::TestTls;
namespace asio = boost::asio;

awaitable<void> echo(Exchange& exchange) {
  Response response;
  response.body = std::move(exchange.request().body);
  co_await exchange.respond(std::move(response));
}

// Sends one request over TLS to a server with a certificate for `certified`, asking for `host`.
awaitable<void> send_over_tls(std::string certified, std::string host, base::Result<Response>& out) {
  auto executor = co_await asio::this_coro::executor;
  TestTls tls(certified);
  ServerOptions options;
  options.tls = tls.server;
  LiveServer server(executor, echo, options);
  auto client = make_http_client(executor, tls.client);
  Url url = server.url();
  url.host = host;
  out = co_await client->send(url, Request{"POST", "/", {}, std::string(1'000'000, 'x')}, {});
  if (out) out = co_await client->send(url, Request{"POST", "/", {}, "kept"}, {});
  co_await server.close();
}

TEST(Tls, ConnectsToAnAddressInTheCertificate) {
  base::Result<Response> response;
  run(send_over_tls("127.0.0.1", "127.0.0.1", response));
  EXPECT_EQ(response.value().body, "kept");
}

TEST(Tls, ConnectsToANameInTheCertificate) {
  base::Result<Response> response;
  run(send_over_tls("localhost", "localhost", response));
  EXPECT_EQ(response.value().body, "kept");
  run(send_over_tls("*.execute-api.localhost", "abc.execute-api.localhost", response));
  EXPECT_EQ(response.value().body, "kept");
}

TEST(Tls, RefusesAnotherName) {
  for (auto [certified, host] : {std::pair("localhost", "127.0.0.1"), std::pair("127.0.0.2", "127.0.0.1"),
                                 std::pair("127.0.0.1", "localhost"), std::pair("other.localhost", "a.localhost")}) {
    base::Result<Response> response;
    run(send_over_tls(certified, host, response));
    ASSERT_FALSE(response.has_value()) << certified;
    EXPECT_EQ(response.error().kind, base::ErrorKind::connect);
    EXPECT_NE(response.error().message.find("mismatch"), std::string::npos) << response.error().message;
  }
}

awaitable<void> send_with(std::shared_ptr<TlsContext> trusted, base::Result<Response>& out) {
  auto executor = co_await asio::this_coro::executor;
  TestTls tls;
  ServerOptions options;
  options.tls = tls.server;
  LiveServer server(executor, echo, options);
  auto client = make_http_client(executor, std::move(trusted));
  out = co_await client->send(server.url(), {}, {});
}

TEST(Tls, RefusesAnUnknownAuthority) {
  for (auto trusted : {TestTls().client, make_client_tls("", true).value(), make_client_tls("", false).value()}) {
    base::Result<Response> response;
    run(send_with(trusted, response));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, base::ErrorKind::connect);
    EXPECT_NE(response.error().message.find("certificate"), std::string::npos) << response.error().message;
  }
}

awaitable<void> accept_and_keep(RawPeer& peer) {
  auto socket = co_await peer.accept();
  co_await base::sleep_for(1h);
}

awaitable<void> test_silent_server() {
  auto executor = co_await asio::this_coro::executor;
  RawPeer peer(executor);
  base::TaskGroup tasks(executor);
  tasks.spawn(accept_and_keep(peer));
  auto client = make_http_client(executor, make_client_tls("", true).value());
  SendOptions options;
  options.connect_timeout = 20ms;
  auto response = co_await client->send(peer.url("/", "https"), {}, options);
  EXPECT_EQ(response.error().kind, base::ErrorKind::connect);
  co_await tasks.close();
}

TEST(Tls, SaysConnectWhenTheHandshakeDoesNotEnd) {
  run(test_silent_server());
}

TEST(Tls, RefusesAFileWithoutCertificates) {
  EXPECT_EQ(make_client_tls("nothing", true).error().kind, base::ErrorKind::invalid_input);
  EXPECT_EQ(make_server_tls("nothing", "nothing").error().kind, base::ErrorKind::invalid_input);
  Authority one = make_authority("one", 1);
  Authority two = make_authority("two", 1);
  EXPECT_EQ(make_server_tls(one.certificate_pem, two.key_pem).error().kind, base::ErrorKind::invalid_input);
}

}  // namespace
}  // namespace net
