#include "session/environments.h"

#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "codec/json.h"
#include "session/trigger.h"

namespace session {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Kind = worker::WorkerOutcome::Kind;

constexpr auto kIdleLimit = 10min;
constexpr auto kSweepEvery = 1min;

double to_ms(base::SteadyTime::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

awaitable<void> wait_on(asio::steady_timer& timer) {
  boost::system::error_code woken;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

bridge::Answer to_bridge(runtime_api::Answer answer) {
  bridge::Answer out{.failed = answer.failure, .headers = {}, .body = std::move(answer.body)};
  auto add = [&](const char* name, std::string& value) {
    if (!value.empty()) out.headers.emplace_back(name, std::move(value));
  };
  add("Content-Type", answer.content_type);
  add("Lambda-Runtime-Function-Error-Type", answer.error_type);
  add("Lambda-Runtime-Function-XRay-Error-Cause", answer.xray_error_cause);
  return out;
}

runtime_api::InvocationEvent to_event(const bridge::Invocation& invocation) {
  return {.request_id = invocation.request_id,
          .body = invocation.event,
          .deadline = base::from_epoch_ms(invocation.deadline_ms),
          .function_arn = invocation.function_arn,
          .trace_id = invocation.trace_id,
          .client_context = invocation.client_context,
          .cognito_identity = invocation.cognito_identity,
          .tenant_id = invocation.tenant_id};
}

worker::WorkerOutcome live_failure(std::string type, const std::string& message) {
  return {.kind = Kind::failure, .answer = runtime_api::make_failure(std::move(type), "livelambda: " + message)};
}

// A Lambda error object as people read it: "TypeError: x is not a function", then the stack trace.
std::string readable_error(const std::string& body) {
  auto parsed = codec::parse_json(body);
  if (!parsed || codec::find(*parsed, "errorMessage") == nullptr) return body;
  std::string type = codec::find_string(*parsed, "errorType");
  std::string text = (type.empty() ? "" : type + ": ") + codec::find_string(*parsed, "errorMessage");
  for (const char* name : {"trace", "stackTrace"}) {
    const auto* trace = codec::find(*parsed, name);
    if (trace == nullptr || !trace->is_array()) continue;
    for (const auto& line : trace->as_array()) {
      // The first line of a JavaScript trace repeats type and message.
      if (line.is_string() && std::string_view(line.get_string()) != text)
        text += "\n" + std::string(line.get_string());
    }
  }
  return text;
}

}  // namespace

Environments::Environments(asio::any_io_executor executor, worker::Launcher& launcher, AttemptSink& sink,
                           const base::Clock& clock, Reporter& reporter, std::map<std::string, LiveFunction> functions)
    : executor_(executor),
      launcher_(launcher),
      sink_(sink),
      clock_(clock),
      reporter_(reporter),
      functions_(std::move(functions)),
      tasks_(executor) {
  tasks_.spawn(end_idle_twins());
}

Environments::~Environments() = default;

void Environments::announced(bridge::Announced announced) {
  Environment& environment = environments_[announced.environment];
  environment.announce = std::move(announced.announce);
  environment.ready = std::make_unique<asio::steady_timer>(executor_);
  environment.last_used = clock_.now();
  auto function = functions_.find(environment.announce.function);
  if (function == functions_.end()) return;  // its attempts are answered with an error that says so
  environment.function = &function->second;
  tasks_.spawn(start_ahead(announced.environment, false));
}

void Environments::arrived(bridge::AttemptArrived arrived) {
  Attempt attempt;
  attempt.invocation = std::move(arrived.invocation);
  attempt.arrived = arrived.arrived;
  attempt.deadline = arrived.deadline;
  attempt.changed = std::make_shared<asio::steady_timer>(executor_, asio::steady_timer::time_point::max());
  attempts_[arrived.id] = std::move(attempt);
  tasks_.spawn(run(arrived.id));
}

void Environments::start(bridge::AttemptId id) {
  auto found = attempts_.find(id);
  if (found == attempts_.end()) return;
  found->second.may_start = true;
  found->second.changed->cancel();
}

void Environments::cancel(bridge::AttemptId id, std::string reason) {
  auto found = attempts_.find(id);
  if (found == attempts_.end()) return;
  found->second.cancelled = true;
  found->second.report.error = std::move(reason);
  found->second.changed->cancel();
  auto environment = environments_.find(id.environment);
  bool running = found->second.handed_over != base::SteadyTime{};
  if (running && environment != environments_.end() && environment->second.twin)
    environment->second.twin->process->stop();
}

void Environments::delivered(bridge::Delivered delivered) {
  auto found = attempts_.find(delivered.id);
  if (found == attempts_.end()) return;
  Attempt& attempt = found->second;
  attempt.report.overhead_ms =
      to_ms(attempt.handed_over - attempt.arrived) + to_ms(delivered.delivered - delivered.answered);
  reporter_.report(attempt.report);
  attempts_.erase(found);
}

void Environments::undelivered(bridge::AttemptId id) {
  auto found = attempts_.find(id);
  if (found == attempts_.end()) return;
  found->second.report.status = "error";
  found->second.report.error =
      "the answer could not be delivered: the stub did not ask for it until 60 s past the deadline";
  reporter_.report(found->second.report);
  attempts_.erase(found);
}

bool Environments::current(const Environment& environment) const {
  if (!environment.twin || !environment.twin->process->usable()) return false;
  auto generation = generations_.find(environment.function->info.logical_id);
  return environment.twin->generation == (generation == generations_.end() ? 0 : generation->second);
}

// A twin on the present code: the one that is there, or a new one. Two callers share one start.
awaitable<base::Result<std::shared_ptr<Environments::Twin>>> Environments::fresh_twin(bridge::EnvironmentId id) {
  Environment& environment = environments_.at(id);
  while (environment.starting) {
    environment.ready->expires_at(asio::steady_timer::time_point::max());
    co_await wait_on(*environment.ready);
  }
  if (current(environment)) co_return environment.twin;
  retire(environment);
  environment.starting = true;
  auto twin = std::make_shared<Twin>();
  twin->generation = generations_[environment.function->info.logical_id];
  twin->started = clock_.now();
  const LiveFunction& function = *environment.function;
  worker::WorkerSpec spec{
      .function = function.info.logical_id,
      .runtime = function.info.runtime,
      .handler = function.info.handler,
      .source = function.info.source,
      .environment = {environment.announce.environment.begin(), environment.announce.environment.end()},
      .timeout = function.timeout};
  auto started = co_await launcher_.start(
      std::move(spec), [this, &function](worker::LogRecord record) { log(function, std::move(record)); });
  environment.starting = false;
  environment.ready->cancel();
  if (!started) co_return base::fail(started.error());
  twin->process = std::move(*started);
  environment.twin = twin;
  co_return twin;
}

// Starts a worker before anyone waits for it, and says whether its code loads.
awaitable<void> Environments::start_ahead(bridge::EnvironmentId id, bool reload) {
  const std::string& function = environments_.at(id).function->info.logical_id;
  auto twin = co_await fresh_twin(id);
  if (!twin) {
    reporter_.report(
        BuildReport{.reload = reload, .function = function, .status = "error", .output = twin.error().message});
    co_return;
  }
  auto outcome = co_await (*twin)->process->initialised();
  double ms = to_ms(clock_.now() - (*twin)->started);
  if (outcome.kind == Kind::init_failed) {
    reporter_.report(BuildReport{reload, function, ms, "error", readable_error(outcome.answer.body)});
  } else if (reload && outcome.kind == Kind::result) {
    reporter_.report(BuildReport{.reload = true, .function = function, .ms = ms, .status = "ok", .output = {}});
  }
}

void Environments::retire(Environment& environment) {
  if (!environment.twin) return;
  environment.twin->process->retire();
  tasks_.spawn(end_twin(std::exchange(environment.twin, nullptr)));
}

// Keeps a retired worker until its last attempt has ended.
awaitable<void> Environments::end_twin(std::shared_ptr<Twin> twin) {
  while (twin->process->busy()) co_await base::sleep_for(20ms);
  co_await twin->process->close();
}

awaitable<void> Environments::end_idle_twins() {
  while (true) {
    co_await base::sleep_for(kSweepEvery);
    for (auto& [id, environment] : environments_) {
      if (environment.twin && !environment.starting && !environment.twin->process->busy() &&
          clock_.now() - environment.last_used > kIdleLimit) {
        retire(environment);
      }
    }
  }
}

void Environments::reload(const std::set<std::string>& functions) {
  for (const std::string& function : functions) {
    ++generations_[function];
    std::optional<bridge::EnvironmentId> last_used;
    for (auto& [id, environment] : environments_) {
      if (environment.function == nullptr || environment.function->info.logical_id != function) continue;
      bool is_alive = environment.twin != nullptr;
      if (!environment.starting) retire(environment);
      if (is_alive && (!last_used || environment.last_used > environments_.at(*last_used).last_used)) last_used = id;
    }
    if (last_used) {
      tasks_.spawn(start_ahead(*last_used, true));
    } else {
      reporter_.report(BuildReport{.reload = true, .function = function, .status = "ok"});
    }
  }
}

// Has a worker ready, asks the bridge whether the attempt may still start, and runs it.
awaitable<void> Environments::run(bridge::AttemptId id) {
  Attempt& attempt = attempts_.at(id);
  if (function_of(id.environment) != nullptr) {
    co_await fresh_twin(id.environment);  // a failure shows again in run_on_a_worker()
  }
  sink_.worker_ready(id);
  while (!attempt.may_start && !attempt.cancelled) co_await wait_on(*attempt.changed);
  worker::WorkerOutcome outcome{.kind = Kind::cancelled};
  if (!attempt.cancelled) outcome = co_await run_on_a_worker(id);
  finish(id, std::move(outcome));
}

awaitable<worker::WorkerOutcome> Environments::run_on_a_worker(bridge::AttemptId id) {
  Attempt& attempt = attempts_.at(id);
  const LiveFunction* function = function_of(id.environment);
  if (function == nullptr) {
    co_return live_failure("Function.LiveUnknown",
                           fmt::format("{} is not part of the app as it was started; run `livelambda start` again",
                                       name_of(id.environment)));
  }
  worker::WorkerOutcome outcome;
  for (int tries = 0; tries < 3 && outcome.kind == Kind::not_started; ++tries) {
    auto twin = co_await fresh_twin(id.environment);  // the code may have changed while the attempt waited
    if (!twin) co_return live_failure("Function.LiveWorker", twin.error().message);
    attempt.report.pid = static_cast<int>((*twin)->process->pid());
    if (tries == 0) report_started(id);
    outcome = co_await (*twin)->process->invoke(to_event(attempt.invocation), [this, id] {
      if (auto found = attempts_.find(id); found != attempts_.end()) found->second.handed_over = clock_.now();
    });
    environments_.at(id.environment).last_used = clock_.now();
  }
  if (outcome.kind == Kind::not_started) {
    co_return live_failure("Function.LiveWorker", "the worker ends before it takes an event; its log says why");
  }
  co_return outcome;
}

const LiveFunction* Environments::function_of(bridge::EnvironmentId id) const {
  auto environment = environments_.find(id);
  return environment == environments_.end() ? nullptr : environment->second.function;
}

// The logical id, or the physical name of a function that is not known here.
std::string Environments::name_of(bridge::EnvironmentId id) const {
  if (const LiveFunction* function = function_of(id)) return function->info.logical_id;
  auto environment = environments_.find(id);
  return environment == environments_.end() ? "this function" : environment->second.announce.function;
}

void Environments::report_started(bridge::AttemptId id) {
  Attempt& attempt = attempts_.at(id);
  attempt.report.request_id = attempt.invocation.request_id;
  attempt.report.function = name_of(id.environment);
  attempt.report.trigger = trigger_of(attempt.invocation.event);
  attempt.report.environment = id.environment.to_string();
  reporter_.report(attempt.report);
}

// Hands the answer to the bridge; the report goes out when it is delivered.
void Environments::finish(bridge::AttemptId id, worker::WorkerOutcome outcome) {
  auto found = attempts_.find(id);
  if (found == attempts_.end()) return;
  Attempt& attempt = found->second;
  InvocationReport& report = attempt.report;
  if (report.request_id.empty()) report_started(id);
  report.phase = InvocationReport::Phase::finished;
  report.ms = std::chrono::duration<double, std::milli>(outcome.duration).count();
  report.status = outcome.kind == Kind::result ? "ok" : outcome.kind == Kind::timed_out ? "timeout" : "error";
  if (outcome.answer.failure) report.error = readable_error(outcome.answer.body);
  if (attempt.handed_over == base::SteadyTime{}) attempt.handed_over = attempt.arrived;  // nothing was handed over
  if (outcome.kind != Kind::timed_out && outcome.kind != Kind::cancelled) {
    sink_.answer(id, to_bridge(std::move(outcome.answer)));
    return;
  }
  // Lambda says a timeout in its own words; who cancelled wants no answer.
  if (report.error.empty()) report.error = "cancelled";
  report.overhead_ms = to_ms(attempt.handed_over - attempt.arrived);
  reporter_.report(report);
  attempts_.erase(found);
}

void Environments::log(const LiveFunction& function, worker::LogRecord record) {
  reporter_.report(LogLine{std::move(record.request_id), function.info.logical_id, std::move(record.text)});
}

awaitable<void> Environments::close() {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await asio::this_coro::reset_cancellation_state();
  for (auto& [id, environment] : environments_) {
    if (environment.twin) environment.twin->process->stop();
  }
  co_await tasks_.close();
  for (auto& [id, environment] : environments_) {
    if (environment.twin) co_await environment.twin->process->close();
  }
}

}  // namespace session
