// WebSockets: an upgrade and frames sent to the server ("u…" both, "f…" frames after a right upgrade), and what answers
// the client ("r…", where "{accept}" is the right key); and the meter of frames ("m…"), which sees the same whatever
// pieces the bytes come in.
#include <fmt/format.h>

#include "base/log.h"
#include "base/task_group.h"
#include "codec/bytes.h"
#include "fuzz.h"
#include "net/frame_meter.h"
#include "net/http_server.h"
#include "net/testing/loopback.h"
#include "net/websocket.h"
#include "talk.h"

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using fuzz::require;

constexpr std::size_t kMaxMessage = 2'048;
constexpr std::string_view kUpgrade =
    "GET /live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

// Reads to the end; what comes is bounded.
awaitable<void> read_all(std::unique_ptr<net::WebSocket> socket) {
  while (true) {
    auto message = co_await socket->read();
    if (!message) break;
    require(message->data.size() <= kMaxMessage, "a message is bounded");
    if (!(co_await socket->send_text("heard")).has_value()) break;
  }
  socket->abort();
}

awaitable<void> handle(net::Exchange& exchange) {
  if (!exchange.wants_websocket()) {
    (void)co_await exchange.respond({.status = 426, .headers = {}, .body = {}});
    co_return;
  }
  auto socket = co_await exchange.accept_websocket({}, kMaxMessage);
  if (socket) co_await read_all(std::move(*socket));
}

awaitable<void> fuzz_server(std::string bytes, bool upgraded) {
  net::testing::LiveServer server(co_await asio::this_coro::executor, handle);
  const std::size_t most = 200 * bytes.size() + 1'000;
  std::string heard = co_await fuzz::talk(server.url().port, (upgraded ? std::string(kUpgrade) : "") + bytes);
  require(heard.empty() || heard.starts_with("HTTP/1.1 "), "an answer is an answer");
  require(!upgraded || heard.starts_with("HTTP/1.1 101 "), "a right upgrade is taken");
  require(heard.size() <= most, "answers are bounded");
  co_await server.close();
}

awaitable<void> fuzz_client(std::string bytes) {
  auto executor = co_await asio::this_coro::executor;
  fuzz::tcp::acceptor acceptor(executor, fuzz::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const net::Url url{"ws", "127.0.0.1", acceptor.local_endpoint().port(), "/live"};
  base::TaskGroup peer(executor);
  const bool right = bytes.find("{accept}") != std::string::npos;
  peer.spawn(fuzz::answer(std::move(acceptor), std::move(bytes)));
  auto socket = co_await net::connect_websocket(url, {.headers = {}, .max_message = kMaxMessage}, nullptr);
  require(right || !socket, "nobody is taken for a WebSocket who does not know the key");
  if (socket) co_await read_all(std::move(*socket));
  co_await peer.close();
}

// The first byte is where the rest is cut in two.
void fuzz_meter(fuzz::Input input) {
  net::FrameMeter whole, parts;
  const std::size_t cut = input.byte();
  whole.feed(codec::as_bytes(input.rest()));
  parts.feed(codec::as_bytes(input.take(cut)));
  while (!input.empty()) parts.feed(codec::as_bytes(input.take(3)));
  while (true) {
    const std::size_t largest = whole.take_largest();
    require(largest == parts.take_largest(), "a frame is as large in pieces");
    if (largest == 0) return;
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::set_log_sink([](base::LogLevel, std::string_view) {});
  fuzz::Input input(data, size);
  const char kind = static_cast<char>(input.byte());
  std::string bytes(input.rest());
  if (kind == 'u') net::testing::run(fuzz_server(std::move(bytes), false));
  if (kind == 'f') net::testing::run(fuzz_server(std::move(bytes), true));
  if (kind == 'r') net::testing::run(fuzz_client(std::move(bytes)));
  if (kind == 'm') fuzz_meter(input);
  return 0;
}
