#include "worker/words.h"

#include <fmt/format.h>
#include <signal.h>

#include <utility>

namespace worker {

namespace {

// The names that Lambda's supervisor, a Go program, has for them.
std::string signal_words(int signal) {
  switch (signal) {
    case SIGHUP:
      return "signal: hangup";
    case SIGINT:
      return "signal: interrupt";
    case SIGILL:
      return "signal: illegal instruction";
    case SIGABRT:
      return "signal: aborted";
    case SIGBUS:
      return "signal: bus error";
    case SIGFPE:
      return "signal: floating point exception";
    case SIGKILL:
      return "signal: killed";
    case SIGSEGV:
      return "signal: segmentation fault";
    case SIGPIPE:
      return "signal: broken pipe";
    case SIGTERM:
      return "signal: terminated";
    default:
      return fmt::format("signal: signal {}", signal);
  }
}

std::string with_request(std::string_view request_id, std::string_view words) {
  return request_id.empty() ? fmt::format("Error: {}", words)
                            : fmt::format("RequestId: {} Error: {}", request_id, words);
}

}  // namespace

runtime_api::Answer exit_failure(std::string_view request_id, const os::ExitStatus& status) {
  std::string words = "Runtime exited without providing a reason";
  if (status.signal != 0) {
    words = "Runtime exited with error: " + signal_words(status.signal);
  } else if (status.code != 0) {
    words = fmt::format("Runtime exited with error: exit status {}", status.code);
  }
  return runtime_api::make_failure("Runtime.ExitError", with_request(request_id, words));
}

runtime_api::Answer extension_failure(std::string type, std::string_view request_id, const os::ExitStatus& status) {
  std::string words = "exit code 0";
  if (status.signal != 0) {
    words = signal_words(status.signal);
  } else if (status.code != 0) {
    words = fmt::format("exit status {}", status.code);
  }
  return runtime_api::make_failure(std::move(type), with_request(request_id, words));
}

runtime_api::Answer timeout_failure(std::string_view request_id, base::Millis timeout) {
  const auto seconds = static_cast<double>(timeout.count()) / 1000.0;
  return runtime_api::make_failure(
      "Sandbox.Timedout", with_request(request_id, fmt::format("Task timed out after {:.2f} seconds", seconds)));
}

}  // namespace worker
