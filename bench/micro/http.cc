// HTTP/1.1 over a loopback connection, as net/ gives it to others: its server and client on one thread. Sixty-four
// requests written at once are mostly the server's parser; round trips have the client and the kernel in them too.
#include <benchmark/benchmark.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <functional>

#include "base/task_group.h"
#include "net/http_client.h"
#include "net/http_server.h"

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;

constexpr int kPipelined = 64;

awaitable<void> echo(net::Exchange& exchange) {
  co_await exchange.respond({200, {{"Content-Type", "application/json"}}, std::move(exchange.request().body)});
}

// `measure` gets the port of a server that echoes.
void with_server(benchmark::State& state, awaitable<void> (*measure)(benchmark::State* state, std::uint16_t port)) {
  asio::io_context loop;
  auto server = net::listen_http(loop.get_executor(), {}, echo).value();
  base::TaskGroup tasks(loop.get_executor());
  tasks.spawn(server->run());
  base::run_until_done(loop, measure(&state, server->port()));
  loop.restart();
  base::run_until_done(loop, tasks.close());
}

const net::Headers& api_headers() {  // as a browser's request has them
  static const net::Headers headers{
      {"Accept", "application/json, text/plain, */*"},
      {"Accept-Encoding", "gzip, deflate, br, zstd"},
      {"Accept-Language", "en-GB,en;q=0.9,de;q=0.8"},
      {"Authorization", "Bearer " + std::string(700, 'j')},
      {"Content-Type", "application/json"},
      {"Origin", "https://shop.example"},
      {"Referer", "https://shop.example/orders"},
      {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"},
      {"X-Forwarded-For", "203.0.113.7"},
      {"X-Forwarded-Proto", "https"}};
  return headers;
}

awaitable<void> send_round_trips(benchmark::State* state, std::uint16_t port) {
  auto client = net::make_http_client(co_await asio::this_coro::executor, nullptr);
  const net::Url url{"http", "127.0.0.1", port, "/orders?page=2"};
  const net::Request request{"POST", "/", api_headers(), std::string(static_cast<std::size_t>(state->range(0)), 'x')};
  for (auto _ : *state) {
    auto response = co_await client->send(url, request, {});
    if (!response || response->body.size() != request.body.size()) {
      state->SkipWithError("no answer");
      break;
    }
  }
}

awaitable<void> send_pipelined(benchmark::State* state, std::uint16_t port) {
  std::string request = "GET /orders?page=2 HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  for (const auto& [name, value] : api_headers()) request += name + ": " + value + "\r\n";
  request += "\r\n";
  std::string requests;
  for (int n = 0; n < kPipelined; ++n) requests += request;

  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
  std::string answers;
  co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
  // All answers are of one length, and have no body.
  const std::size_t length =
      co_await asio::async_read_until(socket, asio::dynamic_buffer(answers), "\r\n\r\n", asio::use_awaitable);
  answers.resize(length * kPipelined);
  for (auto _ : *state) {
    co_await asio::async_write(socket, asio::buffer(requests), asio::use_awaitable);
    co_await asio::async_read(socket, asio::buffer(answers), asio::use_awaitable);
  }
  state->SetItemsProcessed(state->iterations() * kPipelined);
}

void http_round_trip(benchmark::State& state) {
  with_server(state, send_round_trips);
}

void http_pipelined(benchmark::State& state) {
  with_server(state, send_pipelined);
}

BENCHMARK(http_round_trip)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(http_pipelined);

}  // namespace
