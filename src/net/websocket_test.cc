#include "net/websocket.h"

#include <gtest/gtest.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/testing/loopback.h"

namespace net {
namespace {

using namespace std::chrono_literals;
using testing::connect_raw;
using testing::LiveServer;
using testing::RawPeer;
using testing::read_to;
using testing::run;
using testing::TestTls;
using testing::write_text;
namespace asio = boost::asio;

struct Seen {
  std::string target;
  std::string header;
  std::vector<std::size_t> largest;
  std::optional<base::Error> end;
  int pings = 0;
};

// Sends every text back, obeys "close CODE" and "fragment", and notes how it ended.
awaitable<void> serve_echo(Exchange& exchange, std::shared_ptr<Seen> seen) {
  seen->target = exchange.request().target;
  seen->header = exchange.request().headers.get_or("X-Signed", "");
  if (!exchange.wants_websocket() || seen->header == "wrong") {
    co_await exchange.respond(Response{403, {{"x-amzn-ErrorType", "ForbiddenException"}}, "Forbidden"});
    co_return;
  }
  auto socket = co_await exchange.accept_websocket({{"X-Answer", "yes"}}, 1024 * 1024);
  if (!socket) co_return;
  Seen& note = *seen;
  (*socket)->on_ping([&note] { ++note.pings; });
  while (true) {
    auto message = co_await (*socket)->read();
    if (!message) {
      seen->end = message.error();
      co_return;
    }
    seen->largest.push_back(message->largest_frame);
    if (message->data.starts_with("close ")) {
      co_await (*socket)->close(static_cast<std::uint16_t>(std::stoi(message->data.substr(6))), "as told");
    } else if (message->data.starts_with("fragment ")) {
      co_await (*socket)->send_fragmented(message->data, 3);
    } else {
      co_await (*socket)->send_text(std::move(message->data));
    }
  }
}

struct EchoServer {
  explicit EchoServer(asio::any_io_executor executor, std::shared_ptr<TlsContext> tls = nullptr)
      : seen(std::make_shared<Seen>()),
        server(
            executor, [noted = seen](Exchange& exchange) { return serve_echo(exchange, noted); },
            ServerOptions{.tls = tls}),
        secure(tls != nullptr) {}
  Url url(std::string target = "/live") const { return server.url(std::move(target), secure ? "wss" : "ws"); }

