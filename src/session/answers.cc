#include "session/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "codec/json.h"
#include "session/text.h"

namespace session {

bridge::Answer to_bridge(runtime_api::Answer answer) {
  bridge::Answer out{.failed = answer.failure, .headers = {}, .body = std::move(answer.body)};
  auto add = [&](const char* name, std::string& value) {
    if (!value.empty()) out.headers.emplace_back(name, std::move(value));
  };
  add("Content-Type", answer.content_type);
  add("Lambda-Runtime-Function-Error-Type", answer.error_type);
  add("Lambda-Runtime-Function-XRay-Error-Cause", answer.xray_error_cause);
  return out;
}

runtime_api::InvocationEvent to_event(const bridge::Invocation& invocation) {
  return {.request_id = invocation.request_id,
          .body = invocation.event,
          .deadline = base::from_epoch_ms(invocation.deadline_ms),
          .function_arn = invocation.function_arn,
          .trace_id = invocation.trace_id,
          .client_context = invocation.client_context,
          .cognito_identity = invocation.cognito_identity,
          .tenant_id = invocation.tenant_id};
}

std::string variable(const bridge::Announce& announce, std::string_view name) {
  auto found = std::ranges::find(announce.environment, name, [](const auto& one) { return one.first; });
  return found == announce.environment.end() ? std::string() : found->second;
}

int memory_size_mb(const bridge::Announce& announce) {
  return std::atoi(variable(announce, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE").c_str());
}

worker::WorkerOutcome live_failure(std::string type, const std::string& message) {
  return {.kind = worker::WorkerOutcome::Kind::failure,
          .answer = runtime_api::make_failure(std::move(type), "livelambda: " + message)};
}

std::string readable_error(const std::string& body) {
  auto parsed = codec::parse_json(body);
  if (!parsed || codec::find(*parsed, "errorMessage") == nullptr) return valid_utf8(body);
  std::string type = codec::find_string(*parsed, "errorType");
  std::string message = codec::find_string(*parsed, "errorMessage");
  std::string text = type.empty() ? message : fmt::format("{}: {}", type, message);
  std::string lines;
  for (const char* name : {"trace", "stackTrace"}) {
    const auto* trace = codec::find(*parsed, name);
    if (trace == nullptr || !trace->is_array()) continue;
    for (const auto& line : trace->as_array()) {
      // A JavaScript trace repeats type and message, together or each on a line.
      if (!line.is_string()) continue;
      std::string_view shown = line.get_string();
      bool repeats = shown == type || shown == message || text == shown;
      bool blank = shown.find_first_not_of(" \t") == std::string_view::npos;
      if (!repeats && !blank) lines += fmt::format("\n{}", shown);
    }
  }
  return text + lines;
}

}  // namespace session
