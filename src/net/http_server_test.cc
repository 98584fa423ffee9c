#include "net/http_server.h"

#include <gtest/gtest.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>

#include "base/log.h"
#include "net/http_client.h"
#include "net/testing/loopback.h"

namespace net {
namespace {

using namespace std::chrono_literals;
using testing::connect_raw;
using testing::LiveServer;
using testing::RawPeer;
using testing::read_to;
using testing::run;
using testing::write_text;
namespace asio = boost::asio;
using asio::ip::tcp;

std::string big_text(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (char& c : text) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

// Answers with the request's method, target and a header, and the body as it came.
awaitable<void> echo(Exchange& exchange) {
  Request& request = exchange.request();
  Response response{200, {{"X-Method", request.method}, {"X-Target", request.target}}, ""};
  response.headers.add("X-Seen", request.headers.get_or("X-Sent", "-"));
  response.headers.add("X-From", exchange.remote_address());
  response.body = std::move(request.body);
  co_await exchange.respond(std::move(response));
}

awaitable<void> echo_kept(Exchange& exchange, std::shared_ptr<int> calls) {
  ++*calls;
  return echo(exchange);
}

// Says how long the body was, and one of its trailers.
awaitable<void> count_pieces(Exchange& exchange) {
  EXPECT_EQ(exchange.request().body, "");
  if (exchange.request().target == "/early") {
    co_await exchange.respond(Response{400, {}, ""});
    co_return;
  }
  std::size_t size = 0;
  for (;;) {
    auto piece = co_await exchange.read_piece();
    if (!piece || piece->empty()) break;
    size += piece->size();
  }
  std::string trailer = exchange.request().headers.get_or("X-After", "none");
  co_await exchange.respond(Response{200, {}, std::to_string(size) + " " + trailer});
}

awaitable<void> test_streamed_requests() {
  auto executor = co_await asio::this_coro::executor;
  ServerOptions options;
  options.max_body = 10;
  options.streams_body = [](const Request& head) { return head.target != "/whole"; };
  LiveServer server(executor, count_pieces, options);
  tcp::socket socket = co_await connect_raw(server.url("/"));
  std::string chunk(100'000, 'x');
  co_await write_text(socket, "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-After\r\n\r\n");
  co_await write_text(socket, "186a0\r\n" + chunk + "\r\n2\r\nab\r\n0\r\nX-After: told\r\n\r\n");
  std::string answer = co_await read_to(socket, "100002 told");
  EXPECT_NE(answer.find("200 OK"), std::string::npos);
  EXPECT_EQ(answer.find("close"), std::string::npos);
  co_await write_text(socket, "POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  answer = co_await read_to(socket, "\r\n\r\n");
  EXPECT_NE(answer.find("Connection: close"), std::string::npos) << answer;
  co_await server.close();
}

TEST(HttpServer, LetsAHandlerReadABodyAsItComes) {
  run(test_streamed_requests());
}

awaitable<void> test_echo() {
  auto executor = co_await asio::this_coro::executor;
  LiveServer server(executor, echo);
  auto client = make_http_client(executor, nullptr);
  Request request{"PUT", "/a%2Fb/@connections/Rx=?q=%20&=", {{"X-Sent", "v"}}, "body"};
  auto response = co_await client->send(server.url("/not-this"), request, {});
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->headers.get("x-method"), "PUT");
  EXPECT_EQ(response->headers.get("x-target"), "/a%2Fb/@connections/Rx=?q=%20&=");
  EXPECT_EQ(response->headers.get("x-seen"), "v");
  EXPECT_EQ(response->headers.get("x-from"), "127.0.0.1");
  EXPECT_EQ(response->body, "body");
  auto by_url = co_await client->send(server.url("/from-url?x=1"), {}, {});
  EXPECT_EQ(by_url->headers.get("x-target"), "/from-url?x=1");
  auto by_name = server.url("/named");
  by_name.host = "api.localhost";
  auto named = co_await client->send(by_name, {}, {});
  EXPECT_EQ(named.value().headers.get("x-target"), "/named");
  co_await server.close();
}

TEST(Http, CarriesARequestAndItsAnswerWithTheTargetVerbatim) {
  run(test_echo());
}

awaitable<void> test_big_bodies() {
  auto executor = co_await asio::this_coro::executor;
  LiveServer server(executor, echo);
  auto client = make_http_client(executor, nullptr);
  std::string body = big_text(8 * 1024 * 1024);
  auto response = co_await client->send(server.url(), Request{"POST", "/", {}, body}, {});
  EXPECT_TRUE(response.value().body == body);
  SendOptions small;
  small.max_body = body.size() - 1;
  auto refused = co_await client->send(server.url(), Request{"POST", "/", {}, body}, small);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::transport);
}

TEST(Http, CarriesEightMegabytesBothWays) {
  run(test_big_bodies());
}

awaitable<void> answer_twice_on_one_connection(RawPeer& peer, std::string& requests) {
  auto socket = co_await peer.accept();
  for (int i = 0; i < 2; ++i) {
    requests += co_await read_to(socket, "\r\n\r\n");
    co_await write_text(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(i));
  }
}

awaitable<void> test_keep_alive() {
  auto executor = co_await asio::this_coro::executor;
  RawPeer peer(executor);
  std::string requests;
  base::TaskGroup tasks(executor);
  tasks.spawn(answer_twice_on_one_connection(peer, requests));
  auto client = make_http_client(executor, nullptr);
  EXPECT_EQ((co_await client->send(peer.url("/1"), {}, {})).value().body, "0");
  EXPECT_EQ((co_await client->send(peer.url("/2"), {}, {})).value().body, "1");
  co_await tasks.join();
}

TEST(HttpClient, ReusesAKeptConnection) {
  run(test_keep_alive());
}

// Answers once, takes the second request and hangs up without a word; then serves one more connection.
awaitable<void> hang_up_on_the_second(RawPeer& peer) {
  {
    auto socket = co_await peer.accept();
    co_await read_to(socket, "\r\n\r\n");
    co_await write_text(socket, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst");
    co_await read_to(socket, "\r\n\r\n");
  }
  auto socket = co_await peer.accept();
  co_await read_to(socket, "\r\n\r\n");
  co_await write_text(socket, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain");
}

awaitable<void> test_dead_kept_connection(bool repeatable) {
  auto executor = co_await asio::this_coro::executor;
  RawPeer peer(executor);
  base::TaskGroup tasks(executor);
  tasks.spawn(hang_up_on_the_second(peer));
  auto client = make_http_client(executor, nullptr);
  SendOptions options;
  options.repeatable = repeatable;
  EXPECT_EQ((co_await client->send(peer.url(), {}, options)).value().body, "first");
  auto second = co_await client->send(peer.url(), {}, options);
  if (repeatable) {
    EXPECT_EQ(second.value().body, "again");
  } else {
    EXPECT_EQ(second.error().kind, base::ErrorKind::transport);
  }
}

TEST(HttpClient, ReplacesADeadKeptConnectionIfTheRequestIsRepeatable) {
  run(test_dead_kept_connection(true));
}

TEST(HttpClient, ReportsADeadKeptConnectionIfTheRequestIsNot) {
  run(test_dead_kept_connection(false));
}

awaitable<void> close_after_each(RawPeer& peer) {
  for (int i = 0; i < 2; ++i) {
    auto socket = co_await peer.accept();
    co_await read_to(socket, "\r\n\r\n");
    co_await write_text(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(i));
    socket.shutdown(tcp::socket::shutdown_send);
  }
}

awaitable<void> test_closed_while_idle() {
  auto executor = co_await asio::this_coro::executor;
  RawPeer peer(executor);
  base::TaskGroup tasks(executor);
  tasks.spawn(close_after_each(peer));
  auto client = make_http_client(executor, nullptr);
  SendOptions once;
  once.repeatable = false;
  EXPECT_EQ((co_await client->send(peer.url(), {}, once)).value().body, "0");
  for (int i = 0; i < 3; ++i)
    co_await base::sleep_for(0ns);  // lets the peer's close happen; loopback delivers it at once
  EXPECT_EQ((co_await client->send(peer.url(), {}, once)).value().body, "1");
}

TEST(HttpClient, SeesThatAKeptConnectionWasClosedBeforeItSends) {
  run(test_closed_while_idle());
}

awaitable<void> test_refused() {
  auto executor = co_await asio::this_coro::executor;
  Url url;
  {
    RawPeer peer(executor);
    url = peer.url();
  }
  auto client = make_http_client(executor, nullptr);
  auto response = co_await client->send(url, {}, {});
  EXPECT_EQ(response.error().kind, base::ErrorKind::connect);
}

TEST(HttpClient, SaysConnectWhenNothingListens) {
  run(test_refused());
}

awaitable<void> accept_and_keep(RawPeer& peer) {
  auto socket = co_await peer.accept();
  co_await base::sleep_for(1h);
}

awaitable<void> test_timeout() {
  auto executor = co_await asio::this_coro::executor;
  RawPeer peer(executor);
  base::TaskGroup tasks(executor);
  tasks.spawn(accept_and_keep(peer));
  auto client = make_http_client(executor, nullptr);
  SendOptions options;
  options.timeout = 20ms;
  auto response = co_await client->send(peer.url(), {}, options);
  EXPECT_EQ(response.error().kind, base::ErrorKind::transport);
  EXPECT_NE(response.error().message.find("20 ms"), std::string::npos) << response.error().message;
  co_await tasks.close();
}

TEST(HttpClient, SaysTransportWhenNoAnswerComesInTime) {
  run(test_timeout());
}

awaitable<void> send_and_note(HttpClient& client, Url url, bool& returned) {
  auto response = co_await client.send(std::move(url), {}, {});
  returned = true;
}

awaitable<void> test_cancelled_send() {
  auto executor = co_await asio::this_coro::executor;
  RawPeer peer(executor);
  auto client = make_http_client(executor, nullptr);
  bool returned = false;
  base::TaskGroup tasks(executor);
  tasks.spawn(send_and_note(*client, peer.url(), returned));
  auto socket = co_await peer.accept();
  co_await read_to(socket, "\r\n\r\n");
  client.reset();  // a send under way does without it
  co_await tasks.close();
  EXPECT_FALSE(returned);
  char byte = 0;
  boost::system::error_code error;
  co_await socket.async_read_some(asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, error));
  EXPECT_EQ(error, asio::error::eof);
}

TEST(HttpClient, ClosesTheConnectionWhenASendIsCancelled) {
  run(test_cancelled_send());
}

awaitable<void> answer_oddly(RawPeer& peer) {
  auto socket = co_await peer.accept();
  co_await read_to(socket, "\r\n\r\n");
  co_await write_text(socket,
                      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n");
  co_await read_to(socket, "\r\n\r\n");
  co_await write_text(socket, "HTTP/1.1 200 OK\r\n\r\nuntil the end");
}

awaitable<void> test_answers() {
  auto executor = co_await asio::this_coro::executor;
  RawPeer peer(executor);
  base::TaskGroup tasks(executor);
  tasks.spawn(answer_oddly(peer));
  auto client = make_http_client(executor, nullptr);
  auto chunked = co_await client->send(peer.url(), {}, {});
  EXPECT_EQ(chunked.value().body, "abcde");
  EXPECT_EQ(chunked.value().headers.get("X-Trailer"), "t");
  auto open_ended = co_await client->send(peer.url(), {}, {});
  EXPECT_EQ(open_ended.value().body, "until the end");
  co_await tasks.join();
}

TEST(HttpClient, ReadsChunkedAndOpenEndedAnswersPastInformationalOnes) {
  run(test_answers());
}

awaitable<void> test_raw_requests() {
  auto executor = co_await asio::this_coro::executor;
  LiveServer server(executor, echo);
  auto socket = co_await connect_raw(server.url());
  // Two requests at once: chunked, then a HEAD.
  co_await write_text(
      socket,
      "POST /one HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
      "HEAD /two HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxx"
      "GET /three HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  std::string all;
  boost::system::error_code error;
  while (!error) {
    std::array<char, 4096> piece{};
    auto size = co_await socket.async_read_some(asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
    all.append(piece.data(), size);
  }
  auto one = all.find("X-Target: /one");
  auto body = all.find("\r\n\r\nabcdHTTP/1.1 200 OK", one);
  auto two = all.find("X-Target: /two", body);
  auto length =
      all.find("Content-Length: 2\r\n\r\nHTTP/1.1 200 OK", two);  // the length of what GET would get, and no body
  auto three = all.find("X-Target: /three", length);
  EXPECT_NE(three, std::string::npos) << all;
  EXPECT_NE(all.find("Connection: close", three), std::string::npos) << all;
}

TEST(HttpServer, ServesPipelinedRequestsInOrderAndHeadWithoutBody) {
  run(test_raw_requests());
}

awaitable<void> expect_answer_to(LiveServer& server, std::string request, std::string status) {
  auto socket = co_await connect_raw(server.url());
  co_await write_text(socket, std::move(request));
  std::string head = co_await read_to(socket, "\r\n\r\n");
  EXPECT_EQ(head.substr(0, head.find("\r\n")), status);
}

awaitable<void> test_refusals() {
  auto executor = co_await asio::this_coro::executor;
  ServerOptions options;
  options.max_body = 1000;
  LiveServer server(executor, echo, options);
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  co_await expect_answer_to(server, start + "Content-Length: 1001\r\n\r\n", "HTTP/1.1 413 Payload Too Large");
  co_await expect_answer_to(
      server, start + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n",
      "HTTP/1.1 413 Payload Too Large");
  co_await expect_answer_to(server, start + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'x'), "HTTP/1.1 200 OK");
  co_await expect_answer_to(server, start + "X: " + std::string(70'000, 'x') + "\r\n\r\n",
                            "HTTP/1.1 431 Request Header Fields Too Large");
  co_await expect_answer_to(server, "GET /" + std::string(16 * 1024, 'x') + " HTTP/1.1\r\n\r\n",
                            "HTTP/1.1 414 URI Too Long");
  co_await expect_answer_to(server, "GET /" + std::string(16 * 1024 - 1, 'x') + " HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK");
  co_await expect_answer_to(server, start + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nfour",
                            "HTTP/1.1 400 Bad Request");
  co_await expect_answer_to(server, start + "Transfer-Encoding: gzip\r\nContent-Length: 4\r\n\r\nfour",
                            "HTTP/1.1 400 Bad Request");
  co_await expect_answer_to(server, "this is not HTTP\r\n\r\n", "HTTP/1.1 400 Bad Request");
  co_await expect_answer_to(server, start + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n",
                            "HTTP/1.1 100 Continue");
}

TEST(HttpServer, RefusesWhatIsTooLongOrMalformed) {
  run(test_refusals());
}

awaitable<void> test_413_reaches_a_client_that_still_sends() {
  auto executor = co_await asio::this_coro::executor;
  ServerOptions options;
  options.max_body = 1000;
  LiveServer server(executor, echo, options);
  auto client = make_http_client(executor, nullptr);
  auto response = co_await client->send(server.url(), Request{"POST", "/", {}, std::string(4'000'000, 'x')}, {});
  EXPECT_EQ(response.value().status, 413);
}

TEST(HttpServer, LetsAClientThatStillSendsReadItsRefusal) {
  run(test_413_reaches_a_client_that_still_sends());
}

awaitable<void> throw_or_forget(Exchange& exchange) {
  if (exchange.request().target == "/throw") throw std::runtime_error("broken handler");
  if (exchange.request().target == "/bad-header") {
    auto sent = co_await exchange.respond(Response{200, {{"X", "a\r\nb"}}, ""});
    EXPECT_FALSE(sent);
  }
  if (exchange.request().target == "/fine") {
    co_await exchange.respond(Response{204, {}, "ignored"});
    auto twice = co_await exchange.respond(Response{});
    EXPECT_FALSE(twice);
  }
}

awaitable<void> test_handler_failures() {
  auto executor = co_await asio::this_coro::executor;
  LiveServer server(executor, throw_or_forget);
  auto client = make_http_client(executor, nullptr);
  for (const char* target : {"/throw", "/forget", "/bad-header"}) {
    EXPECT_EQ((co_await client->send(server.url(target), {}, {})).value().status, 500) << target;
  }
  auto fine = co_await client->send(server.url("/fine"), {}, {});
  EXPECT_EQ(fine.value().status, 204);
  EXPECT_EQ(fine.value().body, "");
  EXPECT_FALSE(fine.value().headers.has("Content-Length"));
}

TEST(HttpServer, AnswersForAHandlerThatFailsAndGoesOn) {
  base::set_log_level(base::LogLevel::off);
  run(test_handler_failures());
  base::set_log_level(base::LogLevel::warn);
}

awaitable<void> stream_answer(Exchange& exchange) {
  co_await exchange.begin_stream(Response{200, {{"Trailer", "X-End"}}, ""});
  co_await exchange.write_piece("one,");
  co_await exchange.write_piece("");
  co_await exchange.write_piece("two");
  if (exchange.request().target == "/cut") co_return;
  co_await exchange.end_stream({{"X-End", "done"}});
}

awaitable<void> test_stream() {
  auto executor = co_await asio::this_coro::executor;
  LiveServer server(executor, stream_answer);
  auto client = make_http_client(executor, nullptr);
  auto whole = co_await client->send(server.url("/whole"), {}, {});
  EXPECT_EQ(whole.value().body, "one,two");
  EXPECT_EQ(whole.value().headers.get("X-End"), "done");
  auto cut = co_await client->send(server.url("/cut"), {}, {});
  EXPECT_EQ(cut.error().kind, base::ErrorKind::transport);
  auto socket = co_await connect_raw(server.url());
  co_await write_text(socket, "GET / HTTP/1.1\r\n\r\n");
  std::string text = co_await read_to(socket, "X-End: done\r\n\r\n");
  EXPECT_NE(text.find("Transfer-Encoding: chunked\r\n\r\n4\r\none,\r\n3\r\ntwo\r\n0\r\nX-End: done\r\n\r\n"),
            std::string::npos);
}

TEST(HttpServer, StreamsAnAnswerInChunksWithTrailers) {
  base::set_log_level(base::LogLevel::off);
  run(test_stream());
  base::set_log_level(base::LogLevel::warn);
}

struct Gone {
  bool waiting = false;
  bool gone = false;
};

awaitable<void> wait_for_client(Exchange& exchange, std::shared_ptr<Gone> seen) {
  seen->waiting = true;
  co_await exchange.client_gone();
  seen->gone = true;
}

awaitable<void> test_client_gone(std::string behind) {
  auto executor = co_await asio::this_coro::executor;
  auto seen = std::make_shared<Gone>();
  LiveServer server(executor, [seen](Exchange& exchange) { return wait_for_client(exchange, seen); });
  {
    auto socket = co_await connect_raw(server.url());
    co_await write_text(socket, "GET / HTTP/1.1\r\n\r\n" + behind);
    while (!seen->waiting) co_await base::sleep_for(1ms);
    EXPECT_FALSE(seen->gone);
  }
  while (!seen->gone) co_await base::sleep_for(1ms);
}

TEST(HttpServer, TellsAHandlerThatItsClientIsGone) {
  base::set_log_level(base::LogLevel::off);
  run(test_client_gone(""));
  run(test_client_gone(std::string(50'000, 'x')));  // more than was read with the head: the end hides behind it
  base::set_log_level(base::LogLevel::warn);
}

awaitable<void> hang(Exchange& exchange, std::shared_ptr<int> hanging) {
  ++*hanging;
  co_await exchange.client_gone();
}

awaitable<void> test_client_gone_keeps_bytes(std::shared_ptr<int> hanging) {
  auto executor = co_await asio::this_coro::executor;
  LiveServer server(executor, [hanging](Exchange& exchange) { return hang(exchange, hanging); });
  auto a = co_await connect_raw(server.url());
  auto b = co_await connect_raw(server.url());
  co_await write_text(a, "GET / HTTP/1.1\r\n\r\n");
  co_await write_text(b, "GET / HTTP/1.1\r\n\r\n");
  while (*hanging < 2) co_await base::sleep_for(1ms);
  co_await server.close();  // ends both handlers
  boost::system::error_code error;
  char byte = 0;
  co_await a.async_read_some(asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, error));
  EXPECT_EQ(error, asio::error::eof);
}

TEST(HttpServer, EndsItsHandlersWhenItIsCancelled) {
  run(test_client_gone_keeps_bytes(std::make_shared<int>(0)));
}

awaitable<void> test_destroyed(std::shared_ptr<int> hanging) {
  auto executor = co_await asio::this_coro::executor;
  LiveServer server(executor, [hanging](Exchange& exchange) { return hang(exchange, hanging); });
  Url url = server.url();
  auto working = co_await connect_raw(url);
  auto idle = co_await connect_raw(url);
  co_await write_text(working, "GET / HTTP/1.1\r\n\r\n");
  while (*hanging < 1) co_await base::sleep_for(1ms);
  server.destroy();
  boost::system::error_code error;
  char byte = 0;
  co_await working.async_read_some(asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, error));
  EXPECT_TRUE(error);
  co_await idle.async_read_some(asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, error));
  EXPECT_TRUE(error);
  auto client = make_http_client(executor, nullptr);
  EXPECT_EQ((co_await client->send(url, {}, {})).error().kind, base::ErrorKind::connect);
}

TEST(HttpServer, DropsItsConnectionsWhenItIsDestroyed) {
  run(test_destroyed(std::make_shared<int>(0)));
}

awaitable<void> test_left_running() {
  auto executor = co_await asio::this_coro::executor;
  auto hanging = std::make_shared<int>(0);
  auto server =
      std::make_shared<LiveServer>(executor, [hanging](Exchange& exchange) { return hang(exchange, hanging); });
  auto socket = std::make_shared<tcp::socket>(co_await connect_raw(server->url()));
  co_await write_text(*socket, "GET / HTTP/1.1\r\n\r\n");
  while (*hanging < 1) co_await base::sleep_for(1ms);
}

TEST(HttpServer, MayBeDestroyedTogetherWithItsLoop) {
  run(test_left_running());
}

awaitable<void> test_port_in_use() {
  auto executor = co_await asio::this_coro::executor;
  LiveServer server(executor, echo);
  ServerOptions options;
  options.port = server.url().port;
  auto second = listen_http(executor, options, echo);
  EXPECT_EQ(second.error().kind, base::ErrorKind::local_resource);
  EXPECT_EQ(second.error().message, "port " + std::to_string(options.port) + " is in use");
  EXPECT_FALSE(second.error().hint.empty());
}

TEST(HttpServer, NamesThePortThatIsInUse) {
  run(test_port_in_use());
}

awaitable<void> test_many_at_once() {
  auto executor = co_await asio::this_coro::executor;
  auto calls = std::make_shared<int>(0);
  LiveServer server(executor, [calls](Exchange& exchange) { return echo_kept(exchange, calls); });
  auto client = make_http_client(executor, nullptr);
  base::TaskGroup tasks(executor);
  std::array<bool, 50> returned{};
  for (bool& one : returned) tasks.spawn(send_and_note(*client, server.url(), one));
  co_await tasks.join();
  EXPECT_EQ(*calls, 50);
  client->close_idle();
  EXPECT_EQ((co_await client->send(server.url(), {}, {})).value().status, 200);
}

TEST(Http, CarriesManyRequestsAtOnce) {
  run(test_many_at_once());
}

}  // namespace
}  // namespace net
