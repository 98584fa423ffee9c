// The debuggers that workers run under, and how each is started. Pure.
//
// Node's inspector, debugpy and JDWP are part of the worker's own process and listen from its start. Delve and lldb are
// programs that attach to a worker that runs, one for each client, and let go of it when the client leaves: what runs
// is the function's own program, with its own process id and exit status, whether somebody debugs it or not.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace worker {

struct Program;

struct Debugger {
  enum class Kind { node, debugpy, delve, jdwp, lldb };
  Kind kind = Kind::node;
  std::string attach = {};  // delve, lldb: the debugger's own program, an absolute path; else the worker listens
  bool operator==(const Debugger&) const = default;
};

// "node", "debugpy", "delve", "jdwp", "lldb"
std::string_view to_string(Debugger::Kind kind);

// Arguments of an interpreter, before its program. All listen on 127.0.0.1 alone and do not wait for a client.
std::vector<std::string> node_arguments(std::uint16_t port);
std::vector<std::string> debugpy_arguments(std::uint16_t port,
                                           const std::string& folder);  // "" = the interpreter's own
std::vector<std::string> java_arguments(std::uint16_t port);

// Makes a program with such arguments wait for a client before it runs the function's code; another stays as it is.
void wait_for_client(Program& program);

// What attaches to a process and serves one client on 127.0.0.1.
std::vector<std::string> attach_command(const Debugger& debugger, std::uint16_t port, pid_t pid);

}  // namespace worker
