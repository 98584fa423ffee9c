// Between what the bridge carries, what a worker is given and gives, and what people read. Pure.
#pragma once

#include <string>
#include <string_view>

#include "bridge/message.h"
#include "worker/worker.h"

namespace session {

runtime_api::InvocationEvent to_event(const bridge::Invocation& invocation);
bridge::Answer to_bridge(runtime_api::Answer answer);

// One of the environment variables that Lambda sets; "" if there is none.
std::string variable(const bridge::Announce& announce, std::string_view name);
int memory_size_mb(const bridge::Announce& announce);  // 0 if it is not told

// An answer in place of one of the function: it failed before its code could.
worker::WorkerOutcome live_failure(std::string type, const std::string& message);

// A Lambda error object as people read it: "TypeError: x is not a function", then the stack trace.
std::string readable_error(const std::string& body);

}  // namespace session
