// The local twins of execution environments: which worker serves which, when a worker starts, and what a change of the
// code does.
//
// - A worker starts when its environment is announced, so that it loads while the stub still initialises. Only
//   so many load at a time.
// - After a change of a function's files the next attempt runs new code; an attempt that runs ends on the code it began
//   with. The twin that was used last is started anew when its file is saved, so that the next attempt finds it ready,
//   and a broken file is shown; again when the last of many changes is over.
// - A twin has exactly its environment's credentials and ends with them: at the latest when Lambda has run the stub of
//   the same log stream anew, which has others. One that was still loading then goes on for its successor, as Lambda's
//   own init phase may take longer than the function's timeout.
// - A twin that was idle for 10 minutes is ended, and after two seconds those beyond the bounds, oldest first; its
//   environment gets another when it comes back, and attempts wait for it. An environment that was not used for a day
//   is forgotten: Lambda ends them long before.
// - A worker that a debugger's client holds is not killed for its deadline. Lambda has given up the invocation then and
//   starts another environment, which gets a worker of its own; the held one goes on until its handler ends, and what
//   it answers goes nowhere.
// - Every attempt that a worker began is reported twice, as started and as finished, however it ends.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/task_group.h"
#include "session/bridge_driver.h"
#include "session/debugging.h"
#include "session/reporter.h"
#include "session/worker_bounds.h"
#include "worker/worker.h"

namespace session {

// A live function, as its workers need it.
struct LiveFunction {
  FunctionInfo info;
  worker::FunctionCode code;
  base::Millis timeout{0};
};

class Environments final : public AttemptHandler {
 public:
  // All outlive it. `built` hears of functions (logical ids) that were built. `functions` by physical name, as
  // AWS_LAMBDA_FUNCTION_NAME has it.
  Environments(boost::asio::any_io_executor executor, worker::Launcher& launcher, AttemptSink& sink,
               const base::Clock& clock, Reporter& reporter, std::map<std::string, LiveFunction> functions,
               WorkerBounds bounds = {}, Debugging* debugging = nullptr,
               std::function<void(const std::string& function)> built = {});
  ~Environments() override;

  // After another deployment, or another reading of the app: these are new, or have changed. Environments of functions
  // that were not known get their workers, those of changed ones new workers. What is no more among them is kept for
  // its environments.
  void know(std::map<std::string, LiveFunction> functions);

  // Builds what has to be built before anyone waits for it; failures are reported.
  void build_all();

  // The code of these functions (logical ids) has changed.
  void reload(const std::set<std::string>& functions);

  // Ends twins that are idle for long or beyond the bounds, and forgets what is long gone; called every minute by
  // itself.
  void sweep();

  // Ends every worker, waits for it, and reports what had not ended. The last call before the destruction. Works in a
  // cancelled coroutine that does not throw for it.
  awaitable<void> close();

  void announced(bridge::Announced announced) override;
  void arrived(bridge::AttemptArrived attempt) override;
  void start(bridge::AttemptId id) override;
  void cancel(bridge::AttemptId id, std::string reason) override;
  void has_room(bridge::AttemptId id) override;
  void delivered(bridge::Delivered delivered) override;
  void undelivered(bridge::AttemptId id) override;

 private:
  // A worker and the code it was started on.
  struct Twin {
    std::unique_ptr<worker::Worker> process;
    std::uint64_t generation = 0;
    base::SteadyTime started{};
    bool retired = false;
    bool served = false;           // it has been given an event
    worker::DebugTargetPtr debug;  // null: it runs without a debugger
    std::function<bool()> held;    // by a debugger; empty: never
    bool nobody_came = false;      // it waited for a client, and was stopped
  };
  struct Environment {
    bridge::Announce announce;
    const LiveFunction* function = nullptr;  // null: not part of the app
    std::shared_ptr<Twin> twin;
    bool starting = false;  // fresh_twin() is at work
    base::Notifier start_ended;
    base::SteadyTime last_used{};
  };
  struct Attempt {
    bridge::Invocation invocation;
    base::SteadyTime arrived{};
    base::SteadyTime handed_over{};
    bool may_start = false;
    bool cancelled = false;
    std::string cancel_reason;
    base::Notifier changed;      // may_start or cancelled became true
    std::shared_ptr<Twin> twin;  // while it runs
    bool started = false;        // reported as started
    bool given_up = false;       // reported as finished, while a debugger holds its worker
    bool streams = false;        // its answer is on its way by pieces
    bool finished = false;       // the answer is with the bridge; `report` waits for its delivery
    InvocationReport report;
  };
  using EnvironmentPtr = std::shared_ptr<Environment>;
  using AttemptPtr = std::shared_ptr<Attempt>;
  using TwinPtr = std::shared_ptr<Twin>;

