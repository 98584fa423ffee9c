// What the stub answers when no session can: a proxy answer with status 503 and a clear text where the event is
// certainly HTTP, else an error, so that Lambda's own retries keep the event. Never an invented success.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bridge/actions.h"
#include "bridge/message.h"

namespace bridge {

inline constexpr std::string_view kNoSession = "Function.LiveNoSession";
inline constexpr std::string_view kDisconnected = "Function.LiveDisconnected";
inline constexpr std::string_view kDenied = "Function.LiveDenied";
inline constexpr std::string_view kUnreachable = "Function.LiveUnreachable";

// Exactly the proxy events of API Gateway (REST, HTTP and WebSocket APIs), function URLs and ALB. Authorizers
// (`methodArn`, `routeArn`) and everything doubtful are not.
bool is_http_event(std::string_view event);

// The 503 if the event is HTTP, else an error of this type.
Answer answer_for_nobody(std::string_view event, std::string_view error_type, std::string_view text);

// Such a 503 as a function URL that streams has it: status and headers, eight NUL bytes, body (aws-facts §4). Nothing
// if the event is not of a function URL.
std::optional<Answer> streamed_answer_for_nobody(std::string_view event, std::string_view text);

// Why a request was refused (403, or the table's 400 of the same meaning), in a sentence that says what to do.
struct Denial {
  std::string text;
  bool expired = false;  // the credentials: the process is of no more use
};
Denial explain_denial(const Outcome& outcome, std::string_view what);
// Is this refusal of the table or an upgrade one of identity (rather than throttling or a missing table)?
bool is_denial(const Outcome& outcome);
bool is_throttling(const Outcome& outcome);

}  // namespace bridge
