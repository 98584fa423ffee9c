#include "worker/worker_process.h"

#include <signal.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/notifier.h"
#include "base/task_group.h"
#include "runtime_api/endpoint.h"
#include "worker/environment.h"
#include "worker/extension_processes.h"
#include "worker/layers.h"
#include "worker/log_lines.h"
#include "worker/own_tmp.h"
#include "worker/words.h"

namespace worker {

namespace asio = boost::asio;

namespace {

// After the end of a process, what it wrote last is read: at most for this long, as a grandchild may hold its pipes
// open.
constexpr auto kLastWords = std::chrono::milliseconds(500);
constexpr auto kKillTimeout = std::chrono::seconds(5);
constexpr auto kInternalShutdown = std::chrono::milliseconds(500);  // of a runtime with internal extensions
constexpr auto kInitPhase =
    std::chrono::seconds(10);  // aws-facts §4: loading has that, whatever the function's timeout
constexpr auto kLookAgain = std::chrono::milliseconds(500);  // whether a debugger still holds the process
constexpr std::chrono::milliseconds kFirstSample{20};    // of memory, after something began to run; then after twice
constexpr std::chrono::milliseconds kLongestPause{160};  // as long, up to this

awaitable<bool> for_nobody() {
  co_return false;
}

// The process, and what is known of it. Kept alive by the tasks that serve it, so that a Worker can go at any time.
class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(asio::any_io_executor executor, const base::Clock& clock, WorkerSpec spec, LogCallback log)
      : executor_(executor), clock_(clock), spec_(std::move(spec)), log_(std::move(log)) {}

  base::Result<> start(os::Spawner& spawner, WorkerCommand command);

  awaitable<void> serve();
  awaitable<void> read_output(bool from_stderr);
  awaitable<void> await_end();
  awaitable<void> watch_memory();
  awaitable<void> run_extensions();

  awaitable<WorkerOutcome> initialised();
  awaitable<WorkerOutcome> invoke(runtime_api::InvocationEvent event, InvocationHooks hooks);
  awaitable<void> await_ended(base::SteadyTime until);
  void retire();
  void stop();
  void insist();  // stop() with SIGKILL, unless the extensions see to that
  void silence() { log_ = nullptr; }

  pid_t pid() const { return process_->pid(); }
  bool busy() const { return busy_; }
  bool usable() const {
    return !stopped_ && !retired_ && !exit_ && !init_failure_ && !over_limit_ && !extension_failure_;
  }
  long memory_mb() const { return resident_kb_ / 1024; }

 private:
  runtime_api::EndpointCallbacks callbacks();
  void start_with_extensions(os::Spawner& spawner, ExtensionProcesses::Plan plan);
  void emit(std::string text, bool from_stderr);
  awaitable<void> drain_output();
  void kill() { process_->signal_group(SIGKILL); }
  void measure();
  long peak_memory_mb() const;
  // How initialisation went, once it is known.
  std::optional<WorkerOutcome> init_outcome() const;
  // How the running invocation ended, once it did.
  std::optional<WorkerOutcome> invocation_outcome();
  WorkerOutcome outcome(WorkerOutcome::Kind kind, runtime_api::Answer answer) const;

  asio::any_io_executor executor_;
  const base::Clock& clock_;
  WorkerSpec spec_;
  LogCallback log_;
  base::Notifier changed_;
  std::unique_ptr<runtime_api::Endpoint> endpoint_;
  std::unique_ptr<os::Process> process_;
  LineSplitter stdout_lines_;
  LineSplitter stderr_lines_;
  int open_outputs_ = 2;
  std::uint64_t reads_ = 0;

