#include "localcloud/lambda/invocation_record.h"

#include <fmt/format.h>

#include "codec/json.h"
#include "localcloud/lambda/lambda_service.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

std::string quoted(std::string_view text) {
  return codec::to_text(json::value(text));
}

// A function of a custom runtime may answer with anything.
std::string as_json(std::string_view payload) {
  if (payload.empty()) return "null";
  return is_json_text(payload) ? std::string(payload) : quoted(payload);
}

}  // namespace

std::string record_text(const InvocationRecord& record) {
  std::string text = fmt::format(
      R"({{"version":"1.0","timestamp":{},"requestContext":{{"requestId":{},"functionArn":{},"condition":{},)"
      R"("approximateInvokeCount":{}}},"requestPayload":{})",
      quoted(iso_time(record.time)), quoted(record.request_id), quoted(record.function_arn), quoted(record.condition),
      record.invocations, as_json(record.request_payload));
  if (const auto& answer = record.answer) {
    json::object context{{"statusCode", 200}, {"executedVersion", answer->executed_version}};
    if (!answer->function_error.empty()) context["functionError"] = answer->function_error;
    text +=
        fmt::format(R"(,"responseContext":{},"responsePayload":{})", codec::to_text(context), as_json(answer->payload));
  }
  return text + "}";
}

std::string bus_event_text(const InvocationRecord& record, std::string_view bus_arn) {
  return fmt::format(
      R"({{"source":"lambda","detail-type":"Lambda Function Invocation Result - {}","resources":[{},{}],"detail":{}}})",
      record.condition == "Success" ? "Success" : "Failure", quoted(record.function_arn), quoted(bus_arn),
      record_text(record));
}

std::string error_message_of(std::string_view payload) {
  constexpr std::size_t kLongest = 1024;
  auto parsed = codec::parse_json(payload);
  auto message = parsed ? codec::find_string(*parsed, "errorMessage") : std::string();
  return message.substr(0, kLongest);
}

}  // namespace localcloud
