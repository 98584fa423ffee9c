#include "worker/debugger.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "worker/language.h"

namespace worker {

namespace {

constexpr std::string_view kInspect = "--inspect=";
constexpr std::string_view kInspectAndWait = "--inspect-wait=";
constexpr std::string_view kListen = "--listen";  // of debugpy
constexpr std::string_view kWaitForClient = "--wait-for-client";
constexpr std::string_view kJdwp = "-agentlib:jdwp=";
constexpr std::string_view kRuns = "suspend=n";
constexpr std::string_view kWaits = "suspend=y";

}  // namespace

std::string_view to_string(Debugger::Kind kind) {
  switch (kind) {
    case Debugger::Kind::node:
      return "node";
    case Debugger::Kind::debugpy:
      return "debugpy";
    case Debugger::Kind::delve:
      return "delve";
    case Debugger::Kind::jdwp:
      return "jdwp";
    case Debugger::Kind::lldb:
      return "lldb";
  }
  throw std::logic_error("a debugger that is not there");
}

// It says its address over HTTP, and not in the function's log.
std::vector<std::string> node_arguments(std::uint16_t port) {
  return {fmt::format("{}127.0.0.1:{}", kInspect, port), "--inspect-publish-uid=http"};
}

// Modules that are frozen into the interpreter have no lines to stop at; debugpy warns of them on every start.
std::vector<std::string> debugpy_arguments(std::uint16_t port, const std::string& folder) {
  std::vector<std::string> arguments = {"-X", "frozen_modules=off"};
  if (folder.empty()) {
    arguments.insert(arguments.end(), {"-m", "debugpy"});
  } else {
    arguments.push_back(folder);
  }
  arguments.insert(arguments.end(), {std::string(kListen), fmt::format("127.0.0.1:{}", port)});
  return arguments;
}

std::vector<std::string> java_arguments(std::uint16_t port) {
  return {fmt::format("{}transport=dt_socket,server=y,{},quiet=y,address=127.0.0.1:{}", kJdwp, kRuns, port)};
}

void wait_for_client(Program& program) {
  for (auto at = program.command.begin(); at != program.command.end(); ++at) {
    if (at->starts_with(kInspect)) {
      at->replace(0, kInspect.size(), kInspectAndWait);
      return;
    }
    if (at->starts_with(kJdwp)) {
      at->replace(at->find(kRuns), kRuns.size(), kWaits);
      return;
    }
    if (*at == kListen) {
      program.command.insert(at, std::string(kWaitForClient));
      return;
    }
  }
}

std::vector<std::string> attach_command(const Debugger& debugger, std::uint16_t port, pid_t pid) {
  const std::string address = fmt::format("127.0.0.1:{}", port);
  if (debugger.kind == Debugger::Kind::delve) {
    return {debugger.attach, "attach", std::to_string(pid), "--headless", "--api-version=2", "--listen=" + address};
  }
  return {debugger.attach, "gdbserver", address, "--attach", std::to_string(pid)};
}

}  // namespace worker