  base::SteadyTime started_{};
  base::SteadyTime since_{};  // the event handed over, or the start
  std::optional<base::SteadyTime> loaded_;
  bool had_invocation_ = false;
  os::LookPace pace_;
  long resident_kb_ = 0;
  long peak_kb_ = 0;
  bool over_limit_ = false;  // and killed for it
  bool stopped_ = false;
  bool retired_ = false;
  bool busy_ = false;       // an invoke() is under way
  bool handed_ = false;     // its event was taken
  std::string request_id_;  // for log records: of the event taken last
  std::string next_request_id_;
  InvocationHooks hooks_;                           // of the running invocation
  std::shared_ptr<ExtensionProcesses> extensions_;  // null if its layers have none
  const char* end_reason_ = "spindown";             // as extensions are told
  std::optional<runtime_api::Answer> extension_failure_;
  std::optional<runtime_api::Answer> init_failure_;
  std::optional<runtime_api::Answer> answer_;
  std::optional<os::ExitStatus> exit_;
};

base::Result<> Core::start(os::Spawner& spawner, WorkerCommand command) {
  TRY(endpoint_, runtime_api::Endpoint::listen(executor_, callbacks()));
  started_ = since_ = clock_.now();
  os::ProcessOptions options{.command = std::move(command.command),
                             .environment = command.environment(endpoint_->address()),
                             .directory = std::move(command.directory),
                             .traceable = spec_.code.debugged};
  endpoint_->describe({.name = options.environment["AWS_LAMBDA_FUNCTION_NAME"],
                       .version = options.environment["AWS_LAMBDA_FUNCTION_VERSION"],
                       .handler = spec_.code.handler,
                       .account = std::move(command.account)});
  give_own_tmp(options, command.tmp, spec_.environment);
  spec_.environment.clear();  // credentials stay no longer than needed
  if (auto programs = find_extensions(command.opt); !programs.empty()) {
    start_with_extensions(spawner, {.programs = std::move(programs),
                                    .environment = extension_environment(options.environment),
                                    .opt = std::move(command.opt),
                                    .runtime = std::move(options)});
    return {};
  }
  TRY(process_, spawn_with_opt(spawner, std::move(options), command.opt));
  return {};
}

void Core::start_with_extensions(os::Spawner& spawner, ExtensionProcesses::Plan plan) {
  ExtensionProcesses::Callbacks callbacks{
      .output = [this](std::string line, bool from_stderr) { emit(std::move(line), from_stderr); },
      .failed =
          [this](std::string type, os::ExitStatus status) {
            extension_failure_ = extension_failure(std::move(type), handed_ && busy_ ? request_id_ : "", status);
            changed_.notify_all();
          }};
  extensions_ = std::make_shared<ExtensionProcesses>(executor_, spawner, clock_, *endpoint_, std::move(plan),
                                                     std::move(callbacks));
  process_ = extensions_->runtime();
}

runtime_api::EndpointCallbacks Core::callbacks() {
  runtime_api::EndpointCallbacks callbacks;
  callbacks.waiting = [this] {
    if (!loaded_) loaded_ = clock_.now();
    changed_.notify_all();
  };
  callbacks.handed_over = [this] {
    handed_ = true;
    since_ = clock_.now();
    request_id_ = next_request_id_;
    if (hooks_.handed_over) hooks_.handed_over();
  };
  callbacks.answered = [this](runtime_api::Answer answer) {
    if (pace_.is_due(since_, clock_.now())) measure();
    if (over_limit_) return;  // it came too late: in Lambda the process would have been killed before
    answer_ = std::move(answer);
    changed_.notify_all();
  };
  callbacks.stream_begun = [this](std::string content_type) {
    if (hooks_.stream_begun) hooks_.stream_begun(std::move(content_type));
  };
  callbacks.stream_piece = [this](std::string piece) {
    return hooks_.stream_piece ? hooks_.stream_piece(std::move(piece)) : for_nobody();
  };
  callbacks.init_failed = [this](runtime_api::Answer answer) {
    init_failure_ = std::move(answer);
    changed_.notify_all();
  };
  callbacks.extension_called = [this] {
    if (extensions_) extensions_->called();
  };
  return callbacks;
}

awaitable<void> Core::run_extensions() {
  auto self = shared_from_this();
  if (!extensions_) co_return;
  co_await extensions_->run();
  changed_.notify_all();
}

awaitable<void> Core::serve() {
  auto self = shared_from_this();
  co_await endpoint_->run();
}

awaitable<void> Core::read_output(bool from_stderr) {
  auto self = shared_from_this();
  auto& lines = from_stderr ? stderr_lines_ : stdout_lines_;
  for (;;) {
    auto bytes = co_await (from_stderr ? process_->read_stderr() : process_->read_stdout());
    if (bytes.empty()) break;
    ++reads_;
    for (auto& line : lines.feed(bytes)) emit(std::move(line), from_stderr);
  }
  if (auto rest = lines.flush()) emit(std::move(*rest), from_stderr);
  --open_outputs_;
  changed_.notify_all();
}

awaitable<void> Core::await_end() {
  auto self = shared_from_this();
  const auto status = co_await process_->wait();
  const auto until = clock_.now() + kLastWords;
  while (open_outputs_ > 0 && clock_.now() < until) co_await changed_.wait(until);
  exit_ = status;
  changed_.notify_all();
}

// Costs nothing while the process waits for work, and little while it runs for long, as many may at a time.
awaitable<void> Core::watch_memory() {
  auto self = shared_from_this();
  auto pause = kFirstSample;
  while (!exit_ && !stopped_) {
    if (loaded_ && !busy_) {
      pause = kFirstSample;
      co_await changed_.wait();
      continue;
    }
    co_await base::sleep_for(pause);
    pause = std::min(2 * pause, kLongestPause);
    measure();
  }
}

// What the process had between two samples is seen too, in the peak that the kernel keeps.
void Core::measure() {
  if (exit_ || stopped_) return;
  const auto memory = process_->memory();
  pace_.looked(clock_.now());
  resident_kb_ = memory.resident_kb;
  peak_kb_ = std::max(peak_kb_, memory.resident_kb);
  if (spec_.memory_limit_mb == 0 || memory.own_kb <= spec_.memory_limit_mb * 1024L) return;
  over_limit_ = true;
  kill();
}

// Pages of files, which do not count, may take it over the limit; Lambda tells no more than that.
long Core::peak_memory_mb() const {
  const long peak = peak_kb_ / 1024;
  return spec_.memory_limit_mb == 0 ? peak : std::min<long>(peak, spec_.memory_limit_mb);
}

void Core::emit(std::string text, bool from_stderr) {
  if (log_) log_(LogRecord{.text = std::move(text), .request_id = request_id_, .from_stderr = from_stderr});
}

// What the function printed lies in the pipes before its answer: the readers go first, as long as they find something.
awaitable<void> Core::drain_output() {
  constexpr int kMostRounds = 100;  // a background task may print for ever
  auto before = reads_ + 1;
  for (int round = 0; round < kMostRounds && before != reads_; ++round) {
    before = reads_;
    for (int turn = 0; turn < 3; ++turn) co_await asio::post(executor_, asio::use_awaitable);
  }
  if (auto rest = stdout_lines_.flush()) emit(std::move(*rest), false);
  if (auto rest = stderr_lines_.flush()) emit(std::move(*rest), true);
}

WorkerOutcome Core::outcome(WorkerOutcome::Kind kind, runtime_api::Answer answer) const {
  return {.kind = kind,
          .answer = std::move(answer),
          .duration = std::chrono::duration_cast<base::Millis>(clock_.now() - since_),
          .peak_memory_mb = peak_memory_mb()};
}

std::optional<WorkerOutcome> Core::init_outcome() const {
  if (init_failure_) return outcome(WorkerOutcome::Kind::init_failed, *init_failure_);
  if (extension_failure_) return outcome(WorkerOutcome::Kind::init_failed, *extension_failure_);
  if (stopped_) return outcome(WorkerOutcome::Kind::cancelled, {});
  if (loaded_) return outcome(WorkerOutcome::Kind::result, {});
  if (exit_) return outcome(WorkerOutcome::Kind::init_failed, exit_failure({}, *exit_));
  return std::nullopt;
}

std::optional<WorkerOutcome> Core::invocation_outcome() {
  if (answer_) {
    const auto kind = answer_->failure ? WorkerOutcome::Kind::failure : WorkerOutcome::Kind::result;
    return outcome(kind, *std::exchange(answer_, std::nullopt));
  }
  if (init_failure_) return outcome(WorkerOutcome::Kind::init_failed, *init_failure_);
  if (extension_failure_ && !loaded_) return outcome(WorkerOutcome::Kind::init_failed, *extension_failure_);
  if (extension_failure_ && handed_) return outcome(WorkerOutcome::Kind::exited, *extension_failure_);
  if (extension_failure_) return outcome(WorkerOutcome::Kind::not_started, {});
  if (stopped_) return outcome(WorkerOutcome::Kind::cancelled, {});
  if (!exit_) return std::nullopt;
  if (handed_) return outcome(WorkerOutcome::Kind::exited, exit_failure(request_id_, *exit_));
  if (loaded_) return outcome(WorkerOutcome::Kind::not_started, {});
  return outcome(WorkerOutcome::Kind::init_failed, exit_failure({}, *exit_));
}

awaitable<WorkerOutcome> Core::initialised() {
  auto self = shared_from_this();
  for (;;) {
    if (auto known = init_outcome()) co_return *known;
    co_await changed_.wait();
  }
}

awaitable<WorkerOutcome> Core::invoke(runtime_api::InvocationEvent event, InvocationHooks hooks) {
  // However this ends: the next may begin, or the process is killed. A cancelled coroutine leaves an invocation behind.
  struct Busy {
    std::shared_ptr<Core> core;
    bool ended = false;
    explicit Busy(std::shared_ptr<Core> of) : core(std::move(of)) {
      core->busy_ = true;
      core->changed_.notify_all();
    }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() {
      core->busy_ = false;
      core->had_invocation_ = true;
      core->hooks_ = {};
      if (!ended || core->retired_) core->stop();
    }
  };
  if (retired_ || busy_) co_return outcome(WorkerOutcome::Kind::not_started, {});
  Busy busy(shared_from_this());
  const auto begin = clock_.now();
  const auto deadline =
      begin + std::chrono::duration_cast<base::SteadyTime::duration>(event.deadline - clock_.wall_now());
  const auto request_id = event.request_id;
  answer_.reset();
  handed_ = false;
  hooks_ = std::move(hooks);
  next_request_id_ = request_id;
  endpoint_->offer(std::move(event));

  std::optional<WorkerOutcome> ended;
  while (!(ended = invocation_outcome())) {
    const bool held = clock_.now() >= deadline && spec_.held && spec_.held();
    if (clock_.now() >= deadline && !held) {
      const auto timeout =
          spec_.timeout.count() > 0 ? spec_.timeout : std::chrono::duration_cast<base::Millis>(deadline - begin);
      ended = outcome(WorkerOutcome::Kind::timed_out, timeout_failure(request_id, timeout));
      if (loaded_ || clock_.now() - started_ >= kInitPhase) {
        end_reason_ = "timeout";
        stop();
      } else {
        endpoint_->withdraw();
      }
      break;
    }
    co_await changed_.wait(held ? clock_.now() + kLookAgain : deadline);
  }
  if (!had_invocation_ && ended->kind != WorkerOutcome::Kind::not_started) {
    ended->init = std::chrono::duration_cast<base::Millis>(loaded_.value_or(clock_.now()) - started_);
  }
  co_await drain_output();
  busy.ended = true;
  co_return *ended;
}

awaitable<void> Core::await_ended(base::SteadyTime until) {
  auto self = shared_from_this();
  const auto ended = [this] { return exit_ && (!extensions_ || extensions_->ended()); };
  while (!ended() && clock_.now() < until) co_await changed_.wait(until);
}

void Core::retire() {
  retired_ = true;
  if (!busy_) stop();
}

void Core::stop() {
  if (stopped_) return;
  stopped_ = true;
  if (extensions_) {
    extensions_->shut_down(end_reason_);
  } else if (!exit_) {
    // An internal extension is given its half second by close().
    process_->signal_group(endpoint_->extensions().any() && !busy_ ? SIGTERM : SIGKILL);
  }
  changed_.notify_all();
}

void Core::insist() {
  if (!exit_ && !extensions_) kill();
}

class WorkerProcess final : public Worker {
 public:
  WorkerProcess(asio::any_io_executor executor, std::shared_ptr<Core> core)
      : core_(std::move(core)), tasks_(std::move(executor)) {
    tasks_.spawn(core_->serve());
    tasks_.spawn(core_->read_output(false));
    tasks_.spawn(core_->read_output(true));
    tasks_.spawn(core_->await_end());
    tasks_.spawn(core_->watch_memory());
    tasks_.spawn(core_->run_extensions());
  }
  ~WorkerProcess() override {
    core_->silence();
    core_->stop();
  }

