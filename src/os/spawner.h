// Child processes. A child is the leader of its own process group and gets SIGKILL from the kernel when the process
// that spawned it dies, however it dies (PR_SET_PDEATHSIG), so that nothing outlives its session. Its end is awaited
// through a pidfd on the loop: nothing blocks, no SIGCHLD handler. Its standard input is empty; it inherits no
// descriptor but 0, 1, 2, no signal mask and no ignored signal. When a child ends by itself, what it left behind in its
// group is killed (unless outlives_parent). Interface here; Linux is spawner_linux.cc.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/group_memory.h"
#include "os/private_tmp.h"

namespace os {

using boost::asio::awaitable;

struct ProcessOptions {
  std::vector<std::string> command;                // [0] is looked up in the parent's PATH; with a '/' it is a path, if
                                                   // relative then to `directory`
  std::map<std::string, std::string> environment;  // the whole of it; nothing is inherited
  std::string directory;                           // working directory; empty = the parent's
  bool capture_stdout = true;                      // else inherited from the parent
  bool capture_stderr = true;
  bool outlives_parent = false;  // true: no death signal, setsid(); for the local cloud process
  bool traceable = false;        // also debuggers that are not its parents may attach (PR_SET_PTRACER)
  std::optional<PrivateTmp> private_tmp = {};
};

// How a process ended.
struct ExitStatus {
  int code = 0;         // exit status, if it exited; -1 if somebody else reaped it
  int signal = 0;       // signal number, if one ended it; else 0
  long max_rss_kb = 0;  // peak resident memory; Linux never tells less than the parent's own at the time of the fork
};

// A running child. Not copyable; destruction kills the group (unless outlives_parent) and lets the kernel reap it
// later.
class Process {
 public:
  virtual ~Process() = default;
  virtual pid_t pid() const = 0;
  // The next bytes of what the child writes (≤ 64 KiB at once); an empty string at end of file, or at once if it is not
  // captured. One reader a stream. Ends with operation_aborted if the Process is destroyed meanwhile.
  virtual awaitable<std::string> read_stdout() = 0;
  virtual awaitable<std::string> read_stderr() = 0;
  // Waits for the end; any number of waiters, any number of times.
  virtual awaitable<ExitStatus> wait() = 0;
  virtual std::optional<ExitStatus> ended() const = 0;
  // Signals the whole process group. A group that is gone is no error; after the end it does nothing.
  virtual void signal_group(int signal) = 0;
  // Of the whole process group; nothing after its end.
  virtual GroupMemory memory() const = 0;
};

class Spawner {
 public:
  virtual ~Spawner() = default;
  // Called on the loop's thread, which lives as long as the process: the kernel takes the end of the thread that forked
  // for the parent's death. Returns when the program runs (exec succeeded). Errors: not_found (no such program or
  // folder), local_resource (no more processes or descriptors, no permission), permission (this machine has no private
  // /tmp to give).
  virtual base::Result<std::unique_ptr<Process>> spawn(ProcessOptions options) = 0;
};

std::unique_ptr<Spawner> make_spawner(boost::asio::any_io_executor executor);

// Where `program` is found in a PATH-like list ("" = none).
std::string find_program(std::string_view program, std::string_view path);

// This process's environment as a map.
std::map<std::string, std::string> own_environment();

}  // namespace os
