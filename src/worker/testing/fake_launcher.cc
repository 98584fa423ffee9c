#include "worker/testing/fake_launcher.h"

#include <utility>

namespace worker::testing {

namespace {

using Kind = WorkerOutcome::Kind;

class FakeWorker final : public Worker {
 public:
  FakeWorker(boost::asio::any_io_executor executor, std::shared_ptr<FakeLauncherState> state, WorkerSpec spec,
             pid_t pid)
      : state_(std::move(state)),
        spec_(std::move(spec)),
        pid_(pid),
        init_failure_(state_->init_failure),
        changed_(std::move(executor)) {}
  ~FakeWorker() override { end(); }

  pid_t pid() const override { return pid_; }
  bool usable() const override { return !stopped_ && !retired_ && !init_failure_; }
  bool busy() const override { return busy_; }

  awaitable<WorkerOutcome> initialised() override {
    if (init_failure_) co_return WorkerOutcome{.kind = Kind::init_failed, .answer = *init_failure_, .duration = {}};
    co_return WorkerOutcome{.kind = stopped_ ? Kind::cancelled : Kind::result, .answer = {}, .duration = {}};
  }

  awaitable<WorkerOutcome> invoke(runtime_api::InvocationEvent event, std::function<void()> handed_over) override {
    if (init_failure_) co_return WorkerOutcome{.kind = Kind::init_failed, .answer = *init_failure_, .duration = {}};
    if (!usable()) co_return WorkerOutcome{.kind = Kind::not_started, .answer = {}, .duration = {}};
    busy_ = true;
    if (handed_over) handed_over();
    std::optional<runtime_api::Answer> answer;
    if (state_->handler) answer = state_->handler(spec_, event);
    while (!answer && !stopped_) co_await changed_.wait();
    busy_ = false;
    if (retired_) stop();
    if (!answer) co_return WorkerOutcome{.kind = Kind::cancelled, .answer = {}, .duration = {}};
    co_return WorkerOutcome{
        .kind = answer->failure ? Kind::failure : Kind::result, .answer = std::move(*answer), .duration = {}};
  }

  void retire() override {
    retired_ = true;
    if (!busy_) stop();
  }
  void stop() override {
    end();
    changed_.notify_all();
  }
  awaitable<void> close() override {
    stop();
    co_return;
  }

 private:
  void end() {
    if (!std::exchange(stopped_, true)) state_->stopped.push_back(pid_);
  }

  std::shared_ptr<FakeLauncherState> state_;
  WorkerSpec spec_;
  pid_t pid_;
  std::optional<runtime_api::Answer> init_failure_;
  bool busy_ = false;
  bool stopped_ = false;
  bool retired_ = false;
  runtime_api::Condition changed_;
};

}  // namespace

awaitable<base::Result<>> FakeLauncher::check(std::string) {
  if (state_->start_failure) co_return base::fail(*state_->start_failure);
  co_return base::Result<>{};
}

awaitable<base::Result<std::unique_ptr<Worker>>> FakeLauncher::start(WorkerSpec spec, LogCallback) {
  if (state_->start_failure) co_return base::fail(*state_->start_failure);
  state_->started.push_back(spec);
  const auto pid = static_cast<pid_t>(1000 + state_->started.size());
  co_return std::make_unique<FakeWorker>(executor_, state_, std::move(spec), pid);
}

}  // namespace worker::testing
