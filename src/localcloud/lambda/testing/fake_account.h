// An account for tests: fakes of the services that Lambda and API Gateway lean on, on one loop, and processes that are
// coroutines. Nothing here starts a process.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/notifier.h"
#include "base/task_group.h"
#include "localcloud/cloud.h"
#include "localcloud/iam/iam.h"
#include "localcloud/lambda/function.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/local_clock.h"
#include "localcloud/logs/logs.h"
#include "localcloud/s3/s3.h"
#include "net/http_client.h"
#include "os/files.h"
#include "os/spawner.h"

namespace localcloud {

// Knows one key; allows what `allow` says, and keeps what was asked.
class FakeIam final : public Iam {
 public:
  base::Result<> authorize(const Principal& caller, std::string_view action, std::string_view resource,
                           const ConditionContext& context, const json::value* resource_policy) const override;
  const Credentials& root_credentials() const override { return credentials; }
  base::Result<std::pair<Principal, Credentials>> find_key(std::string_view access_key_id,
                                                           std::string_view session_token) const override;
  base::Result<Credentials> assume_for_service(std::string_view role_arn, std::string_view service,
                                               std::string_view session_name) override;
  ResourceTypes resource_types() override { return {}; }
  awaitable<net::Response> handle(Call call) override;

  Credentials credentials{.access_key_id = "AKIDEXAMPLE", .secret_access_key = "secret", .session_token = ""};
  std::function<bool(std::string_view action, std::string_view resource)> allow = [](auto, auto) { return true; };
  mutable std::vector<std::string> asked;  // "action resource"
};

// Signs with the key of FakeIam for `service`; the request must have its Host header.
net::Request signed_request(net::Request request, std::string_view service, const Credentials& credentials);

class FakeS3 final : public S3 {
 public:
  base::Result<std::string> get(std::string_view bucket, std::string_view key) const override;
  bool owns(const net::Request&) const override { return false; }
  ResourceTypes resource_types() override { return {}; }
  awaitable<net::Response> handle(Call call) override;
  std::map<std::string, std::string> objects;  // "bucket/key"
};

class FakeLogs final : public Logs {
 public:
  void append(std::string_view group, std::string_view stream, std::string_view line) override;
  ResourceTypes resource_types() override { return {}; }
  awaitable<net::Response> handle(Call call) override;
  std::vector<std::string> lines;
};

// Answers every invocation with `answer`; keeps the events.
class FakeLambda final : public Lambda {
 public:
  base::Result<FunctionFacts> facts(std::string_view reference) const override;
  awaitable<base::Result<InvokeOutput>> invoke(InvokeInput input) override;
  awaitable<void> invoke_with_stream(net::Exchange& exchange, Call call) override;
  awaitable<base::Result<std::optional<InvokeOutput>>> invoke_into(net::Exchange&, StreamedCall) override {
    co_return std::nullopt;
  }
  awaitable<void> serve_url(net::Exchange& exchange, std::string url_id, std::string target) override;
  bool permits(std::string_view function_arn, std::string_view service, std::string_view source_arn) const override;
  ResourceTypes resource_types() override { return {}; }
  awaitable<void> shut_down() override;
  awaitable<net::Response> handle(Call call) override;

  std::function<base::Result<InvokeOutput>(const InvokeInput&)> answer;
  bool never = false;  // then invoke() waits until it is cancelled
  bool permitted = true;
  std::vector<InvokeInput> invoked;
  mutable std::vector<std::string> asked_for;  // source ARNs
};

// What a process of ScriptedSpawner is: its environment, a client of its Runtime API, its output, the signals it got.
class ScriptedProcess {
 public:
  explicit ScriptedProcess(boost::asio::any_io_executor executor);

  // The Runtime API. next() returns the whole answer; the others its status.
  awaitable<net::Response> next();
  awaitable<int> post(std::string path, std::string body, net::Headers headers = {});
  awaitable<int> respond(const net::Response& event, std::string body);
  static std::string request_id(const net::Response& event);

  void write(std::string_view text);  // to stdout
  void exit(int code, int signal = 0);

  os::ProcessOptions options;
  std::vector<int> signals;
  std::optional<os::ExitStatus> status;
  std::string output;
  base::Notifier changed;
  base::TaskGroup tasks;

 private:
  std::unique_ptr<net::HttpClient> client_;
};

using Script = std::function<awaitable<void>(std::shared_ptr<ScriptedProcess>)>;

// Every process runs `script`; when that returns the process exits with 0.
class ScriptedSpawner final : public os::Spawner {
 public:
  explicit ScriptedSpawner(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
  base::Result<std::unique_ptr<os::Process>> spawn(os::ProcessOptions options) override;

  Script script;
  std::vector<std::shared_ptr<ScriptedProcess>> started;

 private:
  boost::asio::any_io_executor executor_;
};

struct FakeAccount {
  FakeAccount();

  boost::asio::io_context loop;
  os::TemporaryDirectory directory{"localcloud-test-"};
  LocalClock clock{loop.get_executor()};
  base::TaskGroup tasks{loop.get_executor()};
  FakeIam iam;
  FakeS3 s3;
  FakeLogs logs;
  FakeLambda lambda;
  ScriptedSpawner spawner{loop.get_executor()};
  Cloud cloud;

  // A function with a package that holds a bootstrap.
  FunctionVersion function(std::string name);
};

// Lets everything run that can; for conditions that come about in a few turns of the loop.
awaitable<void> turns(int count);

}  // namespace localcloud
