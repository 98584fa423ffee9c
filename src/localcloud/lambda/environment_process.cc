// The process of an environment, and what it says: start, output, end, and the requests of its Runtime API.
#include <fmt/format.h>
#include <unistd.h>

#include <tuple>

#include "base/log.h"
#include "localcloud/iam/iam.h"
#include "localcloud/lambda/environment.h"
#include "os/files.h"

namespace localcloud {

namespace {

#if defined(__aarch64__)
constexpr std::string_view kMachine = "arm64";
constexpr std::string_view kEmulator = "qemu-x86_64";
#else
constexpr std::string_view kMachine = "x86_64";
constexpr std::string_view kEmulator = "qemu-aarch64";
#endif

base::Result<std::vector<std::string>> command_of(const FunctionVersion& version) {
  std::string bootstrap = version.package->directory() + "/bootstrap";
  if (::access(bootstrap.c_str(), F_OK) != 0) {
    return base::fail(base::ErrorKind::not_found,
                      "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
  }
  if (version.architecture == kMachine) return std::vector<std::string>{bootstrap};
  auto environment = os::own_environment();
  for (std::string name : {std::string(kEmulator), std::string(kEmulator) + "-static"}) {
    std::string found = os::find_program(name, environment["PATH"]);
    if (!found.empty()) return std::vector<std::string>{found, bootstrap};
  }
  return base::fail(base::ErrorKind::not_found,
                    fmt::format("an {} function on this {} machine needs {}, which is not in PATH (package qemu-user)",
                                version.architecture, kMachine, kEmulator));
}

}  // namespace

base::Result<os::ProcessOptions> ExecutionEnvironment::process_options() {
  os::ProcessOptions options;
  TRY(options.command, command_of(*version_));
  auto credentials = cloud_.iam->assume_for_service(version_->role, "lambda.amazonaws.com", version_->name);
  if (!credentials) {
    return base::fail(base::ErrorKind::permission, "The role defined for the function cannot be assumed by Lambda.");
  }
  options.directory = version_->package->directory();
  auto& variables = options.environment;
  variables = version_->environment;
  variables.try_emplace("LANG", "en_US.UTF-8");
  variables.try_emplace("TZ", ":UTC");
  variables.try_emplace("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin");
  variables["AWS_LAMBDA_FUNCTION_NAME"] = version_->name;
  variables["AWS_LAMBDA_FUNCTION_VERSION"] = "$LATEST";
  variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = std::to_string(version_->memory_mb);
  variables["AWS_LAMBDA_LOG_GROUP_NAME"] = log_.group();
  variables["AWS_LAMBDA_LOG_STREAM_NAME"] = log_.stream();
  variables["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand";
  variables["AWS_LAMBDA_RUNTIME_API"] = fmt::format("127.0.0.1:{}", server_->port());
  variables["AWS_REGION"] = cloud_.region;
  variables["AWS_DEFAULT_REGION"] = cloud_.region;
  variables["AWS_ACCESS_KEY_ID"] = credentials->access_key_id;
  variables["AWS_SECRET_ACCESS_KEY"] = credentials->secret_access_key;
  variables["AWS_SESSION_TOKEN"] = credentials->session_token;
  variables["_HANDLER"] = version_->handler;
  variables["LAMBDA_TASK_ROOT"] = version_->package->directory();
  variables["LAMBDA_RUNTIME_DIR"] = "/var/runtime";
  // Not part of AWS: where this account answers.
  variables.try_emplace("AWS_ENDPOINT_URL", cloud_.endpoint);
  if (cloud_.tls && !cloud_.ca_pem.empty()) {
    std::string bundle = cloud_.work_directory + "/ca.pem";
    if (!os::read_file(bundle)) TRY(os::write_file(bundle, cloud_.ca_pem));
    variables.try_emplace("AWS_CA_BUNDLE", bundle);
    variables.try_emplace("NODE_EXTRA_CA_CERTS", bundle);
  }
  return options;
}

base::Result<> ExecutionEnvironment::start_process(base::TaskGroup& tasks) {
  TRY(auto options, process_options());
  TRY(auto process, cloud_.spawner->spawn(std::move(options)));
  process_ = std::move(process);
  tasks.spawn(pump(process_, false));
  tasks.spawn(pump(process_, true));
  tasks.spawn(watch_exit(process_));
  return {};
}

awaitable<void> ExecutionEnvironment::pump(std::shared_ptr<os::Process> process, bool standard_error) {
  LineCutter cutter;
  auto write = [this](std::string_view line) { log_.line(line); };
  for (;;) {
    std::string bytes = standard_error ? co_await process->read_stderr() : co_await process->read_stdout();
    if (bytes.empty()) break;
    cutter.add(bytes, write);
  }
  if (std::string rest = cutter.take_rest(); !rest.empty()) write(rest);
}

awaitable<void> ExecutionEnvironment::watch_exit(std::shared_ptr<os::Process> process) {
  auto status = co_await process->wait();
  if (process == process_) {
    exited_ = status;
    changed_.notify_all();
  }
}

awaitable<void> ExecutionEnvironment::handle(net::Exchange& exchange) {
  using Operation = RuntimeProtocol::Operation;
  const net::Request& request = exchange.request();
  auto route = RuntimeProtocol::route(request.method, request.target);
  if (route.operation == Operation::next) {
    co_await handle_next(exchange);
    co_return;
  }
  net::Response response;
  switch (route.operation) {
    case Operation::response:
      response = protocol_.response(route.request_id, request);
      break;
    case Operation::error:
      response = protocol_.error(route.request_id, request);
      break;
    case Operation::init_error:
      response = protocol_.init_error(request);
      break;
    case Operation::next:
    case Operation::unknown:
      response = RuntimeProtocol::unknown(request.method, request.target);
      break;
  }
  changed_.notify_all();
  std::ignore = co_await exchange.respond(std::move(response));
}

awaitable<void> ExecutionEnvironment::handle_next(net::Exchange& exchange) {
  auto waiting = protocol_.next();
  if (waiting.refused) {
    std::ignore = co_await exchange.respond(std::move(*waiting.refused));
    co_return;
  }
  changed_.notify_all();
  while (!protocol_.is_void(waiting.ticket)) {
    if (auto event = protocol_.take_event(waiting.ticket)) {
      std::ignore = co_await exchange.respond(std::move(*event));
      co_return;
    }
    co_await changed_.wait();
  }
  net::Response dropped;
  dropped.status = 410;  // its connection was given up: the runtime asked again on another
  std::ignore = co_await exchange.respond(std::move(dropped));
}

}  // namespace localcloud
