// One execution environment: a process that runs a function's bootstrap, the Runtime API it talks to on a port of its
// own, its /tmp and its log stream. It takes one invocation at a time and is stopped (SIGSTOP, the whole process group)
// whenever it waits in `next` with nothing to do.
//
// /tmp is the environment's own and has the function's size; where the kernel allows none, TMPDIR is a folder whose
// size is watched, as the memory of the process group is: what exceeds the function's is killed.
//
// Guarantees: initialisation has 10 s, and one more try inside the first invocation; an invocation has the function's
// timeout, by the machine's clock; when an environment ends, its process group is gone and the invocation that it had
// is answered. Processes are started through os::Spawner only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/notifier.h"
#include "base/task_group.h"
#include "localcloud/cloud.h"
#include "localcloud/lambda/answer_stream.h"
#include "localcloud/lambda/function.h"
#include "localcloud/lambda/function_log.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/lambda/runtime_protocol.h"
#include "localcloud/lambda/runtimes.h"
#include "net/http_server.h"
#include "os/spawner.h"

namespace localcloud {

// One run of a function. The answer is there when `output` is; whoever waits does so on `done`.
struct PendingInvocation {
  std::string request_id;
  std::string function_arn;  // as it was invoked, with its qualifier
  std::string payload;
  std::string client_context;
  std::string trace_id;
  bool wants_log_tail = false;                // then it is answered when the runtime asks for `next`, with every line
  std::shared_ptr<AnswerStream> stream = {};  // where the answer goes as it comes; null: into `output`
  std::optional<InvokeOutput> output;
  base::Notifier done;

  // `error_code`: for the end of a stream.
  void complete(InvokeOutput answer, std::string error_code);
};

class ExecutionEnvironment {
 public:
  ExecutionEnvironment(Cloud& cloud, Runtimes& runtimes, std::shared_ptr<const FunctionVersion> version);
  ~ExecutionEnvironment();
  ExecutionEnvironment(const ExecutionEnvironment&) = delete;
  ExecutionEnvironment& operator=(const ExecutionEnvironment&) = delete;

  // Its whole life, begun by the invocation that was assigned before. Returns when the process is gone.
  awaitable<void> run();

  // Gives it an invocation; only when new or idle().
  void assign(std::shared_ptr<PendingInvocation> invocation);
  bool idle() const { return idle_; }  // waits in `next`, stopped, and may be given work
  bool busy() const { return invocation_ != nullptr; }
  base::WallTime idle_since() const { return idle_since_; }  // by the local clock
  std::uint64_t last_used() const { return last_used_; }     // higher = more recently
  void set_last_used(std::uint64_t order) { last_used_ = order; }
  const FunctionVersion& version() const { return *version_; }

  // Ends it after its invocation, or at once if it has none.
  void retire();
  // Ends it now.
  void kill();

 private:
  enum class Initialised { yes, failed, timed_out, killed };

  awaitable<void> live(base::TaskGroup& tasks);
  awaitable<void> end_init_phase();
  // Without a deadline it ends with the init phase.
  awaitable<Initialised> initialise(base::TaskGroup& tasks, std::optional<base::SteadyTime> deadline);
  awaitable<bool> initialise_with_retry(base::TaskGroup& tasks);
  awaitable<bool> initialise_in_invocation(base::TaskGroup& tasks);
  awaitable<bool> serve();  // false: the environment must end
  awaitable<void> reset();
  awaitable<void> wait_for_work();
  awaitable<void> end_process();
  awaitable<base::Result<>> start_process(base::TaskGroup& tasks);
  base::Result<os::ProcessOptions> process_options(const RuntimeCommand& runtime);
  void add_code_paths(std::map<std::string, std::string>& variables, const RuntimeCommand& runtime) const;

  awaitable<void> handle(net::Exchange& exchange);
  awaitable<void> handle_next(net::Exchange& exchange);
  awaitable<void> handle_stream(net::Exchange& exchange, std::string request_id);
  awaitable<void> pump(std::shared_ptr<os::Process> process, bool standard_error);
  awaitable<void> watch_exit(std::shared_ptr<os::Process> process);
  awaitable<void> watch_limits(std::shared_ptr<os::Process> process);
  void measure();
  awaitable<void> kill_if_too_large(base::SteadyTime began);

  bool stopping() const { return killed_ || exited_.has_value(); }
  void hand_over(const RuntimeAnswer& answer);
  void fail_invocation(std::string_view type, std::string message);
  std::string describe_exit() const;
  void report(double duration_ms, std::string status, std::string error_type);
  long peak_memory_mb() const;
  base::Result<> use_shared_tmp(os::ProcessOptions& options);

  Cloud& cloud_;
  Runtimes& runtimes_;
  std::shared_ptr<const FunctionVersion> version_;
  FunctionLog log_;
  RuntimeProtocol protocol_;
  base::Notifier changed_;
  base::Notifier thawed_;
  std::string temporary_directory_;  // in place of a /tmp
  bool private_tmp_ = false;
  os::LookPace pace_;
  long peak_memory_kb_ = 0;
  std::string excess_;  // what it had more of than it may, for which it was killed; empty: nothing
  std::optional<Credentials> credentials_;
  std::unique_ptr<net::HttpServer> server_;
  std::shared_ptr<os::Process> process_;
  std::optional<os::ExitStatus> exited_;
  std::shared_ptr<PendingInvocation> invocation_;
  std::optional<RuntimeAnswer> init_failure_;
  std::optional<double> init_ms_;  // until it was reported
  base::WallTime idle_since_{};
  std::uint64_t last_used_ = 0;
  bool init_phase_over_ = false;
  bool is_reset_ = false;  // nothing runs: the next invocation has to start it
  bool idle_ = false;
  bool killed_ = false;
  bool retired_ = false;
};

}  // namespace localcloud
