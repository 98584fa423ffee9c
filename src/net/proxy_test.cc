#include "net/proxy.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/task_group.h"
#include "net/http_client.h"
#include "net/testing/loopback.h"
#include "net/websocket.h"

namespace net {
namespace {

using testing::LiveServer;
using testing::RawPeer;
using testing::read_to;
using testing::run;
using testing::TestTls;
using testing::write_text;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

Proxies proxies(std::map<std::string, std::string> environment) {
  return proxies_from_environment(environment);
}

std::string way(const Proxies& proxies, std::string_view url) {
  const Proxy* proxy = proxies.proxy_of(parse_url(url).value());
  return proxy == nullptr ? "direct" : proxy->url.authority();
}

TEST(Proxies, AreChosenByScheme) {
  Proxies both = proxies({{"HTTP_PROXY", "http://plain:1"}, {"HTTPS_PROXY", "encrypted:2"}});
  EXPECT_EQ(way(both, "http://aws.example/"), "plain:1");
  EXPECT_EQ(way(both, "https://aws.example/"), "encrypted:2");
  EXPECT_EQ(way(both, "ws://aws.example/"), "plain:1");
  EXPECT_EQ(way(both, "wss://aws.example/"), "encrypted:2");
  EXPECT_EQ(way(both, "https://127.0.0.1:4566/"), "direct") << "this machine";
  EXPECT_EQ(way(both, "https://abc.execute-api.localhost:4566/"), "direct");
  EXPECT_EQ(way(proxies({}), "https://aws.example/"), "direct");
  EXPECT_EQ(way(proxies({{"HTTPS_PROXY", "large"}, {"https_proxy", "small"}}), "https://aws.example/"), "small");
  EXPECT_EQ(way(proxies({{"HTTPS_PROXY", "large"}, {"https_proxy", ""}}), "https://aws.example/"), "direct");
}

TEST(Proxies, NoProxyNamesSuffixesAddressesAndNetworks) {
  struct {
    const char* exceptions;
    const char* url;
    bool direct;
  } cases[] = {{"example.com", "https://example.com/", true},
               {"example.com", "https://sts.example.com/", true},
               {".example.com", "https://sts.example.com/", true},
               {"*.example.com", "https://sts.example.com/", true},
               {"example.com", "https://notexample.com/", false},
               {"EXAMPLE.com", "https://sts.Example.COM/", true},
               {"other.com, example.com", "https://example.com/", true},
               {"other.com example.com", "https://example.com/", true},
               {"example.com:443", "https://example.com/", true},
               {"example.com:8443", "https://example.com/", false},
               {"*", "https://example.com/", true},
               {"", "https://example.com/", false},
               {"10.1.2.3", "https://10.1.2.3/", true},
               {"10.0.0.0/8", "https://10.1.2.3/", true},
               {"10.0.0.0/16", "https://10.1.2.3/", false},
               {"169.254.0.0/16", "http://169.254.169.254/", true},
               {"fd00:ec2::/32", "http://[fd00:ec2::254]/", true},
               {"2.3", "https://10.1.2.3/", false}};
  for (const auto& [exceptions, url, direct] : cases) {
    Proxies set = proxies({{"HTTPS_PROXY", "proxy"}, {"HTTP_PROXY", "proxy"}, {"NO_PROXY", exceptions}});
    EXPECT_EQ(way(set, url), direct ? "direct" : "proxy") << exceptions << " for " << url;
  }
}

TEST(Proxies, TakeAUserAndKeepItOutOfErrors) {
  Proxies set = proxies({{"HTTPS_PROXY", "http://us%40er:pa:ss@proxy:3128/"}});
  EXPECT_EQ(set.for_encrypted->authorization, "Basic dXNAZXI6cGE6c3M=");
  EXPECT_EQ(set.for_encrypted->url.origin(), "http://proxy:3128");
  for (const char* wrong : {"https://user:secret@proxy", "socks5://user:secret@proxy", "http://user:secret@pro xy"}) {
    Proxies refused = proxies({{"https_proxy", wrong}});
    ASSERT_TRUE(refused.for_encrypted->problem) << wrong;
    EXPECT_EQ(refused.for_encrypted->problem->kind, base::ErrorKind::usage);
    EXPECT_EQ(refused.for_encrypted->problem->message, "https_proxy is not the URL of an HTTP proxy");
    EXPECT_EQ(refused.for_encrypted->problem->hint.find("secret"), std::string::npos);
  }
}

std::shared_ptr<const Proxies> through(const RawPeer& peer, std::string user = {}) {
  auto set = std::make_shared<Proxies>();
  set->for_plain = Proxy{peer.url(), std::move(user)};
  set->for_encrypted = set->for_plain;
  return set;
}

// One way of a tunnel, to its end.
awaitable<void> pump(tcp::socket& from, tcp::socket& to) {
  std::array<char, 4096> bytes;
  boost::system::error_code error;
  while (!error) {
    std::size_t got =
        co_await from.async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
    if (got > 0) co_await write_text(to, std::string(bytes.data(), got));
  }
  to.shutdown(tcp::socket::shutdown_send, error);
}

// A proxy for one tunnel: keeps the request's head, then joins the client and `target`.
awaitable<void> serve_tunnel(RawPeer& peer, Url target, std::string* head) {
  tcp::socket client = co_await peer.accept();
  *head = co_await read_to(client, "\r\n\r\n");
  tcp::socket server = co_await testing::connect_raw(target);
  co_await write_text(client, "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
  base::TaskGroup ways(co_await asio::this_coro::executor);
  ways.spawn(pump(client, server));
  ways.spawn(pump(server, client));
  co_await ways.join();
}

awaitable<void> echo(Exchange& exchange) {
  Response response;
  response.body = exchange.request().target;
  co_await exchange.respond(std::move(response));
}

awaitable<void> test_https_tunnel() {
  auto executor = co_await asio::this_coro::executor;
  TestTls tls("aws.example");
  ServerOptions options;
  options.tls = tls.server;
  LiveServer server(executor, echo, options);
  RawPeer peer(executor);
  std::string head;
  base::TaskGroup tasks(executor);
  tasks.spawn(serve_tunnel(peer, server.url(), &head));
  auto client = make_http_client(executor, tls.client, through(peer, "Basic abc"));
  auto response = co_await client->send(parse_url("https://aws.example/path?q=1").value(), {}, {});
  EXPECT_EQ(response.value().body, "/path?q=1") << "the name in the certificate is the server's";
  EXPECT_EQ(head,
            "CONNECT aws.example:443 HTTP/1.1\r\nHost: aws.example:443\r\nProxy-Authorization: Basic abc\r\n\r\n");
  client.reset();
  co_await tasks.close();
  co_await server.close();
}

TEST(Proxy, CarriesTlsInATunnel) {
  run(test_https_tunnel());
}

awaitable<void> answer_upgrade(Exchange& exchange) {
  auto socket = co_await exchange.accept_websocket({}, 1024);
  if (socket) co_await (*socket)->send_text("welcome");
  if (socket) co_await (*socket)->read();
}

awaitable<void> test_websocket_tunnel() {
  auto executor = co_await asio::this_coro::executor;
  LiveServer server(executor, answer_upgrade);
  RawPeer peer(executor);
  std::string head;
  base::TaskGroup tasks(executor);
  tasks.spawn(serve_tunnel(peer, server.url(), &head));
  WebSocketOptions options;
  options.proxies = through(peer);
  auto socket = co_await connect_websocket(parse_url("ws://aws.example/live").value(), options, nullptr);
  EXPECT_TRUE(socket.has_value());
  if (socket) EXPECT_EQ((co_await (*socket)->read()).value().data, "welcome");
  EXPECT_TRUE(head.starts_with("CONNECT aws.example:80 HTTP/1.1\r\n")) << head;
  socket = base::fail(base::ErrorKind::internal, "gone");
  co_await tasks.close();
  co_await server.close();
}

TEST(Proxy, CarriesAWebSocketInATunnel) {
  run(test_websocket_tunnel());
}

awaitable<void> answer_with(RawPeer& peer, std::string answer, std::string* head) {
  tcp::socket client = co_await peer.accept();
  *head = co_await read_to(client, "\r\n\r\n");
  co_await write_text(client, answer);
  co_await testing::read_to(client, "never");
}

awaitable<void> send_through(std::string url, std::string answer, std::string* head, base::Result<Response>* out) {
  auto executor = co_await asio::this_coro::executor;
  RawPeer peer(executor);
  base::TaskGroup tasks(executor);
  tasks.spawn(answer_with(peer, std::move(answer), head));
  auto client = make_http_client(executor, make_client_tls("", true).value(), through(peer, "Basic abc"));
  Request request;
  request.headers.set("X-Signed", "yes");
  *out = co_await client->send(parse_url(url).value(), std::move(request), {});
  client.reset();
  co_await tasks.close();
}

TEST(Proxy, GetsPlainRequestsWithTheWholeUrl) {
  std::string head;
  base::Result<Response> response;
  run(send_through("http://aws.example:8000/a?b=c", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", &head,
                   &response));
  EXPECT_EQ(response.value().body, "hi");
  EXPECT_EQ(head,
            "GET http://aws.example:8000/a?b=c HTTP/1.1\r\nHost: aws.example:8000\r\nX-Signed: yes\r\n"
            "Proxy-Authorization: Basic abc\r\n\r\n");
}

TEST(Proxy, ThatRefusesIsNamedWithoutItsUser) {
  std::string head;
  base::Result<Response> response;
  run(send_through("https://aws.example/", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", &head, &response));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, base::ErrorKind::connect);
  EXPECT_NE(response.error().message.find("through the proxy http://127.0.0.1:"), std::string::npos);
  EXPECT_NE(response.error().message.find("'HTTP/1.1 407 Proxy Authentication Required'"), std::string::npos);
  EXPECT_NE(response.error().hint.find("USER:PASSWORD"), std::string::npos);
  EXPECT_EQ(response.error().message.find("abc"), std::string::npos);
}

TEST(Proxy, CannotSpeakForTheServerBeforeTlsBegins) {
  std::string head;
  base::Result<Response> response;
  run(send_through("https://aws.example/", "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", &head, &response));
  ASSERT_FALSE(response);
  EXPECT_NE(response.error().message.find("it sent more than an answer"), std::string::npos);
}

}  // namespace
}  // namespace net
