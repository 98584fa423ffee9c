#include "worker/worker_process.h"

#include <signal.h>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/notifier.h"
#include "base/task_group.h"
#include "runtime_api/endpoint.h"
#include "worker/log_lines.h"
#include "worker/words.h"

namespace worker {

namespace asio = boost::asio;

namespace {

// After the end of a process, what it wrote last is read: at most for this long, as a grandchild may hold its pipes
// open.
constexpr auto kLastWords = std::chrono::milliseconds(500);
constexpr auto kKillTimeout = std::chrono::seconds(5);

// The process, and what is known of it. Kept alive by the tasks that serve it, so that a Worker can go at any time.
class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(asio::any_io_executor executor, const base::Clock& clock, WorkerSpec spec, LogCallback log)
      : executor_(executor), clock_(clock), spec_(std::move(spec)), log_(std::move(log)) {}

  base::Result<> start(os::Spawner& spawner, WorkerCommand command);

  awaitable<void> serve();
  awaitable<void> read_output(bool from_stderr);
  awaitable<void> await_end();

  awaitable<WorkerOutcome> initialised();
  awaitable<WorkerOutcome> invoke(runtime_api::InvocationEvent event, std::function<void()> handed_over);
  awaitable<void> await_ended(base::SteadyTime until);
  void retire();
  void stop();
  void silence() { log_ = nullptr; }

  pid_t pid() const { return process_->pid(); }
  bool busy() const { return busy_; }
  bool usable() const { return !stopped_ && !retired_ && !exit_ && !init_failure_; }

 private:
  runtime_api::EndpointCallbacks callbacks();
  void emit(std::string text, bool from_stderr);
  awaitable<void> drain_output();
  void kill() { process_->signal_group(SIGKILL); }
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

  base::SteadyTime since_{};  // the event handed over, or the start
  bool loaded_ = false;
  bool stopped_ = false;
  bool retired_ = false;
  bool busy_ = false;       // an invoke() is under way
  bool handed_ = false;     // its event was taken
  std::string request_id_;  // for log records: of the event taken last
  std::function<void()> on_handed_over_;
  std::optional<runtime_api::Answer> init_failure_;
  std::optional<runtime_api::Answer> answer_;
  std::optional<os::ExitStatus> exit_;
};

base::Result<> Core::start(os::Spawner& spawner, WorkerCommand command) {
  TRY(endpoint_, runtime_api::Endpoint::listen(executor_, callbacks()));
  since_ = clock_.now();
  TRY(process_, spawner.spawn({.command = std::move(command.command),
                               .environment = command.environment(endpoint_->address()),
                               .directory = std::move(command.directory),
                               .capture_stdout = true,
                               .capture_stderr = true,
                               .outlives_parent = false}));
  spec_.environment.clear();  // credentials stay no longer than needed
  return {};
}

runtime_api::EndpointCallbacks Core::callbacks() {
  runtime_api::EndpointCallbacks callbacks;
  callbacks.waiting = [this] {
    loaded_ = true;
    changed_.notify_all();
  };
  callbacks.handed_over = [this] {
    handed_ = true;
    since_ = clock_.now();
    if (on_handed_over_) std::exchange(on_handed_over_, nullptr)();
  };
  callbacks.answered = [this](runtime_api::Answer answer) {
    answer_ = std::move(answer);
    changed_.notify_all();
  };
  callbacks.init_failed = [this](runtime_api::Answer answer) {
    init_failure_ = std::move(answer);
    changed_.notify_all();
  };
  return callbacks;
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
          .duration = std::chrono::duration_cast<base::Millis>(clock_.now() - since_)};
}

std::optional<WorkerOutcome> Core::init_outcome() const {
  if (init_failure_) return outcome(WorkerOutcome::Kind::init_failed, *init_failure_);
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

awaitable<WorkerOutcome> Core::invoke(runtime_api::InvocationEvent event, std::function<void()> handed_over) {
  // However this ends: the next may begin, or the process is killed. A cancelled coroutine leaves an invocation behind.
  struct Busy {
    std::shared_ptr<Core> core;
    bool ended = false;
    explicit Busy(std::shared_ptr<Core> of) : core(std::move(of)) { core->busy_ = true; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() {
      core->busy_ = false;
      core->on_handed_over_ = nullptr;
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
  on_handed_over_ = [this, request_id, tell = std::move(handed_over)] {
    request_id_ = request_id;
    if (tell) tell();
  };
  endpoint_->offer(std::move(event));

  std::optional<WorkerOutcome> ended;
  while (!(ended = invocation_outcome())) {
    if (clock_.now() >= deadline) {
      const auto timeout =
          spec_.timeout.count() > 0 ? spec_.timeout : std::chrono::duration_cast<base::Millis>(deadline - begin);
      ended = outcome(WorkerOutcome::Kind::timed_out, timeout_failure(request_id, timeout));
      stop();
      break;
    }
    co_await changed_.wait(deadline);
  }
  co_await drain_output();
  busy.ended = true;
  co_return *ended;
}

awaitable<void> Core::await_ended(base::SteadyTime until) {
  auto self = shared_from_this();
  while (!exit_ && clock_.now() < until) co_await changed_.wait(until);
}

void Core::retire() {
  retired_ = true;
  if (!busy_) stop();
}

void Core::stop() {
  if (stopped_) return;
  stopped_ = true;
  if (!exit_) kill();
  changed_.notify_all();
}

class WorkerProcess final : public Worker {
 public:
  WorkerProcess(asio::any_io_executor executor, std::shared_ptr<Core> core)
      : core_(std::move(core)), tasks_(std::move(executor)) {
    tasks_.spawn(core_->serve());
    tasks_.spawn(core_->read_output(false));
    tasks_.spawn(core_->read_output(true));
    tasks_.spawn(core_->await_end());
  }
  ~WorkerProcess() override {
    core_->silence();
    core_->stop();
  }

  pid_t pid() const override { return core_->pid(); }
  bool usable() const override { return core_->usable(); }
  bool busy() const override { return core_->busy(); }
  awaitable<WorkerOutcome> initialised() override { return core_->initialised(); }
  awaitable<WorkerOutcome> invoke(runtime_api::InvocationEvent event, std::function<void()> handed_over) override {
    return core_->invoke(std::move(event), std::move(handed_over));
  }
  void retire() override { core_->retire(); }
  void stop() override { core_->stop(); }

  awaitable<void> close() override {
    core_->stop();
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
