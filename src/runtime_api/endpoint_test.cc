#include "runtime_api/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/task_group.h"
#include "net/http_client.h"
#include "net/request_stream.h"

namespace runtime_api {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;

// An endpoint on a real port, and a client in the place of the runtime.
class EndpointTest : public testing::Test {
 public:
  EndpointTest() {
    EndpointCallbacks callbacks;
    callbacks.waiting = [this] { calls_.push_back("waiting"); };
    callbacks.handed_over = [this] { calls_.push_back("handed over"); };
    callbacks.answered = [this](Answer answer) {
      calls_.push_back("answered");
      answer_ = std::move(answer);
      changed_.notify_all();
    };
    callbacks.stream_begun = [this](std::string content_type) { stream_type_ = std::move(content_type); };
    callbacks.stream_piece = [this](std::string piece) { return take(std::move(piece)); };
    callbacks.init_failed = [this](Answer answer) {
      calls_.push_back("init failed");
      answer_ = std::move(answer);
    };
    auto endpoint = Endpoint::listen(loop_.get_executor(), std::move(callbacks));
    EXPECT_TRUE(endpoint) << endpoint.error().message;
    endpoint_ = std::move(*endpoint);
    client_ = net::make_http_client(loop_.get_executor(), nullptr);
  }

  awaitable<bool> take(std::string piece) {
    pieces_ += piece;
    changed_.notify_all();
    co_return wanted_;
  }

  awaitable<void> wait_for_pieces(std::string expected) {
    while (pieces_ != expected || (!wanted_ && !answer_)) co_await changed_.wait();
  }

  awaitable<std::unique_ptr<net::RequestStream>> open_stream(std::string request_id,
                                                             net::Headers headers = {
                                                                 {"Lambda-Runtime-Function-Response-Mode", "streaming"},
                                                                 {"Content-Type", "text/event-stream"}}) {
    auto url =
        net::parse_url("http://" + endpoint_->address() + "/2018-06-01/runtime/invocation/" + request_id + "/response");
    net::Request request{.method = "POST", .target = url->target, .headers = std::move(headers), .body = {}};
    auto stream = co_await net::open_request(*url, std::move(request), std::chrono::seconds(5), nullptr);
    EXPECT_TRUE(stream) << stream.error().message;
    co_return std::move(*stream);
  }

  void run(awaitable<void> test) { base::run_until_done(loop_, serve_during(std::move(test))); }

  awaitable<void> serve_during(awaitable<void> test) {
    base::TaskGroup tasks(loop_.get_executor());
    tasks.spawn(endpoint_->run());
    co_await std::move(test);
    co_await tasks.close();
  }

  awaitable<net::Response> send(std::string method, std::string path, std::string body, net::Headers headers) {
    auto url = net::parse_url("http://" + endpoint_->address() + "/");
    net::Request request{.method = std::move(method),
                         .target = "/2018-06-01/runtime/" + path,
                         .headers = std::move(headers),
                         .body = std::move(body)};
    auto response = co_await client_->send(*url, std::move(request), {.timeout = std::chrono::seconds(10)});
    EXPECT_TRUE(response) << response.error().message;
    co_return response ? *response : net::Response{.status = 0, .headers = {}, .body = {}};
  }