  void find_function(EnvironmentPtr environment);
  void replace_predecessor(bridge::EnvironmentId id, Environment& environment);
  bool has_open_attempt(bridge::EnvironmentId id) const;
  bool is_idle(bridge::EnvironmentId id, const Environment& environment) const;
  bool keep_within_bounds();
  awaitable<void> bound_in_a_moment();
  awaitable<void> run(bridge::AttemptId id, AttemptPtr attempt);
  awaitable<worker::WorkerOutcome> run_on_a_worker(bridge::AttemptId id, AttemptPtr attempt);
  awaitable<base::Result<TwinPtr>> fresh_twin(EnvironmentPtr environment);
  awaitable<base::Result<TwinPtr>> start_twin(EnvironmentPtr environment);
  awaitable<void> wait_for_turn_to_load();
  awaitable<void> await_loaded(TwinPtr twin);
  void end_turn(const TwinPtr& twin);
  awaitable<void> start_ahead(EnvironmentPtr environment, bool reload);
  awaitable<void> reload_ahead(std::string function, bool at_once);
  awaitable<void> load_ahead(std::string function);
  awaitable<void> build_ahead(worker::FunctionCode code, bool reload);
  awaitable<void> end_twin(TwinPtr twin);
  // environments_debugging.cc
  void attach_debuggers(EnvironmentPtr environment, TwinPtr twin, const worker::WorkerSpec& spec);
  awaitable<void> await_client(EnvironmentPtr environment, TwinPtr twin);
  awaitable<void> watch_deadline(bridge::AttemptId id, AttemptPtr attempt, TwinPtr twin);
  void give_up(bridge::AttemptId id, AttemptPtr attempt, std::string status, std::string why);
  void let_no_more_clients(const Twin& twin);
  awaitable<void> sweep_for_ever();
  void retire(Environment& environment);
  bool current(const Environment& environment) const;
  std::uint64_t generation_of(const std::string& function) const;
  EnvironmentPtr environment_of(bridge::EnvironmentId id) const;
  EnvironmentPtr last_used(const std::string& function) const;
  worker::InvocationHooks hooks(bridge::AttemptId id, AttemptPtr attempt);
  awaitable<bool> stream(bridge::AttemptId id, AttemptPtr attempt, std::string piece);
  void finish(bridge::AttemptId id, AttemptPtr attempt, worker::WorkerOutcome outcome);
  void report_started(bridge::AttemptId id, Attempt& attempt);
  void report_build(BuildReport report, std::uint64_t generation);
  std::string name_of(bridge::EnvironmentId id) const;
  void log(const LiveFunction& function, worker::LogRecord record);

  boost::asio::any_io_executor executor_;
  worker::Launcher& launcher_;
  AttemptSink& sink_;
  const base::Clock& clock_;
  Reporter& reporter_;
  std::map<std::string, LiveFunction> functions_;
  const WorkerBounds bounds_;
  const std::function<void(const std::string& function)> built_;
  std::map<std::string, std::uint64_t> generations_;  // by logical id; raised by every change
  std::map<bridge::EnvironmentId, EnvironmentPtr> environments_;
  std::map<bridge::AttemptId, AttemptPtr> attempts_;
  std::set<TwinPtr> twins_;  // every worker that has not ended, also those that were retired
  std::map<std::string, base::SteadyTime> last_change_;  // by logical id
  std::set<std::string> reloading_;  // functions whose reload_ahead() waits for the end of the changes
  // What was told of a function's present code, so that fifty twins say it once.
  struct Told {
    std::uint64_t generation = 0;
    std::set<std::pair<bool, std::string>> reports;  // reload, status
  };
  std::map<std::string, Told> told_;
  Debugging* debugging_;
  std::set<TwinPtr> loading_;  // since their start began
  base::Notifier loaded_;
  bool bounding_ = false;  // bound_in_a_moment() is at work
  base::TaskGroup tasks_;
};

}  // namespace session