  std::shared_ptr<Seen> seen;
  LiveServer server;
  bool secure;
};

WebSocketOptions signed_options(std::string signature) {
  WebSocketOptions options;
  options.headers.add("X-Signed", std::move(signature));
  return options;
}

awaitable<void> test_echo(bool secure) {
  auto executor = co_await asio::this_coro::executor;
  TestTls tls;
  EchoServer echo(executor, secure ? tls.server : nullptr);
  auto socket = (co_await connect_websocket(echo.url("/live/%40a=?x=%2F"), signed_options("good"), tls.client)).value();
  EXPECT_EQ(echo.seen->target, "/live/%40a=?x=%2F");
  EXPECT_EQ(echo.seen->header, "good");
  for (std::size_t size : {0U, 1U, 125U, 126U, 40'000U, 131'072U, 1'048'576U}) {
    std::string text(size, 'x');
    EXPECT_TRUE((co_await socket->send_text(text)).has_value());
    auto back = co_await socket->read();
    EXPECT_TRUE(back.value().data == text);
    EXPECT_FALSE(back->binary);
    EXPECT_EQ(echo.seen->largest.back(), size);
  }
  EXPECT_TRUE((co_await socket->send_fragmented(std::string(100'000, 'y'), 32'768)).has_value());
  EXPECT_EQ((co_await socket->read()).value().data, std::string(100'000, 'y'));
  EXPECT_EQ(echo.seen->largest.back(), 32'768U);
  EXPECT_TRUE((co_await socket->send_text("fragment me")).has_value());
  EXPECT_EQ((co_await socket->read()).value().data, "fragment me");
  co_await socket->close(1000, "bye");
  while (!echo.seen->end) co_await base::sleep_for(1ms);
  EXPECT_EQ(echo.seen->end->status, 1000);
  EXPECT_EQ(echo.seen->end->kind, base::ErrorKind::transport);
}

TEST(WebSocket, CarriesTextsBothWays) {
  run(test_echo(false));
}

TEST(WebSocket, CarriesTextsBothWaysOverTls) {
  run(test_echo(true));
}

awaitable<void> test_untrusted() {
  auto executor = co_await asio::this_coro::executor;
  TestTls tls;
  TestTls other;
  EchoServer echo(executor, tls.server);
  auto socket = co_await connect_websocket(echo.url(), {}, other.client);
  EXPECT_EQ(socket.error().kind, base::ErrorKind::connect);
}

TEST(WebSocket, RefusesAnUnknownAuthority) {
  run(test_untrusted());
}

awaitable<void> test_refused() {
  auto executor = co_await asio::this_coro::executor;
  EchoServer echo(executor);
  auto socket = co_await connect_websocket(echo.url(), signed_options("wrong"), nullptr);
  EXPECT_EQ(socket.error().kind, base::ErrorKind::service);
  EXPECT_EQ(socket.error().status, 403);
  EXPECT_EQ(socket.error().code, "ForbiddenException");
}

TEST(WebSocket, TellsTheStatusOfARefusal) {
  run(test_refused());
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
  WebSocketOptions options;
  options.timeout = 20ms;
  auto socket = co_await connect_websocket(peer.url("/", "ws"), options, nullptr);
  EXPECT_EQ(socket.error().kind, base::ErrorKind::connect);
  co_await tasks.close();
}

TEST(WebSocket, SaysConnectWhenTheUpgradeIsNotAnswered) {
  run(test_silent_server());
}

awaitable<void> test_close_codes() {
  auto executor = co_await asio::this_coro::executor;
  EchoServer echo(executor);
  for (int code : {1000, 1001, 1008, 4001}) {
    auto socket = (co_await connect_websocket(echo.url(), {}, nullptr)).value();
    co_await socket->send_text("close " + std::to_string(code));
    auto end = co_await socket->read();
    EXPECT_EQ(end.error().status, code);
    EXPECT_EQ(end.error().kind, base::ErrorKind::transport);
    EXPECT_FALSE((co_await socket->read()).has_value());
    EXPECT_FALSE((co_await socket->send_text("late")).has_value());
  }
}

TEST(WebSocket, TellsTheCodeThatThePeerClosedWith) {
  run(test_close_codes());
}

awaitable<void> test_too_big() {
  auto executor = co_await asio::this_coro::executor;
  EchoServer echo(executor);
  auto socket = (co_await connect_websocket(echo.url(), {}, nullptr)).value();
  co_await socket->send_text(std::string(1024 * 1024 + 1, 'x'));
  EXPECT_EQ((co_await socket->read()).error().status, 1009);
  auto fragments = (co_await connect_websocket(echo.url(), {}, nullptr)).value();
  co_await fragments->send_fragmented(std::string(1024 * 1024 + 1, 'x'), 32'768);
  EXPECT_EQ((co_await fragments->read()).error().status, 1009);
}

TEST(WebSocket, ClosesWith1009OnAMessageThatIsTooLong) {
  run(test_too_big());
}

awaitable<void> read_one(WebSocket& socket, std::optional<base::Result<WebSocketMessage>>& out) {
  out = co_await socket.read();
}

awaitable<void> test_ping() {
  auto executor = co_await asio::this_coro::executor;
  EchoServer echo(executor);
  auto socket = (co_await connect_websocket(echo.url(), {}, nullptr)).value();
  int pongs = 0;
  socket->on_pong([&pongs] { ++pongs; });
  std::optional<base::Result<WebSocketMessage>> message;
  base::TaskGroup tasks(executor);
  tasks.spawn(read_one(*socket, message));
  EXPECT_TRUE((co_await socket->ping()).has_value());
  EXPECT_TRUE((co_await socket->ping()).has_value());
  while (pongs < 2) co_await base::sleep_for(1ms);
  EXPECT_EQ(echo.seen->pings, 2);
  EXPECT_FALSE(message.has_value());
  co_await socket->send_text("after");
  co_await tasks.join();
  EXPECT_EQ(message->value().data, "after");
}

TEST(WebSocket, PingsAndHearsThePongs) {
  run(test_ping());
}

awaitable<void> send_and_count(WebSocket& socket, std::string text, int& sent) {
  if (co_await socket.send_text(std::move(text))) ++sent;
}

awaitable<void> test_queued_writes() {
  auto executor = co_await asio::this_coro::executor;
  EchoServer echo(executor);
  auto socket = (co_await connect_websocket(echo.url(), {}, nullptr)).value();
  base::TaskGroup tasks(executor);
  int sent = 0;
  for (int i = 0; i < 20; ++i)
    tasks.spawn(send_and_count(*socket, std::string(10'000, static_cast<char>('a' + i)), sent));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ((co_await socket->read()).value().data, std::string(10'000, static_cast<char>('a' + i)));
  }
  co_await tasks.join();
  EXPECT_EQ(sent, 20);
}

TEST(WebSocket, QueuesWritesInTheOrderOfTheirCallers) {
  run(test_queued_writes());
}

awaitable<void> test_abort() {
  auto executor = co_await asio::this_coro::executor;
  EchoServer echo(executor);
  auto socket = (co_await connect_websocket(echo.url(), {}, nullptr)).value();
  std::optional<base::Result<WebSocketMessage>> message;
  base::TaskGroup tasks(executor);
  tasks.spawn(read_one(*socket, message));
  co_await base::sleep_for(0ns);
  socket->abort();
  co_await tasks.join();
  EXPECT_EQ(message->error().status, 1006);
  while (!echo.seen->end) co_await base::sleep_for(1ms);
  EXPECT_EQ(echo.seen->end->status, 1006);
}

TEST(WebSocket, EndsAPendingReadWhenItIsAborted) {
  run(test_abort());
}

awaitable<void> test_close_while_reading() {
  auto executor = co_await asio::this_coro::executor;
  EchoServer echo(executor);
  auto socket = (co_await connect_websocket(echo.url(), {}, nullptr)).value();
  std::optional<base::Result<WebSocketMessage>> message;
  base::TaskGroup tasks(executor);
  tasks.spawn(read_one(*socket, message));
  co_await base::sleep_for(0ns);
  co_await socket->close(1001, "leaving");
  co_await tasks.join();
  EXPECT_FALSE(message->has_value());
  while (!echo.seen->end) co_await base::sleep_for(1ms);
  EXPECT_EQ(echo.seen->end->status, 1001);
}

TEST(WebSocket, ClosesWhileAReadIsPending) {
  run(test_close_while_reading());
}

awaitable<void> test_destroyed_while_reading(bool secure) {
  auto executor = co_await asio::this_coro::executor;
  TestTls tls;
  EchoServer echo(executor, secure ? tls.server : nullptr);
  auto socket = (co_await connect_websocket(echo.url(), {}, tls.client)).value();
  std::optional<base::Result<WebSocketMessage>> message;
  int sent = 0;
  base::TaskGroup tasks(executor);
  tasks.spawn(read_one(*socket, message));
  for (int i = 0; i < 3; ++i) tasks.spawn(send_and_count(*socket, std::string(900'000, 'x'), sent));
  co_await base::sleep_for(0ns);
  tasks.cancel();
  socket.reset();
  co_await tasks.close();
  EXPECT_FALSE(message.has_value());
  while (!echo.seen->end) co_await base::sleep_for(1ms);
  EXPECT_EQ(echo.seen->end->status, 1006);
}

TEST(WebSocket, MayBeDestroyedWhileCancelledCoroutinesEnd) {
  run(test_destroyed_while_reading(false));
  run(test_destroyed_while_reading(true));
}

awaitable<void> test_server_destroyed() {
  auto executor = co_await asio::this_coro::executor;
  EchoServer echo(executor);
  auto socket = (co_await connect_websocket(echo.url(), {}, nullptr)).value();
  co_await socket->send_text("x");
  co_await socket->read();
  echo.server.destroy();
  EXPECT_EQ((co_await socket->read()).error().status, 1006);
}

TEST(WebSocket, EndsWhenTheServerIsDestroyed) {
  run(test_server_destroyed());
}

// A client's text frame of fewer than 126 bytes, with a mask of zeros.
std::string text_frame(std::string_view text) {
  std::string frame{'\x81', static_cast<char>(0x80 | text.size()), '\0', '\0', '\0', '\0'};
  return frame.append(text);
}

awaitable<void> test_early_frames() {
  auto executor = co_await asio::this_coro::executor;
  EchoServer echo(executor);
  auto socket = co_await connect_raw(echo.url());
  co_await write_text(socket,
                      "GET /early HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
                          text_frame("early") + text_frame("birds"));
  std::string text = co_await read_to(socket, "birds");
  EXPECT_NE(text.find("101 Switching Protocols"), std::string::npos);
  EXPECT_NE(text.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);  // RFC 6455 §1.3
  EXPECT_NE(text.find("X-Answer: yes"), std::string::npos);
  EXPECT_NE(text.find("\x81\x05"
                      "early\x81\x05"
                      "birds"),
            std::string::npos);
  EXPECT_EQ(echo.seen->largest, (std::vector<std::size_t>{5, 5}));
}

TEST(WebSocket, TakesFramesThatCameWithTheUpgrade) {
  run(test_early_frames());
}

}  // namespace
}  // namespace net
