// The process of an environment, and what it says: start, output, end, and the requests of its Runtime API.
#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <tuple>

#include "base/log.h"
#include "localcloud/apigateway/apigateway.h"
#include "localcloud/iam/iam.h"
#include "localcloud/lambda/environment.h"
#include "net/web_page.h"
#include "os/files.h"

namespace localcloud {

namespace {

std::string address_of(const net::HttpServer& server) {
  return fmt::format("127.0.0.1:{}", server.port());
}

constexpr std::string_view kPath = "/usr/local/bin:/usr/bin/:/bin:/opt/bin";

// "a:b:c", without what is empty.
std::string path_list(const std::vector<std::string>& parts) {
  std::string list;
  for (const auto& part : parts) {
    if (part.empty()) continue;
    if (!list.empty()) list += ':';
    list += part;
  }
  return list;
}

bool is_in_opt(const std::string& path) {
  std::error_code error;
  return std::filesystem::weakly_canonical(path, error).native().starts_with("/opt/");
}

}  // namespace

// What makes layers and the runtime's own modules be found (LDG configuration-envvars.md), be they in /opt or not.
void ExecutionEnvironment::add_code_paths(std::map<std::string, std::string>& variables,
                                          const RuntimeCommand& runtime) const {
  std::string task = version_->package->directory();
  std::string layers = version_->layers ? version_->layers->directory() : std::string();
  auto in_layers = [&](std::string_view folder) {
    return layers.empty() ? layers : fmt::format("{}{}", layers, folder);
  };
  auto own = [&](const char* name) { return version_->environment.contains(name) ? variables[name] : std::string(); };
  std::string path = own("PATH");
  variables["PATH"] = path_list({path.empty() ? std::string(kPath) : path, in_layers("/bin")});
  variables["LD_LIBRARY_PATH"] =
      path_list({own("LD_LIBRARY_PATH"), task, task + "/lib", in_layers(""), in_layers("/lib")});
  auto kind = runtime_kind(version_->runtime);
  std::string number = runtime_version(version_->runtime);
  if (kind == RuntimeKind::nodejs) {
    variables["NODE_PATH"] = path_list({own("NODE_PATH"), in_layers(fmt::format("/nodejs/node{}/node_modules", number)),
                                        in_layers("/nodejs/node_modules"), runtime.runtime_directory, task,
                                        path_list(runtime.node_modules)});
  } else if (kind == RuntimeKind::python) {
    variables["PYTHONPATH"] = path_list({own("PYTHONPATH"), task, in_layers("/python"),
                                         in_layers(fmt::format("/python/lib/python{}/site-packages", number))});
  }
  if (kind != RuntimeKind::provided) variables["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + version_->runtime;
}

base::Result<os::ProcessOptions> ExecutionEnvironment::process_options(const RuntimeCommand& runtime) {
  os::ProcessOptions options;
  options.command = runtime.command;
  if (!credentials_) {  // one set for all processes of the environment
    auto assumed = cloud_.iam->assume_for_service(version_->role, "lambda.amazonaws.com", version_->name);
    if (!assumed) {
      return base::fail(base::ErrorKind::permission, "The role defined for the function cannot be assumed by Lambda.");
    }
    credentials_ = std::move(*assumed);
  }
  options.directory = version_->package->directory();
  auto& variables = options.environment;
  variables = version_->environment;
  if (cloud_.apigateway != nullptr) {  // addresses of APIs that are here lead here
    for (auto& [name, value] : variables) value = cloud_.apigateway->localize(value);
  }
  variables.try_emplace("LANG", "en_US.UTF-8");
  variables.try_emplace("TZ", ":UTC");
  add_code_paths(variables, runtime);
  variables["AWS_LAMBDA_FUNCTION_NAME"] = version_->name;
  variables["AWS_LAMBDA_FUNCTION_VERSION"] = version_->number;
  variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = std::to_string(version_->memory_mb);
  variables["AWS_LAMBDA_LOG_GROUP_NAME"] = log_.group();
  variables["AWS_LAMBDA_LOG_STREAM_NAME"] = log_.stream();
  variables["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand";
  variables["AWS_LAMBDA_RUNTIME_API"] = address_of(*server_);
  variables["AWS_REGION"] = cloud_.region;
  variables["AWS_DEFAULT_REGION"] = cloud_.region;
  variables["AWS_ACCESS_KEY_ID"] = credentials_->access_key_id;
  variables["AWS_SECRET_ACCESS_KEY"] = credentials_->secret_access_key;
  variables["AWS_SESSION_TOKEN"] = credentials_->session_token;
  variables["_HANDLER"] = version_->handler;
  variables["LAMBDA_TASK_ROOT"] = version_->package->directory();
  variables["LAMBDA_RUNTIME_DIR"] = runtime.runtime_directory;
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

base::Result<> ExecutionEnvironment::use_shared_tmp(os::ProcessOptions& options) {
  TRY(os::make_directories(temporary_directory_, 0700));
  options.private_tmp.reset();
  options.environment.try_emplace("TMPDIR", temporary_directory_);
  return {};
}

awaitable<base::Result<>> ExecutionEnvironment::start_process(base::TaskGroup& tasks) {
  CO_TRY(auto runtime, co_await runtimes_.command_of(version_));
  CO_TRY(auto options, process_options(runtime));
  if (!runtime.notice.empty()) log_.line(runtime.notice);
  private_tmp_ = runtimes_.gives_private_tmp();
  options.private_tmp = os::PrivateTmp{.megabytes = version_->ephemeral_storage_mb, .keeps = {cloud_.work_directory}};
  // An interpreter that is installed in /opt must stay there; then the layers are not.
  bool needs_opt = is_in_opt(options.command.front()) || is_in_opt(cloud_.work_directory);
  if (version_->layers && !needs_opt) options.private_tmp->opt = version_->layers->directory();
  if (!private_tmp_) CO_TRY(use_shared_tmp(options));
  auto process = cloud_.spawner->spawn(options);
  if (!process && private_tmp_) {
    // The kernel allows none; or the interpreter itself is in the machine's /tmp, which then hides it.
    if (process.error().kind == base::ErrorKind::permission) {
      base::log_warn("functions share /tmp: {}", process.error().message);
      runtimes_.give_no_private_tmp();
    }
    private_tmp_ = false;
    CO_TRY(use_shared_tmp(options));
    process = cloud_.spawner->spawn(std::move(options));
  }
  if (!process) co_return base::fail(process.error());
  process_ = std::move(*process);
  tasks.spawn(pump(process_, false));
  tasks.spawn(pump(process_, true));
  tasks.spawn(watch_exit(process_));
  tasks.spawn(watch_limits(process_));
  co_return base::Result<>();
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
  if (request.headers.get_or("Host", "") != address_of(*server_) || net::comes_from_web_page(request.headers)) {
    std::ignore = co_await exchange.respond(
        {.status = 403, .headers = {}, .body = "This Runtime API is for a function, which knows it by its address"});
    co_return;
  }
  auto route = RuntimeProtocol::route(request.method, request.target);
  if (route.operation == Operation::next) {
    co_await handle_next(exchange);
    co_return;
  }
  if (RuntimeProtocol::is_streamed_response(request)) {
    co_await handle_stream(exchange, std::move(route.request_id));
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

awaitable<void> ExecutionEnvironment::handle_stream(net::Exchange& exchange, std::string request_id) {
  if (auto refused = protocol_.begin_stream(request_id)) {
    std::ignore = co_await exchange.respond(std::move(*refused));
    co_return;
  }
  auto stream = invocation_->stream;
  std::size_t limit = stream ? kMaxStreamed : kMaxPayload;
  std::size_t size = 0;
  std::string whole;
  StreamPace pace;
  if (stream) stream->begin(exchange.request().headers.get_or("Content-Type", ""));
  std::optional<net::Response> response;
  while (!response) {
    auto piece = co_await exchange.read_piece();
    if (!piece) {
      protocol_.stream_cut_off(request_id);
      response = net::Response{.status = 400};  // to nobody
      continue;
    }
    size += piece->size();
    if (piece->empty()) {
      response = protocol_.end_stream(request_id, exchange.request(), std::move(whole));
    } else if (size > limit) {
      response = protocol_.stream_too_large(request_id, limit);
    } else if (stream) {
      auto now = cloud_.clock->now();
      auto due = pace.next(piece->size(), now);
      if (due > now && !stream->abandoned()) co_await cloud_.clock->sleep_until(due);
      co_await stream->write(std::move(*piece));
    } else {
      whole += *piece;
    }
  }
  changed_.notify_all();
  std::ignore = co_await exchange.respond(std::move(*response));
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
