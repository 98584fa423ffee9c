// HTTP: bytes sent to the server ("s…"), and bytes that answer the client ("c…"), over loopback. A request that reaches
// a handler can be written on a line again, and says in one way alone how long its body is.
#include <fmt/format.h>

#include "base/log.h"
#include "base/task_group.h"
#include "fuzz.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/request_stream.h"
#include "net/testing/loopback.h"
#include "talk.h"

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using fuzz::require;

constexpr std::size_t kMaxBody = 4'096;

void check_request(const net::Request& request) {
  static constexpr std::string_view kEnds("\r\n\0", 3);
  require(!request.method.empty() && request.method.find_first_of(" \r\n") == std::string::npos, "a method is a word");
  require(request.target.find_first_of(" \r\n") == std::string::npos, "a target is a word");
  int lengths = 0;
  for (const auto& [name, value] : request.headers) {
    require(name.find_first_of(kEnds) == std::string::npos && value.find_first_of(kEnds) == std::string::npos,
            "a header is a line");
    lengths += net::same_name(name, "Content-Length") ? 1 : 0;
  }
  require(lengths <= 1 && !(lengths == 1 && request.headers.has("Transfer-Encoding")), "one way to tell the length");
  if (lengths == 1 && !request.body.empty()) {
    require(*request.headers.get("Content-Length") == std::to_string(request.body.size()) ||
                request.headers.get("Content-Length")->starts_with('0'),
            "the body is as long as it says");
  }
}

awaitable<void> handle(net::Exchange& exchange) {
  check_request(exchange.request());
  std::size_t size = exchange.request().body.size();
  while (true) {
    auto piece = co_await exchange.read_piece();
    if (!piece || piece->empty()) break;
    size += piece->size();
  }
  if (exchange.request().target.starts_with("/chunks")) {
    (void)co_await exchange.begin_stream({.status = 200, .headers = {}, .body = {}});
    (void)co_await exchange.write_piece(fmt::format("{}", size));
    (void)co_await exchange.end_stream({{"X-Trailer", "value"}});
  } else {
    require(size <= kMaxBody || exchange.request().target.starts_with("/stream"), "a body is bounded");
    (void)co_await exchange.respond({.status = 200, .headers = {}, .body = fmt::format("{}", size)});
  }
}

awaitable<void> fuzz_server(std::string bytes) {
  net::ServerOptions options{.max_body = kMaxBody};
  options.streams_body = [](const net::Request& head) { return head.target.starts_with("/stream"); };
  net::testing::LiveServer server(co_await asio::this_coro::executor, handle, std::move(options));
  const std::size_t most = 200 * bytes.size() + 1'000;
  std::string heard = co_await fuzz::talk(server.url().port, std::move(bytes));
  require(heard.empty() || heard.starts_with("HTTP/1.1 "), "an answer is an answer");
  require(heard.size() <= most, "answers are bounded");
  co_await server.close();
}

void check_response(const base::Result<net::Response>& response) {
  if (!response) return require(!response.error().message.empty(), "a failure has words");
  require(response->status >= 100 && response->status <= 999, "a status is one");
  for (const auto& [name, value] : response->headers) {
    require((name + value).find_first_of("\r\n") == std::string::npos, "a header is a line");
  }
}

awaitable<void> fuzz_client(std::string bytes, bool stream) {
  auto executor = co_await asio::this_coro::executor;
  fuzz::tcp::acceptor acceptor(executor, fuzz::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const net::Url url{"http", "127.0.0.1", acceptor.local_endpoint().port(), "/"};
  base::TaskGroup peer(executor);
  peer.spawn(fuzz::answer(std::move(acceptor), std::move(bytes)));
  if (stream) {
    auto request = co_await net::open_request(url, {.method = "POST", .headers = {}}, std::chrono::seconds(5), nullptr);
    if (request) {
      (void)co_await (*request)->write("piece");
      check_response(co_await (*request)->finish({}));
    }
  } else {
    auto client = net::make_http_client(executor, nullptr);
    auto response =
        co_await client->send(url, {.method = "POST", .headers = {}, .body = "body"}, {.max_body = kMaxBody});
    check_response(response);
    require(!response || response->body.size() <= kMaxBody, "an answer is bounded");
  }
  co_await peer.close();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::set_log_sink([](base::LogLevel, std::string_view) {});
  fuzz::Input input(data, size);
  const char kind = static_cast<char>(input.byte());
  std::string bytes(input.rest());
  if (kind == 's') net::testing::run(fuzz_server(std::move(bytes)));
  if (kind == 'c') net::testing::run(fuzz_client(std::move(bytes), false));
  if (kind == 'p') net::testing::run(fuzz_client(std::move(bytes), true));
  return 0;
}
