// The Extensions API over its endpoint: what waits for what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/task_group.h"
#include "net/http_client.h"
#include "runtime_api/endpoint.h"

namespace runtime_api {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;
using testing::HasSubstr;

// A real port, a runtime and an extension that each asks by a connection of its own, and what happened in order.
class EndpointExtensions : public testing::Test {
 public:
  EndpointExtensions() {
    EndpointCallbacks callbacks;
    callbacks.waiting = [this] { tell("all wait"); };
    callbacks.handed_over = [this] { tell("runtime has it"); };
    callbacks.answered = [this](const Answer&) { tell("answered"); };
    callbacks.init_failed = [](const Answer&) {};
    endpoint_ = std::move(*Endpoint::listen(loop_.get_executor(), std::move(callbacks)));
    client_ = net::make_http_client(loop_.get_executor(), nullptr);
  }

  void tell(std::string what) {
    happened_.push_back(std::move(what));
    changed_.notify_all();
  }
  awaitable<void> until(std::size_t count) {
    while (happened_.size() < count) co_await changed_.wait();
  }

  awaitable<net::Response> send(std::string method, std::string path, std::string body = {}) {
    auto url = net::parse_url("http://" + endpoint_->address() + "/");
    net::Request request{
        .method = std::move(method), .target = std::move(path), .headers = {}, .body = std::move(body)};
    request.headers.add("Lambda-Extension-Name", "watch");
    if (!identifier_.empty()) request.headers.add("Lambda-Extension-Identifier", identifier_);
    auto response = co_await client_->send(*url, std::move(request), {.timeout = std::chrono::seconds(10)});
    EXPECT_TRUE(response) << response.error().message;
    co_return response ? *response : net::Response{.status = 0, .headers = {}, .body = {}};
  }
  awaitable<void> ask(std::string who, std::string path) {
    auto event = co_await send("GET", std::move(path));
    tell(who + " got " + (event.body.find("INVOKE") != std::string::npos ? "INVOKE" : event.body));
  }
  awaitable<void> runtime_asks() { return ask("runtime", "/2018-06-01/runtime/invocation/next"); }
  awaitable<void> extension_asks() { return ask("extension", "/2020-01-01/extension/event/next"); }

  template <typename Test>
  void run(Test test) {
    auto all = [](EndpointExtensions& t, Test of) -> awaitable<void> {
      base::TaskGroup tasks(t.loop_.get_executor());
      tasks.spawn(t.endpoint_->run());
      co_await of(t, tasks);
      co_await tasks.close();
    };
    base::run_until_done(loop_, all(*this, test));
  }

  asio::io_context loop_;
  std::vector<std::string> happened_;
  std::string identifier_;
  base::Notifier changed_;
  std::unique_ptr<Endpoint> endpoint_;
  std::unique_ptr<net::HttpClient> client_;
};

InvocationEvent event(std::string id, std::string body) {
  return {.request_id = std::move(id), .body = std::move(body), .deadline = base::from_epoch_ms(1'767'323'045'678)};
}

TEST_F(EndpointExtensions, AnAnswerDoesNotWaitForThemAndTheNextEventDoes) {
  endpoint_->expect_extension("watch");
  run([](EndpointExtensions& t, base::TaskGroup& tasks) -> awaitable<void> {
    auto registered =
        co_await t.send("POST", "/2020-01-01/extension/register", R"({"events": ["INVOKE", "SHUTDOWN"]})");
    t.identifier_ = registered.headers.get_or("Lambda-Extension-Identifier", "");
    EXPECT_TRUE(t.endpoint_->extensions().all_registered());
    t.endpoint_->offer(event("r1", "first"));
    tasks.spawn(t.runtime_asks());
    auto refused = co_await t.send("GET", "/2018-06-01/runtime/none");  // the runtime's call has come by now
    EXPECT_THAT(t.happened_, ElementsAre());
    tasks.spawn(t.extension_asks());
    co_await t.until(4);
    EXPECT_EQ(t.happened_[0], "all wait");
    EXPECT_EQ(t.happened_[1], "runtime has it");
    co_await t.send("POST", "/2018-06-01/runtime/invocation/r1/response", "1");
    EXPECT_EQ(t.happened_[4], "answered");

    t.endpoint_->offer(event("r2", "second"));
    tasks.spawn(t.runtime_asks());
    refused = co_await t.send("GET", "/2018-06-01/runtime/none");
    EXPECT_EQ(t.happened_.size(), 5U);
    tasks.spawn(t.extension_asks());
    co_await t.until(9);
    EXPECT_EQ(t.happened_[5], "all wait");
    EXPECT_EQ(t.happened_[6], "runtime has it");

    tasks.spawn(t.extension_asks());
    t.endpoint_->shut_down_extensions("spindown", base::from_epoch_ms(1'000));
    co_await t.until(10);
    EXPECT_THAT(t.happened_[9], HasSubstr(R"({"eventType":"SHUTDOWN","deadlineMs":1000,"shutdownReason":"spindown"})"));
  });
}

TEST_F(EndpointExtensions, NothingWaitsForOneThatIsGone) {
  endpoint_->expect_extension("watch");
  run([](EndpointExtensions& t, base::TaskGroup& tasks) -> awaitable<void> {
    tasks.spawn(t.runtime_asks());
    auto refused = co_await t.send("GET", "/2018-06-01/runtime/none");
    EXPECT_EQ(refused.status, 404);
    EXPECT_THAT(t.happened_, ElementsAre());
    t.endpoint_->extension_gone("watch");
    EXPECT_THAT(t.happened_, ElementsAre("all wait"));
    auto late = co_await t.send("POST", "/2020-01-01/extension/register", "{}");
    EXPECT_THAT(late.body, HasSubstr("Extension.RegistrationClosed"));
  });
}

TEST_F(EndpointExtensions, TelemetryAndLogsAreAnsweredAsTheEmulatorDoes) {
  run([](EndpointExtensions& t, base::TaskGroup&) -> awaitable<void> {
    auto telemetry = co_await t.send("PUT", "/2022-07-01/telemetry", "{}");
    EXPECT_EQ(telemetry.status, 202);
    EXPECT_EQ(telemetry.body,
              R"({"errorType":"Telemetry.NotSupported","errorMessage":"Telemetry API is not supported"})");
    auto logs = co_await t.send("PUT", "/2020-08-15/logs", "{}");
    EXPECT_EQ(logs.status, 202);
    EXPECT_EQ(logs.body, R"({"errorType":"Logs.NotSupported","errorMessage":"Logs API is not supported"})");
  });
}

}  // namespace
}  // namespace runtime_api
