// The driver against a loopback that plays Lambda's Runtime API, the WebSocket API and the table; behind the WebSocket
// API stands the session's machine with a worker that echoes.
#include "stub/driver.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "bridge/session_machine.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "net/http_server.h"

namespace stub {
namespace {

namespace asio = boost::asio;
using asio::awaitable;

struct Recorded {
  std::string path;
  net::Headers headers;
  std::string body;
};

class Loopback {
 public:
  explicit Loopback(asio::any_io_executor executor) : tasks_(executor) {
    server_ = *net::listen_http(executor, {}, [this](net::Exchange& exchange) { return serve(exchange); });
    registration_ = bridge::new_registration();
    registration_.connection_id = "session=";
    registration_.link = 1;
    registration_.endpoint = "http://" + address() + "/live";
    registration_.owner = "tom@laptop";
    session_ = std::make_unique<bridge::SessionMachine>(registration_, 1);
    session_->connected(now(), registration_.connection_id, 1);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }

  Config config() const {
    Config config{.stage = "dev-tom",
                  .app = "api-sns",
                  .region = "eu-west-1",
                  .endpoint = "ws://" + address() + "/live",
                  .table = "registrations",
                  .ca_file = {},
                  .runtime_api = address(),
                  .credentials = {"AKIDEXAMPLE", "secret", "token"},
                  .endpoints = {{"", "http://" + address()}},
                  .announce = {}};
    config.announce.function = "Api";
    config.announce.environment = {{"TOPIC", "t"}};
    return config;
  }

  // Serves `driver` until every event was answered.
  awaitable<void> run(Driver& driver) {
    tasks_.spawn(server_->run());
    co_await driver.run();
    co_await tasks_.close();
  }

  std::deque<std::string> events;
  std::vector<Recorded> answers;
  bool registered = true;
  std::vector<std::string> unsigned_paths;
  std::vector<bridge::Announced> announced;
  std::vector<std::string> posted_to_stub;

 private:
  static bridge::Instant now() { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }

  awaitable<void> serve(net::Exchange& exchange) {
    net::Request& request = exchange.request();
    const std::string path = request.target;
    bool of_lambda = path.starts_with("/2018-06-01/");
    if (!of_lambda && request.headers.get_or("Authorization", "").find("AWS4-HMAC-SHA256") != 0) {
      unsigned_paths.push_back(path);
    }
    if (path.ends_with("/invocation/next")) {
      co_await exchange.respond(next());
    } else if (of_lambda) {
      answers.push_back({path, request.headers, request.body});
      co_await exchange.respond({.status = 202, .headers = {}, .body = {}});
    } else if (exchange.wants_websocket()) {
      co_await serve_socket(exchange);
    } else if (path == "/live/@connections/session%3D") {
      std::string frame = std::move(request.body);
      co_await exchange.respond({.status = 200, .headers = {}, .body = {}});
      perform(session_->frame(now(), frame));
    } else if (request.headers.get_or("X-Amz-Target", "") == "DynamoDB_20120810.GetItem") {
      co_await exchange.respond({.status = 200, .headers = {}, .body = item()});
    } else {
      co_await exchange.respond({.status = 404, .headers = {}, .body = {}});
    }
  }

