// The local twins of execution environments: which worker serves which, when a worker starts, and what a change of the
// code does.
//
// - A worker starts when its environment is announced, so that it loads while the stub still initialises.
// - After a change of a function's files the next attempt runs new code; an attempt that runs ends on the code it began
// with. The twin
//   that was used last is started anew at once, so that a broken file is shown when it is saved.
// - A twin that was idle for 10 minutes is ended; its environment gets another when it comes back.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/task_group.h"
#include "session/bridge_driver.h"
#include "session/reporter.h"
#include "worker/worker.h"

namespace session {

// A live function, as its workers need it.
struct LiveFunction {
  FunctionInfo info;
  base::Millis timeout{0};
};

class Environments final : public AttemptHandler {
 public:
  // All outlive it. `functions` by physical name, as AWS_LAMBDA_FUNCTION_NAME has it.
  Environments(boost::asio::any_io_executor executor, worker::Launcher& launcher, AttemptSink& sink,
               const base::Clock& clock, Reporter& reporter, std::map<std::string, LiveFunction> functions);
  ~Environments() override;

  // The code of these functions (logical ids) has changed.
  void reload(const std::set<std::string>& functions);

  // Ends every worker and waits for it. Works in a cancelled coroutine.
  awaitable<void> close();

  void announced(bridge::Announced announced) override;
  void arrived(bridge::AttemptArrived attempt) override;
  void start(bridge::AttemptId id) override;
  void cancel(bridge::AttemptId id, std::string reason) override;
  void delivered(bridge::Delivered delivered) override;
  void undelivered(bridge::AttemptId id) override;

 private:
  // A worker and the code it was started on.
  struct Twin {
    std::unique_ptr<worker::Worker> process;
    std::uint64_t generation = 0;
    base::SteadyTime started{};
  };
  struct Environment {
    bridge::Announce announce;
    const LiveFunction* function = nullptr;
    std::shared_ptr<Twin> twin;
    bool starting = false;                             // start_twin() is at work
    std::unique_ptr<boost::asio::steady_timer> ready;  // cancelled when start_twin() is done
    base::SteadyTime last_used{};
  };
  struct Attempt {
    bridge::Invocation invocation;
    base::SteadyTime arrived{};
    base::SteadyTime deadline{};
    base::SteadyTime handed_over{};
    bool may_start = false;
    bool cancelled = false;
    std::shared_ptr<boost::asio::steady_timer> changed;  // cancelled when one of the two becomes true
    InvocationReport report;                             // of its end, until it is delivered
  };

  awaitable<void> run(bridge::AttemptId id);
  awaitable<worker::WorkerOutcome> run_on_a_worker(bridge::AttemptId id);
  awaitable<base::Result<std::shared_ptr<Twin>>> fresh_twin(bridge::EnvironmentId id);
  awaitable<void> start_ahead(bridge::EnvironmentId id, bool reload);
  awaitable<void> end_twin(std::shared_ptr<Twin> twin);
  awaitable<void> end_idle_twins();
  void retire(Environment& environment);
  bool current(const Environment& environment) const;
  void finish(bridge::AttemptId id, worker::WorkerOutcome outcome);
  void report_started(bridge::AttemptId id);
  const LiveFunction* function_of(bridge::EnvironmentId id) const;
  std::string name_of(bridge::EnvironmentId id) const;
  void log(const LiveFunction& function, worker::LogRecord record);

  boost::asio::any_io_executor executor_;
  worker::Launcher& launcher_;
  AttemptSink& sink_;
  const base::Clock& clock_;
  Reporter& reporter_;
  std::map<std::string, LiveFunction> functions_;
  std::map<std::string, std::uint64_t> generations_;  // by logical id; raised by every change
  std::map<bridge::EnvironmentId, Environment> environments_;
  std::map<bridge::AttemptId, Attempt> attempts_;
  base::TaskGroup tasks_;
};

}  // namespace session
