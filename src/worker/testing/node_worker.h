// Workers with the real Node.js and the real loader, over the real Runtime API endpoint.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/task_group.h"
#include "codec/json.h"
#include "os/files.h"
#include "os/spawner.h"
#include "worker/worker.h"

namespace worker::testing {

class NodeWorker : public ::testing::Test {
 public:
  NodeWorker() {
    LauncherOptions options{.loaders = std::filesystem::absolute("runtimes"),
                            .builds = folder_.path() + "/build",
                            .ca_file = "",
                            .own_environment = os::own_environment()};
    launcher_ = make_launcher(loop_.get_executor(), *spawner_, clock_, std::move(options));
  }

  void file(const std::string& name, std::string_view content) {
    ASSERT_TRUE(
        os::make_directories((folder_.path() + "/" + name).substr(0, (folder_.path() + "/" + name).rfind('/'))));
    ASSERT_TRUE(os::write_file(folder_.path() + "/" + name, content));
  }

  awaitable<std::unique_ptr<Worker>> start(std::string handler) {
    WorkerSpec spec{
        .code = {.function = "F", .runtime = "nodejs20.x", .handler = std::move(handler), .source = folder_.path()},
        .environment = {{"GREETING", "hello"},
                        {"AWS_LAMBDA_FUNCTION_NAME", "stage-F"},
                        {"AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
                        {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"},
                        {"AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/stage-F"},
                        {"AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/02/[$LATEST]abc"}},
        .memory_limit_mb = memory_limit_mb_};
    auto worker = co_await launcher_->start(std::move(spec), [this](LogRecord record) { log_.push_back(record); });
    EXPECT_TRUE(worker) << worker.error().message;
    co_return std::move(*worker);
  }

  runtime_api::InvocationEvent event(std::string request_id, std::string body = "{}") {
    runtime_api::InvocationEvent event;
    event.request_id = std::move(request_id);
    event.body = std::move(body);
    event.deadline = clock_.wall_now() + std::chrono::seconds(30);
    event.function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:stage-F";
    return event;
  }

  void run(awaitable<void> test) { base::run_until_done(loop_, std::move(test)); }

  // One invocation on a worker of its own.
  WorkerOutcome invoke_once(std::string handler, std::string body = "{}") {
    std::optional<WorkerOutcome> outcome;
    run([](NodeWorker& t, std::string of, std::string with, std::optional<WorkerOutcome>& into) -> awaitable<void> {
      auto worker = co_await t.start(std::move(of));
      into = co_await worker->invoke(t.event("id-1", std::move(with)));
      co_await worker->close();
    }(*this, std::move(handler), std::move(body), outcome));
    return *outcome;
  }

  std::vector<std::string> lines() const {
    std::vector<std::string> texts;
    for (const auto& record : log_) texts.push_back(record.text);
    return texts;
  }

  boost::asio::io_context loop_;
  base::SystemClock clock_;
  os::TemporaryDirectory folder_{"worker-test"};
  std::unique_ptr<os::Spawner> spawner_ = os::make_spawner(loop_.get_executor());
  std::unique_ptr<Launcher> launcher_;
  std::vector<LogRecord> log_;
  int memory_limit_mb_ = 0;
};

inline std::string error_type(const WorkerOutcome& outcome) {
  auto body = codec::parse_json(outcome.answer.body);
  return body ? codec::find_string(*body, "errorType") : "";
}
inline std::string error_message(const WorkerOutcome& outcome) {
  auto body = codec::parse_json(outcome.answer.body);
  return body ? codec::find_string(*body, "errorMessage") : "";
}

}  // namespace worker::testing
