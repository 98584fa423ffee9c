// One answer of Lambda's `GET …/invocation/next` and what the runtime makes of it, as values.
#pragma once

#include <cstddef>
#include <string>

#include "base/clock.h"

namespace runtime_api {

// Lambda's limit of a buffered response: 6 MiB and 100 bytes (aws-facts §4).
inline constexpr std::size_t kMaxResponse = 6'291'556;
// And of a streamed one: 200 MB (aws-facts §4).
inline constexpr std::size_t kMaxStreamedResponse = 200UL * 1024 * 1024;

// What a runtime is handed. Strings that are empty become no header.
struct InvocationEvent {
  std::string request_id;
  std::string body;         // the event, byte for byte
  base::WallTime deadline;  // by this machine's clock
  std::string function_arn;
  std::string trace_id;
  std::string client_context;    // JSON
  std::string cognito_identity;  // JSON
  std::string tenant_id;
};

// What goes back to Lambda: the runtime's response (`failure` false) or its error, byte for byte.
struct Answer {
  bool failure = false;
  std::string body;
  std::string content_type;
  std::string error_type;        // Lambda-Runtime-Function-Error-Type
  std::string xray_error_cause;  // Lambda-Runtime-Function-XRay-Error-Cause
  bool streamed = false;         // the response has gone by pieces; a failure broke it off
};

// A failure in Lambda's own form: {"errorType":…,"errorMessage":…}.
Answer make_failure(std::string error_type, std::string message);

}  // namespace runtime_api