  net::Response next() {
    if (events.empty()) return {.status = 500, .headers = {}, .body = {}};
    net::Response response;
    count_ += 1;
    response.headers.set("Lambda-Runtime-Aws-Request-Id", "request-" + std::to_string(count_));
    response.headers.set("Lambda-Runtime-Deadline-Ms", std::to_string(base::epoch_ms(now().wall) + 30'000));
    response.headers.set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:1:function:Api");
    response.body = std::move(events.front());
    events.pop_front();
    return response;
  }

  awaitable<void> serve_socket(net::Exchange& exchange) {
    auto accepted = co_await exchange.accept_websocket({}, 131'072);
    if (!accepted) co_return;
    socket_ = std::move(*accepted);
    while (true) {
      auto message = co_await socket_->read();
      if (!message) break;
      EXPECT_EQ(message->data, R"({"action":"hello"})");
      co_await socket_->send_text(R"({"connectionId":"stub-1=","requestTimeEpoch":")" +
                                  std::to_string(base::epoch_ms(now().wall)) + "\"}");
    }
  }

  std::string item() const {
    if (!registered) return "{}";
    codec::json::object attributes;
    for (const auto& [name, value] : bridge::to_item(registration_)) {
      codec::json::object attribute;
      if (const auto* text = std::get_if<std::string>(&value)) {
        attribute["S"] = *text;
      } else {
        attribute["N"] = std::to_string(std::get<std::int64_t>(value));
      }
      attributes[name] = std::move(attribute);
    }
    codec::json::object answer;
    answer["Item"] = std::move(attributes);
    return codec::to_text(answer);
  }

  awaitable<void> post_to_stub(bridge::SessionPost post) {
    posted_to_stub.push_back(post.connection_id);
    bool there = socket_ != nullptr && post.connection_id == "stub-1=";
    if (there) co_await socket_->send_text(post.frame);
    perform(session_->post_finished(now(), post.tag, {.status = there ? 200 : 410}));
  }

  void perform(bridge::SessionActions actions) {
    for (auto& action : actions) {
      if (auto* post = std::get_if<bridge::SessionPost>(&action)) {
        tasks_.spawn(post_to_stub(std::move(*post)));
      } else if (auto* one = std::get_if<bridge::Announced>(&action)) {
        announced.push_back(std::move(*one));
      } else if (auto* arrived = std::get_if<bridge::AttemptArrived>(&action)) {
        invocations_[arrived->id] = std::move(arrived->invocation);
        perform(session_->worker_ready(now(), arrived->id));
      } else if (auto* start = std::get_if<bridge::StartAttempt>(&action)) {
        std::string event = std::move(invocations_[start->id].event);
        if (event.starts_with("stream ")) {
          perform(session_->stream_begin(now(), start->id, {{"Content-Type", "text/event-stream"}}));
          perform(session_->stream_write(now(), start->id, event));
          std::optional<bridge::Answer> error;
          if (event == "stream and break") error = bridge::error_answer("Error", "as asked");
          perform(session_->stream_end(now(), start->id, std::move(error)));
          continue;
        }
        bridge::Answer answer = event == "fail"
                                    ? bridge::error_answer("Error", "as asked")
                                    : bridge::Answer{.headers = {{"Content-Type", "text/x"}}, .body = event};
        perform(session_->answer(now(), start->id, std::move(answer)));
      }
    }
  }

  base::TaskGroup tasks_;
  std::unique_ptr<net::HttpServer> server_;
  bridge::Registration registration_;
  std::unique_ptr<bridge::SessionMachine> session_;
  std::unique_ptr<net::WebSocket> socket_;
  std::map<bridge::AttemptId, bridge::Invocation> invocations_;
  int count_ = 0;
};

void serve(Loopback& loopback, asio::io_context& loop) {
  base::SystemClock clock;
  Driver driver(loop.get_executor(), loopback.config(), nullptr, clock);
  base::run_until_done(loop, loopback.run(driver));
}

TEST(Driver, CarriesInvocationsToTheSessionAndAnswersBack) {
  asio::io_context loop(1);
  Loopback loopback(loop.get_executor());
  std::string large(500'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7919 >> 3);
  loopback.events = {"{\"n\":1}", "fail", large};
  serve(loopback, loop);

  ASSERT_EQ(loopback.answers.size(), 3U);
  EXPECT_EQ(loopback.answers[0].path, "/2018-06-01/runtime/invocation/request-1/response");
  EXPECT_EQ(loopback.answers[0].body, "{\"n\":1}");
  EXPECT_EQ(loopback.answers[0].headers.get_or("Content-Type", ""), "text/x");
  EXPECT_EQ(loopback.answers[1].path, "/2018-06-01/runtime/invocation/request-2/error");
  EXPECT_EQ(loopback.answers[1].headers.get_or("Lambda-Runtime-Function-Error-Type", ""), "Error");
  EXPECT_EQ(loopback.answers[1].body, R"({"errorMessage":"as asked","errorType":"Error","stackTrace":[]})");
  EXPECT_TRUE(loopback.answers[2].body == large);
  ASSERT_EQ(loopback.announced.size(), 1U);
  EXPECT_EQ(loopback.announced[0].announce.function, "Api");
  EXPECT_TRUE(loopback.unsigned_paths.empty()) << loopback.unsigned_paths.front();
}

TEST(Driver, StreamsWithTrailersThatTellOfAnError) {
  asio::io_context loop(1);
  Loopback loopback(loop.get_executor());
  std::string long_one = "stream " + std::string(900'000, 'x');
  loopback.events = {long_one, "stream and break", "{}"};
  serve(loopback, loop);

  ASSERT_EQ(loopback.answers.size(), 3U);
  EXPECT_EQ(loopback.answers[0].path, "/2018-06-01/runtime/invocation/request-1/response");
  EXPECT_TRUE(loopback.answers[0].body == long_one);
  EXPECT_EQ(loopback.answers[0].headers.get_or("Content-Type", ""), "text/event-stream");
  EXPECT_EQ(loopback.answers[0].headers.get_or("Lambda-Runtime-Function-Response-Mode", ""), "streaming");
  EXPECT_FALSE(loopback.answers[0].headers.has("Lambda-Runtime-Function-Error-Type"));
  EXPECT_EQ(loopback.answers[1].body, "stream and break");
  EXPECT_EQ(loopback.answers[1].headers.get_or("Lambda-Runtime-Function-Error-Type", ""), "Error");
  EXPECT_EQ(codec::base64_decode(loopback.answers[1].headers.get_or("Lambda-Runtime-Function-Error-Body", "")),
            R"({"errorMessage":"as asked","errorType":"Error","stackTrace":[]})");
  EXPECT_EQ(loopback.answers[2].body, "{}");
}

TEST(Driver, AnswersByItselfWhenNobodyIsRegistered) {
  asio::io_context loop(1);
  Loopback loopback(loop.get_executor());
  loopback.registered = false;
  loopback.events = {
      "{}", R"({"version":"2.0","routeKey":"$default","rawPath":"/","requestContext":{"http":{"method":"GET"}}})"};
  serve(loopback, loop);
  ASSERT_EQ(loopback.answers.size(), 2U);
  EXPECT_EQ(loopback.answers[0].headers.get_or("Lambda-Runtime-Function-Error-Type", ""), "Function.LiveNoSession");
  EXPECT_TRUE(loopback.answers[1].path.ends_with("/response"));
  EXPECT_NE(loopback.answers[1].body.find("\"statusCode\":503"), std::string::npos);
  EXPECT_TRUE(loopback.announced.empty());
}

}  // namespace
}  // namespace stub
