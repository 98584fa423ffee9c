// `start --inspect`: which functions' workers run under their language's debugger, and where a debugger's client finds
// them.
//
// Each of these functions has an address on 127.0.0.1 that stays the same while workers come and go, and from session
// to session as long as nobody else takes the port (worker::DebugRelay; `.livelambda/debug-ports.json`). Beside it, an
// editor may attach by itself to what is started in its terminal (worker/editor_terminal.h), with --inspect or without.
//
// While a debugger's client is connected, or may be, a worker is not killed for its deadline: WorkerSpec::held.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/model.h"
#include "base/result.h"
#include "os/spawner.h"
#include "session/reporter.h"
#include "worker/debug_relay.h"
#include "worker/worker.h"

namespace session {

using boost::asio::awaitable;

// What `--inspect` names: a logical id, a path of nested stacks, a construct path, a pattern; nothing = every live
// function. The value has paths. Errors: usage, with the nearest names, or why a function cannot be live.
base::Result<std::set<std::string>> functions_to_inspect(const std::vector<std::string>& names,
                                                         const app::Application& application);

// A function that has an address for debuggers.
struct DebuggedFunction {
  worker::FunctionCode code;
  worker::Debugger debugger;
  std::uint16_t port = 0;
};

struct DebuggingOptions {
  std::string ports_file;                          // where the functions' ports are kept
  std::map<std::string, std::string> environment;  // of the developer
};

class Debugging {
 public:
  // Spawner and reporter outlive it.
  Debugging(boost::asio::any_io_executor executor, os::Spawner& spawner, Reporter& reporter, DebuggingOptions options);
  ~Debugging();

  // Finds out what debugs these functions, and takes a port for each; after check() of each. With `all`, one that
  // nothing can debug is told and left out. Errors: those of Launcher::debugger(); local_resource.
  awaitable<base::Result<>> open(worker::Launcher& launcher, std::vector<worker::FunctionCode> codes, bool all);
  // In the order of their names.
  std::vector<DebuggedFunction> functions() const;

  // What a debugger's client sees of a worker that is about to start, and what the worker has to know; null if it runs
  // without. Errors: local_resource.
  base::Result<worker::DebugTargetPtr> prepare(worker::WorkerSpec& spec);
  // It runs: clients are led to it, and its address is told.
  void running(const worker::WorkerSpec& spec, const worker::DebugTargetPtr& target, pid_t pid,
               const std::string& environment);
  // It ends, now or with its invocation.
  void ends(const worker::DebugTargetPtr& target, bool now);
  // Nobody came to a worker that waited for its debugger: the next one does not wait.
  void nobody_came(const std::string& function);

  // Ends all connections. The last call.
  awaitable<void> close();

 private:
  struct Entry {
    DebuggedFunction function;
    std::unique_ptr<worker::DebugRelay> relay;
  };
  base::Result<worker::DebugTargetPtr> let_editor_attach(worker::WorkerSpec& spec) const;
  base::Result<> take_port(Entry& entry);
  base::Result<> keep_ports();

  boost::asio::any_io_executor executor_;
  os::Spawner& spawner_;
  Reporter& reporter_;
  DebuggingOptions options_;
  std::map<std::string, std::uint16_t> ports_;
  std::map<std::string, Entry> entries_;  // by the function's path
};

}  // namespace session
