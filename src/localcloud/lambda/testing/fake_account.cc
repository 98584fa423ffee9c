#include "localcloud/lambda/testing/fake_account.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cstdlib>

#include "codec/zip.h"
#include "localcloud/iam/signature.h"
#include "localcloud/log_failure.h"
#include "net/url.h"

namespace localcloud {

namespace asio = boost::asio;

base::Result<> FakeIam::authorize(const Principal&, std::string_view action, std::string_view resource,
                                  const ConditionContext&, const json::value*) const {
  asked.push_back(fmt::format("{} {}", action, resource));
  if (allow(action, resource)) return {};
  return aws_error(403, "AccessDeniedException", fmt::format("not authorized to perform: {}", action));
}

base::Result<std::pair<Principal, Credentials>> FakeIam::find_key(std::string_view access_key_id,
                                                                  std::string_view) const {
  if (access_key_id != credentials.access_key_id) return aws_error(403, "UnrecognizedClientException", "unknown key");
  Principal principal{.arn = "arn:aws:sts::123456789012:assumed-role/role/session",
                      .user_id = "AROAEXAMPLE:session",
                      .role_name = "role",
                      .access_key_id = credentials.access_key_id};
  return std::pair{principal, credentials};
}

base::Result<Credentials> FakeIam::assume_for_service(std::string_view, std::string_view,
                                                      std::string_view session_name) {
  return Credentials{.access_key_id = fmt::format("ASIA-{}", session_name),
                     .secret_access_key = "role-secret",
                     .session_token = "role-token"};
}

awaitable<net::Response> FakeIam::handle(Call) {
  co_return net::Response{};
}

net::Request signed_request(net::Request request, std::string_view service, const Credentials& credentials) {
  ClaimedSignature claimed;
  claimed.time = fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::time(nullptr)));
  claimed.date = claimed.time.substr(0, 8);
  claimed.access_key_id = credentials.access_key_id;
  claimed.region = "us-east-1";
  claimed.service = service;
  claimed.signed_headers = {"host", "x-amz-date"};
  request.headers.set("X-Amz-Date", claimed.time);
  std::string host = request.headers.get_or("Host", "");
  std::string canonical = canonical_request(request, host, claimed, sha256_hex(request.body), {});
  std::string signature = compute_signature(credentials.secret_access_key, claimed, string_to_sign(claimed, canonical));
  request.headers.set("Authorization", fmt::format("AWS4-HMAC-SHA256 Credential={}/{}/us-east-1/{}/aws4_request, "
                                                   "SignedHeaders=host;x-amz-date, Signature={}",
                                                   credentials.access_key_id, claimed.date, service, signature));
  return request;
}

base::Result<std::string> FakeS3::get(std::string_view bucket, std::string_view key) const {
  auto found = objects.find(fmt::format("{}/{}", bucket, key));
  if (found == objects.end()) return aws_error(404, "NoSuchKey", "The specified key does not exist.");
  return found->second;
}

awaitable<net::Response> FakeS3::handle(Call) {
  co_return net::Response{};
}

void FakeLogs::append(std::string_view, std::string_view, std::string_view line) {
  lines.emplace_back(line);
}

awaitable<net::Response> FakeLogs::handle(Call) {
  co_return net::Response{};
}

awaitable<base::Result<InvokeOutput>> FakeLambda::invoke(InvokeInput input) {
  invoked.push_back(input);
  base::Notifier forever;
  while (never) co_await forever.wait();
  if (!answer) co_return InvokeOutput{.payload = "{}"};
  co_return answer(input);
}

awaitable<void> FakeLambda::invoke_with_stream(net::Exchange&, Call) {
  co_return;
}

awaitable<void> FakeLambda::serve_url(net::Exchange&, std::string, std::string) {
  co_return;
}

base::Result<FunctionFacts> FakeLambda::facts(std::string_view reference) const {
  return FunctionFacts{.arn = std::string(reference), .role = "arn:aws:iam::123456789012:role/fake"};
}

bool FakeLambda::permits(std::string_view, std::string_view, std::string_view source_arn) const {
  asked_for.emplace_back(source_arn);
  return permitted;
}

awaitable<void> FakeLambda::shut_down() {
  co_return;
}

awaitable<net::Response> FakeLambda::handle(Call) {
  co_return net::Response{};
}

ScriptedProcess::ScriptedProcess(asio::any_io_executor executor)
    : tasks(executor), client_(net::make_http_client(executor, nullptr)) {}

