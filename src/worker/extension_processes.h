// The programs in a function's /opt/extensions, beside its runtime, as Lambda runs them: they start first, and the
// runtime when all have registered; they end last, each told by a SHUTDOWN event and given the rest of two seconds
// (developer guide, "Extensions API"; the shares of time are those of AWS's runtime interface emulator). The Extensions
// API itself is the endpoint's (runtime_api/extensions.h).
//
// An extension that this machine cannot run (made for another processor, not executable) is said, and left out: in
// Lambda it would run. One that ends while it should not is a failure, as in Lambda.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/task_group.h"
#include "os/spawner.h"
#include "runtime_api/endpoint.h"
#include "worker/log_lines.h"

namespace worker {

using boost::asio::awaitable;

// Regular files in `opt`/extensions, in order; empty if there are none.
std::vector<std::string> find_extensions(const std::string& opt);

// A process that starts later: until then it waits, or is given up by a signal.
class LateProcess;

class ExtensionProcesses : public std::enable_shared_from_this<ExtensionProcesses> {
 public:
  struct Plan {
    std::vector<std::string> programs;
    std::map<std::string, std::string> environment;  // of the extensions
    std::string opt;
    os::ProcessOptions runtime;
  };
  struct Callbacks {
    std::function<void(std::string line, bool from_stderr)> output;
    // It ended by itself; `type` is Lambda's name for that ("Extension.Crash").
    std::function<void(std::string type, os::ExitStatus status)> failed;
  };

  // All by reference outlive run(). Nothing is called back after it.
  ExtensionProcesses(boost::asio::any_io_executor executor, os::Spawner& spawner, const base::Clock& clock,
                     runtime_api::Endpoint& endpoint, Plan plan, Callbacks callbacks);

  // The runtime's process; once.
  std::unique_ptr<os::Process> runtime();

  // Starts everything, and returns when everything has ended after shut_down() or a failure. Cancelling it kills.
  awaitable<void> run();
  // Begins the end: "spindown", "timeout", "failure".
  void shut_down(std::string reason);
  // An extension called the endpoint.
  void called() { changed_.notify_all(); }
  bool ended() const { return ended_; }

 private:
  struct Extension {
    std::string name;
    std::unique_ptr<os::Process> process;
    bool ended = false;
  };
  using ExtensionPtr = std::shared_ptr<Extension>;

  void start(const std::string& program, base::TaskGroup& tasks);
  awaitable<void> start_runtime();
  awaitable<void> read_output(ExtensionPtr extension, bool from_stderr);
  awaitable<void> watch(ExtensionPtr extension);
  awaitable<void> watch_runtime();
  awaitable<void> end_runtime(base::SteadyTime until);
  awaitable<void> end_extensions(base::SteadyTime until);
  bool all_ended() const;

  boost::asio::any_io_executor executor_;
  os::Spawner& spawner_;
  const base::Clock& clock_;
  runtime_api::Endpoint& endpoint_;
  Plan plan_;
  Callbacks callbacks_;
  std::shared_ptr<LateProcess> runtime_;
  std::list<ExtensionPtr> extensions_;
  std::optional<std::string> reason_;  // of the end, once it begins
  bool runtime_ended_ = false;
  bool ended_ = false;
  base::Notifier changed_;
};

}  // namespace worker
