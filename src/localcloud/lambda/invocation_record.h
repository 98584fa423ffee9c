// What Lambda tells a destination about an asynchronous invocation (Lambda developer guide, "Capturing records of
// Lambda asynchronous invocations"). Pure text: payloads are passed on byte for byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace localcloud {

struct FunctionAnswer {
  std::string executed_version;  // "$LATEST", "7"
  std::string payload;
  std::string function_error = {};  // "Unhandled"; empty if it succeeded
};

struct InvocationRecord {
  base::WallTime time;
  std::string request_id;
  std::string function_arn;  // with the qualifier, "…:function:f:$LATEST"
  std::string condition;     // "Success", "RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency"
  int invocations = 0;
  std::string_view request_payload;
  std::optional<FunctionAnswer> answer = {};  // none if the function never answered
};

std::string record_text(const InvocationRecord& record);

// The event that an EventBridge bus gets: the record is its detail. Nothing that Lambda can say makes it fail.
std::string bus_event_text(const InvocationRecord& record, std::string_view bus_arn);

// "errorMessage" of what a failed function answered, at most 1 KB of it.
std::string error_message_of(std::string_view payload);

}  // namespace localcloud
