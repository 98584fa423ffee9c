// What a session tells its user, as values. cli/ renders them for a terminal, for a pipe, and as --json; docs/json.md
// has the fields. A reporter never fails and never waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace session {

// As reports have durations.
inline double to_ms(base::SteadyTime::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

struct DeployProgress {
  std::string stack;
  std::string resource;  // logical id; the stack's name for the stack itself
  std::string type;
  std::string status;
  std::string reason;
};

struct FunctionInfo {
  std::string logical_id;
  std::string name;  // the physical name in AWS
  std::string runtime;
  std::string handler;
  std::string source;  // absolute folder
};

struct Ready {
  std::string stage;
  std::string app;
  std::map<std::string, std::string> outputs;
  std::vector<FunctionInfo> functions;
};

struct InvocationReport {
  enum class Phase { started, finished };
  Phase phase = Phase::started;
  std::string request_id;
  std::string function;     // logical id
  std::string trigger;      // session/trigger.h
  std::string environment;  // the execution environment, 32 hexadecimal digits
  int pid = 0;              // of the worker
  // The rest is of a finished one.
  std::string status;                  // "ok", "error", "timeout"
  double ms = 0;                       // the event handed to the worker → its answer
  double overhead_ms = 0;              // last chunk in → event handed over, and answer in → last chunk's 200
  int memory_size_mb = 0;              // the function's MemorySize; 0 = not known
  long max_memory_mb = 0;              // the most that its worker had resident until now; 0 = it was not measured
  std::optional<double> init_ms = {};  // the worker was fresh: how long it took to load
  std::string error;                   // type, message and stack trace, ready to be shown
};

struct LogLine {
  std::string request_id;  // empty while the code loads
  std::string function;
  std::string line;
};

// Code was loaded (build) or replaced after a change (reload).
struct BuildReport {
  bool reload = false;
  std::string function;
  double ms = 0;
  std::string status;  // "ok", "error"
  std::string output;  // what the compiler or the loader said, for an error
};

// A worker runs under a debugger.
struct DebuggerReport {
  std::string function;
  std::string debugger;     // "node", "debugpy", "delve", "jdwp", "lldb"
  std::string address;      // "127.0.0.1:9229"
  std::string environment;  // as of InvocationReport
  int pid = 0;
  bool waits = false;  // for the client that the worker before it had: it runs when that says so
};

struct Displaced {
  std::string by;  // user@host
};

struct Dropped {
  std::string reason;
  std::uint64_t count = 0;  // since the start
};

// Where a deployment goes, said before its first change.
struct Target {
  std::string app;
  std::string stage;
  std::string account;
  std::string region;
  std::string credentials;  // where they come from: "environment", "profile work"
  std::vector<std::string> stacks;
};

// What an edit of the infrastructure would change, or `diff` found: lines "+ Topic  AWS::SNS::Topic".
struct InfrastructureChange {
  std::string stack;
  std::vector<std::string> lines;
};

// Of one stack, after `outputs` and `deploy`.
struct Outputs {
  std::string stack;
  std::map<std::string, std::string> outputs;
};

struct ToolOutput {
  std::string line;  // what a framework's own tool printed; not part of --json
};

struct Question {
  std::string text;  // waits for a line at the terminal; not part of --json
};

struct Notice {
  std::string text;  // a line for people; not part of --json
};

using Report = std::variant<Target, DeployProgress, InfrastructureChange, Ready, Outputs, InvocationReport, LogLine,
                            BuildReport, DebuggerReport, Displaced, Dropped, ToolOutput, Question, Notice>;

class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void report(const Report& report) = 0;
};

}  // namespace session
