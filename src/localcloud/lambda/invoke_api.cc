// InvokeFunction and InvokeWithResponseStream.
#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>
#include <tuple>

#include "codec/base64.h"
#include "codec/json.h"
#include "localcloud/lambda/event_stream.h"
#include "localcloud/lambda/lambda_api.h"
#include "localcloud/lambda/streamed_invocation.h"

namespace localcloud {

namespace {

constexpr std::size_t kMaxClientContext = 3583;  // base64; aws-facts §4

base::Result<InvocationType> read_type(const net::Request& request) {
  auto text = request.headers.get_or("X-Amz-Invocation-Type", "RequestResponse");
  if (text == "RequestResponse") return InvocationType::request_response;
  if (text == "Event") return InvocationType::event;
  if (text == "DryRun") return InvocationType::dry_run;
  return constraint(text, "invocationType", "satisfy enum value set: [Event, RequestResponse, DryRun]");
}

// What the request says but for the payload. Errors: InvalidRequestContentException, ValidationException.
base::Result<InvokeInput> read_input(const net::Request& request, std::string reference) {
  InvokeInput input;
  input.function = std::move(reference);
  TRY(input.type, read_type(request));
  if (auto context = request.headers.get("X-Amz-Client-Context")) {
    auto decoded = codec::base64_decode(*context);
    if (!decoded || context->size() > kMaxClientContext || !is_json_text(*decoded)) {
      return aws_error(400, "InvalidRequestContentException",
                       "Client context must be a valid Base64-encoded JSON object.");
    }
    input.client_context = std::move(*decoded);
  }
  for (auto name : {"X-Amz-Tenant-Id", "X-Amz-Durable-Execution-Name"}) {
    if (request.headers.has(name)) return base::fail(not_implemented("lambda", fmt::format("Invoke with {}", name)));
  }
  input.trace_id = request.headers.get_or("X-Amzn-Trace-Id", "");
  return input;
}

base::Result<bool> wants_tail(const net::Request& request) {
  auto text = request.headers.get_or("X-Amz-Log-Type", "None");
  if (text != "None" && text != "Tail") return constraint(text, "logType", "satisfy enum value set: [None, Tail]");
  return text == "Tail";
}

std::string complete_message(const AnswerStream& stream, const InvokeOutput& output, bool tail) {
  json::object complete;
  if (!stream.error_code().empty()) {
    complete["ErrorCode"] = stream.error_code();
    complete["ErrorDetails"] = stream.error();
  }
  if (tail) complete["LogResult"] = codec::base64_encode(output.log_tail);
  return event_message("InvokeComplete", "application/json", codec::to_text(complete));
}

std::string chunk_message(std::string_view payload) {
  return event_message("PayloadChunk", "application/octet-stream", payload);
}

}  // namespace

awaitable<base::Result<net::Response>> LambdaService::invoke_operation(Call call, std::string reference) {
  std::string qualifier = field(split_target(call.request.target).query, "Qualifier").value_or(std::string());
  auto target = find(reference, qualifier);
  CO_TRY(authorize(call.caller, "lambda:InvokeFunction", target, reference));
  CO_TRY(auto found, std::move(target));
  CO_TRY(auto input, read_input(call.request, found.arn));
  CO_TRY(bool tail, wants_tail(call.request));
  input.payload = std::move(call.request.body);
  CO_TRY(auto output, co_await invoke_with(std::move(input), tail, nullptr));
  net::Response response;
  response.status = output.status;
  response.headers.add("x-amzn-RequestId", output.request_id);
  if (output.status == 200) {
    response.headers.add("Content-Type", "application/json");
    response.headers.add("X-Amz-Executed-Version", output.version);
  }
  if (!output.function_error.empty()) response.headers.add("X-Amz-Function-Error", output.function_error);
  if (tail && output.status == 200) response.headers.add("X-Amz-Log-Result", codec::base64_encode(output.log_tail));
  response.body = std::move(output.payload);
  co_return response;
}

// The answer begins with the first piece, or with the end: until then an error is an ordinary one.
awaitable<base::Result<>> LambdaService::stream_operation(net::Exchange& exchange, Call call) {
  auto split = split_target(call.request.target);
  auto segments = path_segments(split.path);
  std::string reference = segments.at(2);
  auto target = find(reference, field(split.query, "Qualifier").value_or(std::string()));
  CO_TRY(authorize(call.caller, "lambda:InvokeFunction", target, reference));
  CO_TRY(auto found, std::move(target));
  CO_TRY(auto input, read_input(call.request, found.arn));
  CO_TRY(bool tail, wants_tail(call.request));
  input.payload = std::move(call.request.body);
  if (input.type == InvocationType::event) {
    co_return constraint("Event", "invocationType", "satisfy enum value set: [RequestResponse, DryRun]");
  }
  if (input.type == InvocationType::dry_run) {
    net::Response dry;
    dry.status = 204;
    dry.headers.add("x-amzn-RequestId", call.request_id);
    std::ignore = co_await exchange.respond(std::move(dry));
    co_return base::Result<>();
  }
  StreamedInvocation invocation(*this, co_await boost::asio::this_coro::executor, std::move(input), tail);
  CO_TRY(co_await invocation.until_begun());
  net::Response head;
  head.headers.add("x-amzn-RequestId", call.request_id);
  head.headers.add("Content-Type", "application/vnd.amazon.eventstream");
  head.headers.add("X-Amz-Executed-Version", found.function->at(found.qualifier)->number);
  bool there = (co_await exchange.begin_stream(std::move(head))).has_value();
  while (there) {
    auto piece = co_await invocation.read();
    if (!piece) break;
    there = (co_await exchange.write_piece(chunk_message(*piece))).has_value();
  }
  if (there) {
    auto output = co_await invocation.finish();
    if (output && output->function_error.empty() && !invocation.stream().begun() && !output->payload.empty()) {
      std::ignore = co_await exchange.write_piece(chunk_message(output->payload));
    }
    if (output) std::ignore = co_await exchange.write_piece(complete_message(invocation.stream(), *output, tail));
  }
  std::ignore = co_await exchange.end_stream({});
  co_await invocation.close();
  co_return base::Result<>();
}

awaitable<void> LambdaService::invoke_with_stream(net::Exchange& exchange, Call call) {
  Call kept = call;
  kept.request.body.clear();
  auto done = co_await stream_operation(exchange, std::move(call));
  if (!done) std::ignore = co_await exchange.respond(rest_json_failure(kept, done.error()));
}

}  // namespace localcloud
