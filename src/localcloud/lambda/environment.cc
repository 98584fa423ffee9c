#include "localcloud/lambda/environment.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <tuple>

#include "base/ids.h"
#include "base/log.h"
#include "codec/json.h"
#include "localcloud/wire.h"
#include "os/files.h"

namespace localcloud {

namespace asio = boost::asio;

namespace {

constexpr base::Millis kInitLimit{10'000};  // aws-facts §4

base::SteadyTime machine_now() {
  return std::chrono::steady_clock::now();
}

double milliseconds_since(base::SteadyTime start) {
  return std::chrono::duration<double, std::milli>(machine_now() - start).count();
}

std::string error_object(std::string_view type, std::string_view message) {
  json::object error;
  error["errorType"] = type;
  error["errorMessage"] = message;
  return codec::to_text(error);
}

// Lets everything that is ready to run do so: what a process wrote before it asked for `next` is read by then.
awaitable<void> let_others_run() {
  for (int turn = 0; turn < 4; ++turn) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

}  // namespace

void PendingInvocation::complete(InvokeOutput answer, std::string error_code) {
  if (output) return;
  answer.request_id = request_id;
  if (stream) stream->close(std::move(error_code), answer.function_error.empty() ? std::string() : answer.payload);
  output = std::move(answer);
  done.notify_all();
}

ExecutionEnvironment::ExecutionEnvironment(Cloud& cloud, Runtimes& runtimes,
                                           std::shared_ptr<const FunctionVersion> version)
    : cloud_(cloud),
      runtimes_(runtimes),
      version_(std::move(version)),
      log_(cloud, version_->log_group(), version_->number),
      temporary_directory_(fmt::format("{}/tmp/{}", cloud.work_directory, base::random_uuid())) {}

ExecutionEnvironment::~ExecutionEnvironment() {
  os::remove_all(temporary_directory_);
}

awaitable<void> ExecutionEnvironment::run() {
  base::TaskGroup tasks(co_await asio::this_coro::executor);
  std::exception_ptr failure;
  try {
    co_await live(tasks);
  } catch (...) {
    failure = std::current_exception();
  }
  // What follows is done even if this coroutine was cancelled.
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  killed_ = true;
  idle_ = false;
  co_await end_process();
  co_await tasks.close();
  if (invocation_) fail_invocation("Runtime.ExitError", "Error: Runtime exited with error: signal: killed");
  invocation_.reset();
  if (failure) std::rethrow_exception(failure);
}

awaitable<void> ExecutionEnvironment::live(base::TaskGroup& tasks) {
  net::ServerOptions options;
  options.streams_body = RuntimeProtocol::is_streamed_response;
  auto server = net::listen_http(cloud_.executor, std::move(options),
                                 [this](net::Exchange& exchange) { return handle(exchange); });
  if (!server) {
    base::log_error("no port for a Runtime API: {}", server.error().message);
    fail_invocation("Runtime.Unknown", "Error: " + server.error().message);
    co_return;
  }
  server_ = std::move(*server);
  tasks.spawn(server_->run());
  if (!co_await initialise_with_retry(tasks)) co_return;
  while (!stopping()) {
    if (!invocation_) co_await wait_for_work();
    if (stopping() || !invocation_) co_return;
    if (std::exchange(is_reset_, false) && !co_await initialise_in_invocation(tasks)) co_return;
    if (!co_await serve()) co_return;
  }
}

awaitable<void> ExecutionEnvironment::wait_for_work() {
  if (retired_) co_return;
  process_->signal_group(SIGSTOP);
  idle_ = true;
  idle_since_ = cloud_.clock->now();
  while (!invocation_ && !stopping() && !retired_) co_await changed_.wait();
  idle_ = false;
  if (!stopping()) process_->signal_group(SIGCONT);
  thawed_.notify_all();
}

void ExecutionEnvironment::assign(std::shared_ptr<PendingInvocation> invocation) {
  idle_ = false;
  invocation_ = std::move(invocation);
  changed_.notify_all();
}

void ExecutionEnvironment::retire() {
  retired_ = true;
  idle_ = false;
  changed_.notify_all();
}

void ExecutionEnvironment::kill() {
  killed_ = true;
  idle_ = false;
  if (process_) process_->signal_group(SIGKILL);
  changed_.notify_all();
}

awaitable<void> ExecutionEnvironment::end_process() {
  if (!process_) co_return;
  process_->signal_group(SIGKILL);
  co_await process_->wait();
}

awaitable<void> ExecutionEnvironment::end_init_phase() {
  co_await cloud_.clock->sleep_for(kInitLimit);
  init_phase_over_ = true;
  changed_.notify_all();
}

awaitable<ExecutionEnvironment::Initialised> ExecutionEnvironment::initialise(
    base::TaskGroup& tasks, std::optional<base::SteadyTime> deadline) {
  protocol_.restart();
  exited_.reset();
  excess_.clear();
  auto started = machine_now();
  if (auto begun = co_await start_process(tasks); !begun) {
    init_failure_ = RuntimeAnswer{
        .failed = true,
        .payload = error_object("Runtime.InvalidEntrypoint",
                                fmt::format("RequestId: {} Error: {}", invocation_->request_id, begun.error().message)),
        .error_type = "Runtime.InvalidEntrypoint"};
    co_return Initialised::failed;
  }
  auto too_late = [&] { return deadline ? machine_now() >= *deadline : init_phase_over_; };
  while (protocol_.state() == RuntimeProtocol::State::starting && !stopping() && !too_late()) {
    co_await changed_.wait(deadline.value_or(base::SteadyTime::max()));
  }
  co_await kill_if_too_large(started);
  if (killed_) co_return Initialised::killed;
  init_ms_ = milliseconds_since(started);
  if (protocol_.state() == RuntimeProtocol::State::ready && excess_.empty()) co_return Initialised::yes;
  if (protocol_.state() == RuntimeProtocol::State::failed) {
    init_failure_ = protocol_.take_answer();
    co_return Initialised::failed;
  }
  if (!exited_) co_return Initialised::timed_out;
  init_failure_ =
      RuntimeAnswer{.failed = true,
                    .payload = error_object("Runtime.ExitError",
                                            fmt::format("RequestId: {} {}", invocation_->request_id, describe_exit())),
                    .error_type = "Runtime.ExitError"};
  co_return Initialised::failed;
}

// A failed initialisation is tried once more, as part of the invocation that waits for it (aws-facts §4). The phase of
// its own ends by the local clock, which tests turn; within the invocation the function's timeout counts, by the
// machine's clock, which the function reads too.
awaitable<bool> ExecutionEnvironment::initialise_with_retry(base::TaskGroup& tasks) {
  tasks.spawn(end_init_phase());
  auto first = co_await initialise(tasks, std::nullopt);
  if (first == Initialised::yes) co_return true;
  if (first == Initialised::killed) co_return false;
  co_await let_others_run();
  log_.line(fmt::format("INIT_REPORT Init Duration: {:.2f} ms\tPhase: init\tStatus: {}\t", init_ms_.value_or(0),
                        first == Initialised::failed ? "error\tError Type: " + init_failure_->error_type : "timeout"));
  init_ms_.reset();
  co_await end_process();
  co_return co_await initialise_in_invocation(tasks);
}

awaitable<bool> ExecutionEnvironment::initialise_in_invocation(base::TaskGroup& tasks) {
  auto started = machine_now();
  auto second = co_await initialise(tasks, started + std::chrono::seconds(version_->timeout_seconds));
  init_ms_.reset();
  if (second == Initialised::yes) co_return true;
  if (second == Initialised::killed) co_return false;
  co_await let_others_run();
  log_.line(fmt::format("START RequestId: {} Version: {}", invocation_->request_id, version_->number));
  if (second == Initialised::timed_out) {
    report(milliseconds_since(started), "timeout", {});
    fail_invocation("Sandbox.Timedout", fmt::format("Error: Task timed out after {:.2f} seconds",
                                                    static_cast<double>(version_->timeout_seconds)));
  } else {
    report(milliseconds_since(started), "error", init_failure_->error_type);
    hand_over(*init_failure_);
  }
  co_return false;
}

awaitable<bool> ExecutionEnvironment::serve() {
  using State = RuntimeProtocol::State;
  auto invocation = invocation_;
  auto started = machine_now();
  auto timeout = std::chrono::seconds(version_->timeout_seconds);
  auto deadline = started + timeout;
  log_.begin_tail();
  log_.line(fmt::format("START RequestId: {} Version: {}", invocation->request_id, version_->number));
  protocol_.offer({.request_id = invocation->request_id,
                   .function_arn = invocation->function_arn.empty() ? version_->arn : invocation->function_arn,
                   .trace_id = invocation->trace_id,
                   .client_context = invocation->client_context,
                   .deadline_ms = base::epoch_ms(std::chrono::system_clock::now() + timeout),
                   .payload = std::move(invocation->payload)});
  changed_.notify_all();
  auto pending = [&](State state) { return protocol_.state() == state && !stopping() && machine_now() < deadline; };
  while (pending(State::busy)) co_await changed_.wait(deadline);
  auto answer = protocol_.take_answer();
  co_await kill_if_too_large(started);
  if (!excess_.empty()) answer.reset();
  if (answer) {
    if (!invocation->wants_log_tail) hand_over(*answer);
    while (pending(State::answered)) co_await changed_.wait(deadline);
  }
  double duration = milliseconds_since(started);
  co_await let_others_run();

  bool ready = protocol_.state() == State::ready && !stopping();
  if (ready) {
    report(duration, {}, {});
  } else if (stopping()) {
    std::string exit = describe_exit();
    log_.line(fmt::format("RequestId: {} {}\tRuntime.ExitError", invocation->request_id, exit));
    report(duration, "error", "Runtime.ExitError");
    if (!answer) fail_invocation("Runtime.ExitError", exit);
  } else {
    std::string words =
        fmt::format("Task timed out after {:.2f} seconds", static_cast<double>(version_->timeout_seconds));
    log_.line(fmt::format("{} {} {}", iso_time(cloud_.clock->now()), invocation->request_id, words));
    report(duration, "timeout", {});
    if (!answer) fail_invocation("Sandbox.Timedout", "Error: " + words);
  }
  if (answer) hand_over(*answer);
  invocation_.reset();
  if (!ready && !stopping() && !retired_) co_await reset();
  co_return !stopping() && !retired_;
}

// After a timeout: what runs is ended, and started again by the next invocation, in the same environment with its log
// stream and credentials (developer guide, "Understanding the Lambda execution environment lifecycle").
awaitable<void> ExecutionEnvironment::reset() {
  co_await end_process();
  while (!exited_) co_await changed_.wait();
  exited_.reset();
  is_reset_ = true;
}

void ExecutionEnvironment::hand_over(const RuntimeAnswer& answer) {
  if (!invocation_) return;
  InvokeOutput output;
  output.version = version_->number;
  output.payload = answer.payload;
  if (answer.failed) output.function_error = "Unhandled";
  output.log_tail = log_.tail();
  // What broke midway has the runtime's own name for it.
  bool midway = invocation_->stream && invocation_->stream->begun();
  std::string error_code = midway ? answer.error_type : "Unhandled";
  invocation_->complete(std::move(output), answer.failed ? std::move(error_code) : std::string());
}

void ExecutionEnvironment::fail_invocation(std::string_view type, std::string message) {
  if (!invocation_) return;
  hand_over({.failed = true,
             .payload = error_object(type, fmt::format("RequestId: {} {}", invocation_->request_id, message)),
             .error_type = std::string(type)});
}

std::string ExecutionEnvironment::describe_exit() const {
  if (!excess_.empty()) return excess_;
  if (killed_ || !exited_) return "Error: Runtime exited with error: signal: killed";
  if (exited_->signal == SIGKILL) return "Error: Runtime exited with error: signal: killed";
  if (exited_->signal != 0) return fmt::format("Error: Runtime exited with error: signal: {}", exited_->signal);
  if (exited_->code != 0) return fmt::format("Error: Runtime exited with error: exit status {}", exited_->code);
  return "Error: Runtime exited without providing a reason";
}

void ExecutionEnvironment::report(double duration_ms, std::string status, std::string error_type) {
  log_.line(fmt::format("END RequestId: {}", invocation_->request_id));
  log_.line(report_line({.request_id = invocation_->request_id,
                         .duration_ms = duration_ms,
                         .init_ms = std::exchange(init_ms_, std::nullopt),
                         .memory_mb = version_->memory_mb,
                         .max_memory_mb = peak_memory_mb(),
                         .status = std::move(status),
                         .error_type = std::move(error_type)}));
}

// What it has beyond its size is pages of files, which a machine of that size would have dropped.
long ExecutionEnvironment::peak_memory_mb() const {
  long peak = peak_memory_kb_ == 0 && exited_ ? exited_->max_rss_kb : peak_memory_kb_;
  return std::min<long>(peak / 1024, version_->memory_mb);
}

}  // namespace localcloud