  pid_t pid() const override { return core_->pid(); }
  bool usable() const override { return core_->usable(); }
  bool busy() const override { return core_->busy(); }
  long memory_mb() const override { return core_->memory_mb(); }
  awaitable<WorkerOutcome> initialised() override { return core_->initialised(); }
  awaitable<WorkerOutcome> invoke(runtime_api::InvocationEvent event, InvocationHooks hooks) override {
    return core_->invoke(std::move(event), std::move(hooks));
  }
  void retire() override { core_->retire(); }
  void stop() override { core_->stop(); }

  awaitable<void> close() override {
    core_->stop();
    co_await core_->await_ended(std::chrono::steady_clock::now() + kInternalShutdown);
    core_->insist();
    co_await core_->await_ended(std::chrono::steady_clock::now() + kKillTimeout);
    co_await tasks_.close();
  }

 private:
  std::shared_ptr<Core> core_;
  base::TaskGroup tasks_;
};

}  // namespace

base::Result<std::unique_ptr<Worker>> start_worker_process(asio::any_io_executor executor, os::Spawner& spawner,
                                                           const base::Clock& clock, WorkerSpec spec,
                                                           WorkerCommand command, LogCallback log) {
  auto core = std::make_shared<Core>(executor, clock, std::move(spec), std::move(log));
  TRY(core->start(spawner, std::move(command)));
  return std::make_unique<WorkerProcess>(std::move(executor), std::move(core));
}

}  // namespace worker