namespace {

net::Url runtime_api(const ScriptedProcess& process) {
  auto at = process.options.environment.find("AWS_LAMBDA_RUNTIME_API");
  return net::parse_url("http://" + at->second + "/").value();
}

class ProcessHandle final : public os::Process {
 public:
  explicit ProcessHandle(std::shared_ptr<ScriptedProcess> process) : process_(std::move(process)) {}
  ~ProcessHandle() override { process_->exit(0, SIGKILL); }
  pid_t pid() const override { return -1; }
  awaitable<std::string> read_stdout() override { return read(process_); }
  awaitable<std::string> read_stderr() override { return read_nothing(process_); }
  awaitable<os::ExitStatus> wait() override { return wait_for(process_); }
  std::optional<os::ExitStatus> ended() const override { return process_->status; }
  void signal_group(int signal) override {
    process_->signals.push_back(signal);
    if (signal == SIGKILL) process_->exit(0, SIGKILL);
  }
  os::GroupMemory memory() const override { return {}; }

 private:
  static awaitable<std::string> read(std::shared_ptr<ScriptedProcess> process) {
    while (process->output.empty() && !process->status) co_await process->changed.wait();
    co_return std::exchange(process->output, {});
  }
  static awaitable<std::string> read_nothing(std::shared_ptr<ScriptedProcess> process) {
    while (!process->status) co_await process->changed.wait();
    co_return std::string();
  }
  static awaitable<os::ExitStatus> wait_for(std::shared_ptr<ScriptedProcess> process) {
    while (!process->status) co_await process->changed.wait();
    co_return *process->status;
  }

  std::shared_ptr<ScriptedProcess> process_;
};

awaitable<void> run_script(Script script, std::shared_ptr<ScriptedProcess> process) {
  co_await log_failure("a scripted process", script(process));
  process->exit(0);
}

}  // namespace

awaitable<net::Response> ScriptedProcess::next() {
  net::Request request{.method = "GET", .target = "/2018-06-01/runtime/invocation/next", .headers = {}, .body = {}};
  auto response =
      co_await client_->send(runtime_api(*this), std::move(request), {.timeout = std::chrono::milliseconds(0)});
  if (!response) throw boost::system::system_error(asio::error::connection_reset);
  co_return std::move(*response);
}

awaitable<int> ScriptedProcess::post(std::string path, std::string body, net::Headers headers) {
  net::Request request{.method = "POST",
                       .target = "/2018-06-01/runtime/" + path,
                       .headers = std::move(headers),
                       .body = std::move(body)};
  auto response = co_await client_->send(runtime_api(*this), std::move(request), {});
  co_return response ? response->status : 0;
}

awaitable<int> ScriptedProcess::respond(const net::Response& event, std::string body) {
  return post(fmt::format("invocation/{}/response", request_id(event)), std::move(body));
}

std::string ScriptedProcess::request_id(const net::Response& event) {
  return event.headers.get_or("Lambda-Runtime-Aws-Request-Id", "");
}

void ScriptedProcess::write(std::string_view text) {
  output += text;
  changed.notify_all();
}

void ScriptedProcess::exit(int code, int signal) {
  if (status) return;
  status = os::ExitStatus{.code = code, .signal = signal};
  changed.notify_all();
  tasks.cancel();
}

base::Result<std::unique_ptr<os::Process>> ScriptedSpawner::spawn(os::ProcessOptions options) {
  auto process = std::make_shared<ScriptedProcess>(executor_);
  process->options = std::move(options);
  started.push_back(process);
  process->tasks.spawn(run_script(script, process));
  return std::make_unique<ProcessHandle>(process);
}

FakeAccount::FakeAccount() {
  cloud.executor = loop.get_executor();
  cloud.endpoint = "http://127.0.0.1:4571";
  cloud.work_directory = directory.path();
  cloud.clock = &clock;
  cloud.spawner = &spawner;
  cloud.tasks = &tasks;
  cloud.iam = &iam;
  cloud.s3 = &s3;
  cloud.logs = &logs;
  cloud.lambda = &lambda;
}

FunctionVersion FakeAccount::function(std::string name) {
  FunctionVersion version;
  version.name = name;
  version.arn = "arn:aws:lambda:us-east-1:123456789012:function:" + name;
  version.runtime = "provided.al2023";
  version.handler = "app.handler";
  version.role = "arn:aws:iam::123456789012:role/role";
#if defined(__aarch64__)
  version.architecture = "arm64";
#endif
  std::string zip = codec::make_zip({{.name = "bootstrap", .content = "#!/bin/false\n", .mode = 0755}});
  version.package = Package::unpack(zip, directory.path()).value();
  return version;
}

awaitable<void> turns(int count) {
  for (int turn = 0; turn < count; ++turn) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

}  // namespace localcloud