  asio::io_context loop_;
  std::vector<std::string> calls_;
  std::optional<Answer> answer_;
  std::string pieces_;
  std::string stream_type_;
  bool wanted_ = true;  // whoever takes the pieces wants more
  base::Notifier changed_;
  std::unique_ptr<Endpoint> endpoint_;
  std::unique_ptr<net::HttpClient> client_;
};

InvocationEvent event(std::string request_id) {
  InvocationEvent event;
  event.request_id = std::move(request_id);
  event.body = "{\"n\":1}";
  event.deadline = base::from_epoch_ms(1'767'323'045'678);
  return event;
}

TEST_F(EndpointTest, CarriesAnEventAndItsAnswer) {
  run([](EndpointTest& t) -> awaitable<void> {
    auto sent = event("id-1");
    sent.function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
    sent.trace_id = "Root=1-5759e988-bd862e3fe1be46a994272793";
    sent.client_context = "{\"client\":{}}";
    sent.cognito_identity = "{\"cognitoIdentityId\":\"x\"}";
    sent.tenant_id = "blue";
    t.endpoint_->offer(sent);
    auto next = co_await t.send("GET", "invocation/next", "", {});
    EXPECT_EQ(next.status, 200);
    EXPECT_EQ(next.body, "{\"n\":1}");
    EXPECT_EQ(next.headers.get_or("content-type", ""), "application/json");
    EXPECT_EQ(next.headers.get_or("lambda-runtime-aws-request-id", ""), "id-1");
    EXPECT_EQ(next.headers.get_or("lambda-runtime-deadline-ms", ""), "1767323045678");
    EXPECT_EQ(next.headers.get_or("lambda-runtime-invoked-function-arn", ""), sent.function_arn);
    EXPECT_EQ(next.headers.get_or("lambda-runtime-trace-id", ""), sent.trace_id);
    EXPECT_EQ(next.headers.get_or("lambda-runtime-client-context", ""), sent.client_context);
    EXPECT_EQ(next.headers.get_or("lambda-runtime-cognito-identity", ""), sent.cognito_identity);
    EXPECT_EQ(next.headers.get_or("lambda-runtime-aws-tenant-id", ""), "blue");

    auto done = co_await t.send("POST", "invocation/id-1/response", "\"yes\"", {{"Content-Type", "text/plain"}});
    EXPECT_EQ(done.status, 202);
  }(*this));
  EXPECT_THAT(calls_, ElementsAre("waiting", "handed over", "answered"));
  ASSERT_TRUE(answer_);
  EXPECT_FALSE(answer_->failure);
  EXPECT_EQ(answer_->body, "\"yes\"");
  EXPECT_EQ(answer_->content_type, "text/plain");
}

TEST_F(EndpointTest, SendsNoHeaderForWhatIsEmpty) {
  run([](EndpointTest& t) -> awaitable<void> {
    t.endpoint_->offer(event("id-1"));
    auto next = co_await t.send("GET", "invocation/next", "", {});
    EXPECT_FALSE(next.headers.has("lambda-runtime-trace-id"));
    EXPECT_FALSE(next.headers.has("lambda-runtime-client-context"));
    EXPECT_FALSE(next.headers.has("lambda-runtime-cognito-identity"));
    EXPECT_FALSE(next.headers.has("lambda-runtime-aws-tenant-id"));
  }(*this));
}

TEST_F(EndpointTest, PassesAnErrorWithItsHeaders) {
  run([](EndpointTest& t) -> awaitable<void> {
    t.endpoint_->offer(event("id-1"));
    co_await t.send("GET", "invocation/next", "", {});
    auto done = co_await t.send(
        "POST", "invocation/id-1/error", "{\"errorType\":\"E\"}",
        {{"Lambda-Runtime-Function-Error-Type", "Function.E"}, {"Lambda-Runtime-Function-XRay-Error-Cause", "{}"}});
    EXPECT_EQ(done.status, 202);
  }(*this));
  ASSERT_TRUE(answer_);
  EXPECT_TRUE(answer_->failure);
  EXPECT_EQ(answer_->body, "{\"errorType\":\"E\"}");
  EXPECT_EQ(answer_->error_type, "Function.E");
  EXPECT_EQ(answer_->xray_error_cause, "{}");
}

TEST_F(EndpointTest, TurnsAResponseOverTheLimitIntoLambdasError) {
  run([](EndpointTest& t) -> awaitable<void> {
    t.endpoint_->offer(event("id-1"));
    co_await t.send("GET", "invocation/next", "", {});
    auto done = co_await t.send("POST", "invocation/id-1/response", std::string(kMaxResponse + 1, 'x'), {});
    EXPECT_EQ(done.status, 413);
    EXPECT_NE(done.body.find("RequestEntityTooLarge"), std::string::npos);
    t.endpoint_->offer(event("id-2"));
    EXPECT_EQ((co_await t.send("GET", "invocation/next", "", {})).status, 200);
  }(*this));
  ASSERT_TRUE(answer_);
  EXPECT_TRUE(answer_->failure);
  EXPECT_EQ(answer_->error_type, "Function.ResponseSizeTooLarge");
  EXPECT_NE(answer_->body.find("Response payload size exceeded maximum allowed payload size (6291556 bytes)"),
            std::string::npos);
}

TEST_F(EndpointTest, TakesAResponseOfExactlyTheLimit) {
  run([](EndpointTest& t) -> awaitable<void> {
    t.endpoint_->offer(event("id-1"));
    co_await t.send("GET", "invocation/next", "", {});
    auto done = co_await t.send("POST", "invocation/id-1/response", std::string(kMaxResponse, 'x'), {});
    EXPECT_EQ(done.status, 202);
  }(*this));
  ASSERT_TRUE(answer_);
  EXPECT_FALSE(answer_->failure);
  EXPECT_EQ(answer_->body.size(), kMaxResponse);
}

TEST_F(EndpointTest, HandsAStreamedResponseOnPieceByPiece) {
  run([](EndpointTest& t) -> awaitable<void> {
    t.endpoint_->offer(event("id-1"));
    co_await t.send("GET", "invocation/next", "", {});
    auto stream = co_await t.open_stream("id-1");
    co_await stream->write("one");
    co_await t.wait_for_pieces("one");
    co_await stream->write("two");
    auto done = co_await stream->finish({});
    EXPECT_EQ(done->status, 202);
  }(*this));
  EXPECT_EQ(pieces_, "onetwo");
  EXPECT_EQ(stream_type_, "text/event-stream");
  ASSERT_TRUE(answer_);
  EXPECT_TRUE(answer_->streamed);
  EXPECT_FALSE(answer_->failure);
}

TEST_F(EndpointTest, TakesWhatComesInChunksForAStreamUnlessItIsJson) {
  run([](EndpointTest& t) -> awaitable<void> {
    t.endpoint_->offer(event("id-1"));
    co_await t.send("GET", "invocation/next", "", {});
    auto stream = co_await t.open_stream("id-1", {{"Content-Type", "application/octet-stream"}});
    co_await stream->write("one");
    co_await t.wait_for_pieces("one");
    co_await stream->finish({});
    EXPECT_TRUE(t.answer_->streamed);
    t.answer_.reset();
    t.endpoint_->offer(event("id-2"));
    co_await t.send("GET", "invocation/next", "", {});
    stream = co_await t.open_stream("id-2", {{"Content-Type", "application/json"}});
    co_await stream->write("{}");
    co_await stream->finish({});
  }(*this));
  EXPECT_EQ(pieces_, "one");
  EXPECT_FALSE(answer_->streamed);
  EXPECT_EQ(answer_->body, "{}");
}

TEST_F(EndpointTest, ReadsNoMoreOfAStreamThanIsTaken) {
  run([](EndpointTest& t) -> awaitable<void> {
    t.wanted_ = false;
    t.endpoint_->offer(event("id-1"));
    co_await t.send("GET", "invocation/next", "", {});
    auto stream = co_await t.open_stream("id-1");
    co_await stream->write("one");
    co_await t.wait_for_pieces("one");
    EXPECT_TRUE(t.answer_);
  }(*this));
}

TEST_F(EndpointTest, TellsOfAStreamThatBreaksOff) {
  run([](EndpointTest& t) -> awaitable<void> {
    t.endpoint_->offer(event("id-1"));
    co_await t.send("GET", "invocation/next", "", {});
    auto stream = co_await t.open_stream("id-1");
    co_await stream->write("half");
    auto done = co_await stream->finish(
        {{"Lambda-Runtime-Function-Error-Type", "Error"}, {"Lambda-Runtime-Function-Error-Body", "eyJhIjoxfQ=="}});
    EXPECT_EQ(done->status, 202);
    EXPECT_TRUE(t.answer_->failure);
    EXPECT_EQ(t.answer_->error_type, "Error");
    EXPECT_EQ(t.answer_->body, R"({"a":1})");
    t.answer_.reset();
    t.endpoint_->offer(event("id-2"));
    co_await t.send("GET", "invocation/next", "", {});
    stream = co_await t.open_stream("id-2");
    co_await stream->write("half");
    stream.reset();  // as when the process dies
    while (!t.answer_) co_await t.changed_.wait();
  }(*this));
  EXPECT_TRUE(answer_->streamed);
  EXPECT_EQ(answer_->error_type, "Runtime.TruncatedResponse");
}

TEST_F(EndpointTest, RefusesAnUnknownResponseMode) {
  run([](EndpointTest& t) -> awaitable<void> {
    t.endpoint_->offer(event("id-1"));
    co_await t.send("GET", "invocation/next", "", {});
    auto odd = co_await t.send("POST", "invocation/id-1/response", "x",
                               {{"Lambda-Runtime-Function-Response-Mode", "sideways"}});
    EXPECT_EQ(odd.status, 400);
    EXPECT_FALSE(t.answer_);
  }(*this));
}

TEST_F(EndpointTest, TakesAnInitError) {
  run([](EndpointTest& t) -> awaitable<void> {
    auto done = co_await t.send("POST", "init/error", "{\"errorType\":\"Runtime.ImportModuleError\"}",
                                {{"Lambda-Runtime-Function-Error-Type", "Runtime.ImportModuleError"}});
    EXPECT_EQ(done.status, 202);
    EXPECT_EQ((co_await t.send("GET", "invocation/next", "", {})).status, 403);
  }(*this));
  EXPECT_THAT(calls_, ElementsAre("init failed"));
  EXPECT_EQ(answer_->error_type, "Runtime.ImportModuleError");
}

TEST_F(EndpointTest, RefusesAForeignHostWebPagesAndUnknownPaths) {
  run([](EndpointTest& t) -> awaitable<void> {
    auto foreign = co_await t.send("POST", "init/error", "{}", {{"Host", "evil.example"}});
    EXPECT_EQ(foreign.status, 403);
    EXPECT_EQ((co_await t.send("POST", "init/error", "{}", {{"Origin", "http://evil.example"}})).status, 403);
    EXPECT_EQ((co_await t.send("GET", "invocation/next", "", {{"Sec-Fetch-Site", "cross-site"}})).status, 403);
    EXPECT_EQ((co_await t.send("GET", "restore/next", "", {})).status, 404);
    EXPECT_EQ((co_await t.send("DELETE", "invocation/next", "", {})).status, 404);
  }(*this));
  EXPECT_THAT(calls_, ElementsAre());
}

}  // namespace
}  // namespace runtime_api
