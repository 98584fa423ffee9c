// A worker: the process that is the twin of one execution environment. It has the function's environment variables and
// credentials, runs one invocation at a time, and keeps its globals from one to the next, as in AWS. It speaks Lambda's
// Runtime API with a server of its own on 127.0.0.1, so any language that can is no special case.
//
// A worker that answered may have ended since (process.exit, an unhandled rejection): ask usable(), and give an
// invocation that comes back `not_started` to a fresh one. What its process group has in memory is measured while it
// loads and runs; over its limit it is killed, and ends as Lambda's do (`exited`, "signal: killed"). A worker never
// outlives its session: the kernel ends its process group. Which worker serves which environment, and when code is
// reloaded, is session's affair.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "os/spawner.h"
#include "runtime_api/invocation.h"
#include "worker/debugger.h"
#include "worker/function_code.h"
#include "worker/sdk_cache.h"

namespace worker {

using boost::asio::awaitable;

struct WorkerSpec {
  FunctionCode code;
  std::uint64_t revision = 0;                      // of the code; a build of an earlier one is not run
  std::map<std::string, std::string> environment;  // the stub's whole environment, credentials among it
  base::Millis timeout{0};                         // the function's Timeout, for the words of a timeout; 0 = unknown
  std::uint16_t debug_port = 0;                    // for the language's debugger, on 127.0.0.1; 0 = none
  bool debugger_first = false;                     // the code runs when the debugger's client says so
  std::function<bool()> held = {};                 // while a debugger holds the process, its deadline does not kill it
  int memory_limit_mb = 0;                         // with more resident, the process group is killed; 0 = no limit
};

// One record of the function's output, without the line's end. A console message of several lines is one record.
struct LogRecord {
  std::string text;
  std::string request_id;  // of the invocation that runs or ran last; empty during initialisation
  bool from_stderr = false;
};

struct WorkerOutcome {
  enum class Kind {
    result,       // the handler's response
    failure,      // the handler's error, or a response over Lambda's limit
    init_failed,  // the code could not be loaded, or the process ended before it asked for an event
    exited,       // the process ended with the invocation running: Runtime.ExitError
    timed_out,    // the deadline passed: the process was killed, or goes on loading if that has not taken 10 s yet, the
                  // time of Lambda's init phase. `answer` has the words; Lambda says them by itself
    cancelled,    // stop() was called: the process was killed; no answer
    not_started,  // the process had ended before it took the event: run it on a fresh worker; no answer
  };
  Kind kind = Kind::not_started;
  runtime_api::Answer answer;  // what to send to the stub
  base::Millis duration{0};    // from the event handed over (or init's begin, if init failed) to the answer
  long peak_memory_mb = 0;     // the most that the process group had resident until now, in Lambda's "Max Memory Used"
  std::optional<base::Millis> init = {};  // from the start until it asked for an event; of a worker's first invocation
};

// What an invocation does while it runs; each may be empty.
struct InvocationHooks {
  std::function<void()> handed_over = {};                         // the process took the event
  std::function<void(std::string)> stream_begun = {};             // the response is streamed: its content type
  std::function<awaitable<bool>(std::string)> stream_piece = {};  // waits for room; false: nobody wants the rest
};

class Worker {
 public:
  // Kills the process group; nothing is logged any more. Tasks end soon after; close() waits for them.
  virtual ~Worker() = default;

  virtual pid_t pid() const = 0;
  // False as soon as the process ended, its code failed to load, or stop() or retire() was called.
  virtual bool usable() const = 0;
  virtual bool busy() const = 0;
  // What its process group had resident when it was measured last.
  virtual long memory_mb() const = 0;

  // Waits until the code is loaded and the process asks for its first event. A failure holds what an invocation will be
  // answered with: this is how a syntax error is shown at the time of the save.
  virtual awaitable<WorkerOutcome> initialised() = 0;  // result = loaded; init_failed; cancelled

  // Runs one invocation to its end or its deadline. One at a time. Cancelling the coroutine kills the process.
  virtual awaitable<WorkerOutcome> invoke(runtime_api::InvocationEvent event, InvocationHooks hooks = {}) = 0;

  // Lets a running invocation end, then ends the process; at once if it is idle.
  virtual void retire() = 0;
  // Ends the process group now.
  virtual void stop() = 0;
  // stop(), and waits until the process and all tasks have ended.
  virtual awaitable<void> close() = 0;
};

using LogCallback = std::function<void(LogRecord)>;

// What starts workers: session holds one and hands a fake in its tests.
class Launcher {
 public:
  virtual ~Launcher() = default;

  // Whether the function can run on this machine; asks an interpreter for its version once. The value is a warning that
  // does not name the function, "" if there is nothing to say. Errors: local_resource, naming what is missing; usage
  // for a runtime that livelambda does not run.
  virtual awaitable<base::Result<std::string>> check(FunctionCode code) = 0;

  // What the functions use of what Lambda brings along, and this machine lacks: for fetch() of sdk_cache.h, each once.
  // After check() of each. Errors: local_resource.
  virtual awaitable<base::Result<std::vector<Download>>> missing(std::vector<FunctionCode> codes) = 0;

  // What debugs the function's workers, as Language::debugger().
  virtual awaitable<base::Result<Debugger>> debugger(FunctionCode code) = 0;

  // Builds this revision of the function, unless that was done or is under way; at once if its language has no build.
  // Errors: as check(); build, with what the compiler said.
  virtual awaitable<base::Result<>> build(FunctionCode code, std::uint64_t revision) = 0;

  // What the function's last build read, as absolute paths; empty if it has no build, or the last one failed: then
  // every file of its folder counts.
  virtual std::set<std::string> inputs(const std::string& function) const = 0;

  // Builds the function first if that is needed; then starts a process and returns without waiting for the code to
  // load. Errors as build().
  virtual awaitable<base::Result<std::unique_ptr<Worker>>> start(WorkerSpec spec, LogCallback log) = 0;

  // Ends builds and what is kept running for them. The last call; workers may live on.
  virtual awaitable<void> close() = 0;
};

struct LauncherOptions {
  std::string loaders;                                 // absolute folder that holds nodejs/bootstrap.mjs
  std::string builds;                                  // absolute folder for what is built, one below it a function
  std::string ca_file;                                 // LIVELAMBDA_CA_FILE of the session; empty = none
  std::map<std::string, std::string> own_environment;  // of the session: PATH, HOME, USER, … of the developer
  std::string account = {};                            // id of the AWS account, for extensions that ask for it
  std::string tmp = {};  // absolute folder for what functions write to /tmp, emptied; "" = they share the machine's
};

// `spawner` and `clock` outlive the launcher and its workers.
std::unique_ptr<Launcher> make_launcher(boost::asio::any_io_executor executor, os::Spawner& spawner,
                                        const base::Clock& clock, LauncherOptions options);

}  // namespace worker
