// What Lambda says when a runtime ends or takes too long, word for word. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "os/spawner.h"
#include "runtime_api/invocation.h"

namespace worker {

// Runtime.ExitError: "RequestId: … Error: Runtime exited with error: exit status 1", "… signal: killed".
// Without a request id (the process ended before it had one) the words begin with "Error:".
runtime_api::Answer exit_failure(std::string_view request_id, const os::ExitStatus& status);

// Of an extension that ended: "RequestId: … Error: exit status 1". `type`: "Extension.Crash", …
runtime_api::Answer extension_failure(std::string type, std::string_view request_id, const os::ExitStatus& status);

// Sandbox.Timedout: "RequestId: … Error: Task timed out after 3.00 seconds".
runtime_api::Answer timeout_failure(std::string_view request_id, base::Millis timeout);

}  // namespace worker
