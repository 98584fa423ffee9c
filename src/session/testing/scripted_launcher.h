// A Launcher without processes whose workers do what the test says: start slowly, fail to load, end before an event is
// taken, run until they are told to end.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/notifier.h"
#include "worker/worker.h"

namespace session::testing {

using boost::asio::awaitable;

struct Script {
  // How an invocation ends. Nothing: it runs until end() or stop(). Called when the worker takes the event.
  std::function<std::optional<worker::WorkerOutcome>(const worker::WorkerSpec&, const runtime_api::InvocationEvent&)>
      run;
  std::optional<runtime_api::Answer> init_failure;  // of workers that start from now on
  std::optional<base::Error> start_failure;
  bool hold_starts = false;                                // start() does not return
  bool hold_events = false;                                // the code loads for ever: no event is taken
  int not_started = 0;                                     // so many workers end before they take an event
  long memory_mb = 0;                                      // of each worker
  std::map<std::string, std::vector<std::string>> pieces;  // by request id: a streamed response, before its outcome
  std::vector<worker::Download> missing;

  std::vector<worker::WorkerSpec> started;
  std::vector<runtime_api::InvocationEvent> taken;
  std::vector<pid_t> takers;  // which worker took it, beside `taken`
  std::vector<pid_t> stopped;
  std::vector<pid_t> closed;
  std::size_t alive = 0;  // worker objects
  std::size_t running = 0;
  std::size_t most_running = 0;
  std::vector<worker::LogCallback> logs;                  // by order of start
  std::map<std::string, worker::WorkerOutcome> outcomes;  // by request id: what end() said
  base::Notifier changed;

  void end(const std::string& request_id, worker::WorkerOutcome outcome);
  void release_starts();
};

class ScriptedLauncher final : public worker::Launcher {
 public:
  Script& script() { return *script_; }

  awaitable<base::Result<std::string>> check(worker::FunctionCode code) override;
  awaitable<base::Result<std::vector<worker::Download>>> missing(std::vector<worker::FunctionCode> codes) override;
  awaitable<base::Result<worker::Debugger>> debugger(worker::FunctionCode code) override;
  awaitable<base::Result<>> build(worker::FunctionCode code, std::uint64_t revision) override;
  std::set<std::string> inputs(const std::string& function) const override;
  awaitable<void> close() override;
  awaitable<base::Result<std::unique_ptr<worker::Worker>>> start(worker::WorkerSpec spec,
                                                                 worker::LogCallback log) override;

 private:
  std::shared_ptr<Script> script_ = std::make_shared<Script>();
};

worker::WorkerOutcome result(std::string body);
worker::WorkerOutcome outcome_of(worker::WorkerOutcome::Kind kind, std::string type = "", std::string message = "");

}  // namespace session::testing
