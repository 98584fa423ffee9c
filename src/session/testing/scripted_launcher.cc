#include "session/testing/scripted_launcher.h"

#include <algorithm>
#include <utility>

namespace session::testing {
namespace {

using worker::WorkerOutcome;
using Kind = WorkerOutcome::Kind;

class ScriptedWorker final : public worker::Worker {
 public:
  ScriptedWorker(std::shared_ptr<Script> script, worker::WorkerSpec spec, pid_t pid)
      : script_(std::move(script)), spec_(std::move(spec)), pid_(pid), init_failure_(script_->init_failure) {
    ++script_->alive;
  }
  ~ScriptedWorker() override {
    stop();
    --script_->alive;
  }
  ScriptedWorker(const ScriptedWorker&) = delete;
  ScriptedWorker& operator=(const ScriptedWorker&) = delete;

  pid_t pid() const override { return pid_; }
  bool usable() const override { return !stopped_ && !retired_ && !init_failure_; }
  bool busy() const override { return busy_; }
  long memory_mb() const override { return script_->memory_mb; }

  awaitable<WorkerOutcome> initialised() override {
    if (init_failure_) co_return WorkerOutcome{.kind = Kind::init_failed, .answer = *init_failure_};
    while (script_->hold_events && !stopped_) co_await script_->changed.wait();
    co_return WorkerOutcome{.kind = stopped_ ? Kind::cancelled : Kind::result};
  }

  awaitable<WorkerOutcome> invoke(runtime_api::InvocationEvent event, worker::InvocationHooks hooks) override {
    if (init_failure_) co_return WorkerOutcome{.kind = Kind::init_failed, .answer = *init_failure_};
    if (!usable() || busy_) co_return WorkerOutcome{.kind = Kind::not_started};
    if (script_->not_started > 0) {
      --script_->not_started;
      stop();
      co_return WorkerOutcome{.kind = Kind::not_started};
    }
    struct Busy {
      ScriptedWorker& worker;
      explicit Busy(ScriptedWorker& of) : worker(of) { worker.busy_ = true; }
      Busy(const Busy&) = delete;
      Busy& operator=(const Busy&) = delete;
      ~Busy() {
        worker.busy_ = false;
        if (worker.retired_) worker.stop();
      }
    } busy(*this);
    while (script_->hold_events && !stopped_) co_await script_->changed.wait();
    if (stopped_) co_return WorkerOutcome{.kind = Kind::cancelled};
    script_->taken.push_back(event);
    script_->takers.push_back(pid_);
    if (hooks.handed_over) hooks.handed_over();
    if (auto pieces = script_->pieces.find(event.request_id); pieces != script_->pieces.end()) {
      hooks.stream_begun("text/event-stream");
      for (const std::string& piece : pieces->second) {
        if (!co_await hooks.stream_piece(piece)) break;
      }
    }
    if (script_->run) {
      if (auto outcome = script_->run(spec_, event)) co_return *outcome;
    }
    script_->most_running = std::max(script_->most_running, ++script_->running);
    struct Running {
      Script& script;
      explicit Running(Script& of) : script(of) {}
      Running(const Running&) = delete;
      Running& operator=(const Running&) = delete;
      ~Running() { --script.running; }
    } running(*script_);
    while (!stopped_ && !script_->outcomes.contains(event.request_id)) co_await script_->changed.wait();
    if (stopped_) co_return WorkerOutcome{.kind = Kind::cancelled};
    co_return script_->outcomes.at(event.request_id);
  }

  void retire() override {
    retired_ = true;
    if (!busy_) stop();
  }
  void stop() override {
    if (std::exchange(stopped_, true)) return;
    script_->stopped.push_back(pid_);
    script_->changed.notify_all();
  }
  awaitable<void> close() override {
    stop();
    script_->closed.push_back(pid_);
    co_return;
  }

 private:
  std::shared_ptr<Script> script_;
  worker::WorkerSpec spec_;
  pid_t pid_;
  std::optional<runtime_api::Answer> init_failure_;
  bool busy_ = false;
  bool stopped_ = false;
  bool retired_ = false;
};

}  // namespace

void Script::end(const std::string& request_id, WorkerOutcome outcome) {
  outcomes[request_id] = std::move(outcome);
  changed.notify_all();
}

void Script::release_starts() {
  hold_starts = false;
  changed.notify_all();
}

awaitable<base::Result<std::vector<worker::Download>>> ScriptedLauncher::missing(std::vector<worker::FunctionCode>) {
  co_return script_->missing;
}

awaitable<base::Result<std::string>> ScriptedLauncher::check(worker::FunctionCode) {
  co_return std::string();
}

awaitable<base::Result<worker::Debugger>> ScriptedLauncher::debugger(worker::FunctionCode) {
  co_return worker::Debugger{};
}

awaitable<base::Result<>> ScriptedLauncher::build(worker::FunctionCode, std::uint64_t) {
  auto failure = script_->start_failure;
  if (failure) co_return base::fail(*failure);
  co_return base::Result<>();
}

std::set<std::string> ScriptedLauncher::inputs(const std::string&) const {
  return {};
}

awaitable<void> ScriptedLauncher::close() {
  co_return;
}

awaitable<base::Result<std::unique_ptr<worker::Worker>>> ScriptedLauncher::start(worker::WorkerSpec spec,
                                                                                 worker::LogCallback log) {
  auto script = script_;
  if (script->start_failure) co_return base::fail(*script->start_failure);
  script->started.push_back(spec);
  script->logs.push_back(std::move(log));
  auto pid = static_cast<pid_t>(1000 + script->started.size());
  while (script->hold_starts) co_await script->changed.wait();
  co_return std::make_unique<ScriptedWorker>(script, std::move(spec), pid);
}

WorkerOutcome result(std::string body) {
  return {.kind = Kind::result, .answer = {.body = std::move(body), .content_type = "application/json"}};
}

WorkerOutcome outcome_of(Kind kind, std::string type, std::string message) {
  WorkerOutcome outcome{.kind = kind};
  if (!type.empty()) outcome.answer = runtime_api::make_failure(std::move(type), std::move(message));
  return outcome;
}

}  // namespace session::testing
