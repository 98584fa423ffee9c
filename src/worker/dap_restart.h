// Makes an editor attach again when a worker was replaced: a debug adapter says of a program that it has ended, and may
// ask for the session to be restarted (https://microsoft.github.io/debug-adapter-protocol: TerminatedEvent, "restart").
// debugpy and Delve do not know that there will be another worker; the relay, through which their words pass, does.
// Pure; everything else passes byte for byte.
#pragma once

#include <string>
#include <string_view>

namespace worker {

class DapRestart {
 public:
  // The bytes that may go on to the client. `restarts`: the worker ends because another takes its place.
  std::string pass(std::string_view bytes, bool restarts);

 private:
  std::string pending_;     // the beginning of a message
  bool is_no_dap_ = false;  // it passes as it is
};

}  // namespace worker
