#include "localcloud/lambda/runtime_protocol.h"

#include <fmt/format.h>

#include "codec/base64.h"
#include "codec/json.h"

namespace localcloud {

namespace {

constexpr std::string_view kPrefix = "/2018-06-01/runtime/";

net::Response json_response(int status, const codec::json::value& body) {
  net::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.body = codec::to_text(body);
  return response;
}

net::Response refusal(int status, std::string_view type, std::string message) {
  codec::json::object body;
  body["errorMessage"] = std::move(message);
  body["errorType"] = type;
  return json_response(status, body);
}

net::Response accepted() {
  codec::json::object body;
  body["status"] = "OK";
  return json_response(202, body);
}

std::string_view name_of(RuntimeProtocol::State state) {
  switch (state) {
    case RuntimeProtocol::State::starting:
      return "Started";
    case RuntimeProtocol::State::ready:
      return "Ready";
    case RuntimeProtocol::State::busy:
      return "Running";
    case RuntimeProtocol::State::answered:
      return "InvocationResponse";
    case RuntimeProtocol::State::failed:
      return "InitError";
  }
  return "Unknown";
}

net::Response wrong_state(RuntimeProtocol::State from, std::string_view to) {
  return refusal(
      403, "InvalidStateTransition",
      fmt::format("State transition from {} to {} failed for runtime. Error: State transition is not allowed",
                  name_of(from), to));
}

// (Runtime|Function)\.[A-Z][a-zA-Z]+, else the fallback.
std::string counted_error_type(std::string_view text, std::string_view fallback) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  std::size_t dot = text.find('.');
  std::string_view prefix = text.substr(0, dot);
  if (dot == std::string_view::npos || (prefix != "Runtime" && prefix != "Function")) return std::string(fallback);
  std::string_view rest = text.substr(dot + 1);
  if (rest.size() < 2 || rest[0] < 'A' || rest[0] > 'Z') return std::string(text.substr(0, dot)) + ".Unknown";
  for (char c : rest) {
    if (!letter(c)) return std::string(prefix) + ".Unknown";
  }
  return std::string(text);
}

RuntimeAnswer too_large(std::size_t limit) {
  RuntimeAnswer answer{.failed = true, .payload = {}, .error_type = "Function.ResponseSizeTooLarge"};
  codec::json::object error;
  error["errorType"] = answer.error_type;
  error["errorMessage"] = fmt::format("Response payload size exceeded maximum allowed payload size ({} bytes).", limit);
  answer.payload = codec::to_text(error);
  return answer;
}

net::Response too_large_refusal(std::size_t limit) {
  return refusal(413, "RequestEntityTooLarge", fmt::format("Exceeded maximum allowed payload size ({} bytes).", limit));
}

// A streamed answer that broke says so in trailers, which the server hands on with the headers.
std::optional<RuntimeAnswer> broken_stream(const net::Request& request) {
  auto type = request.headers.get("Lambda-Runtime-Function-Error-Type");
  if (!type) return std::nullopt;
  auto body = codec::base64_decode(request.headers.get_or("Lambda-Runtime-Function-Error-Body", ""));
  RuntimeAnswer answer;
  answer.failed = true;
  answer.error_type = counted_error_type(*type, "Function.Unknown");
  answer.payload = body ? *body : std::string();
  return answer;
}

}  // namespace

RuntimeProtocol::Route RuntimeProtocol::route(std::string_view method, std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  if (!path.starts_with(kPrefix)) return {};
  path.remove_prefix(kPrefix.size());
  if (method == "GET" && path == "invocation/next") return {.operation = Operation::next};
  if (method == "POST" && path == "init/error") return {.operation = Operation::init_error};
  constexpr std::string_view kInvocation = "invocation/";
  if (method != "POST" || !path.starts_with(kInvocation)) return {};
  path.remove_prefix(kInvocation.size());
  std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {};
  std::string id(path.substr(0, slash));
  std::string_view what = path.substr(slash + 1);
  if (what == "response") return {.operation = Operation::response, .request_id = id};
  if (what == "error") return {.operation = Operation::error, .request_id = id};
  return {};
}

RuntimeProtocol::Waiting RuntimeProtocol::next() {
  if (state_ == State::busy || state_ == State::failed) return {.refused = wrong_state(state_, "Ready"), .ticket = 0};
  state_ = State::ready;
  return {.refused = std::nullopt, .ticket = ++ticket_};
}

std::optional<net::Response> RuntimeProtocol::take_event(std::uint64_t ticket) {
  if (is_void(ticket) || !event_) return std::nullopt;
  RuntimeEvent event = std::move(*event_);
  event_.reset();
  net::Response response;
  auto add = [&](std::string_view name, std::string value) {
    if (!value.empty()) response.headers.add("Lambda-Runtime-" + std::string(name), std::move(value));
  };
  response.headers.add("Content-Type", "application/json");
  add("Aws-Request-Id", event.request_id);
  add("Deadline-Ms", std::to_string(event.deadline_ms));
  add("Invoked-Function-Arn", event.function_arn);
  add("Trace-Id", event.trace_id);
  add("Client-Context", event.client_context);
  response.body = std::move(event.payload);
  return response;
}

std::optional<net::Response> RuntimeProtocol::refuse_unless_busy(std::string_view request_id) const {
  if (request_id_.empty() || request_id != request_id_) return refusal(400, "InvalidRequestID", "Invalid request ID");
  if (state_ != State::busy || streaming_) return wrong_state(state_, "InvocationResponse");
  return std::nullopt;
}

void RuntimeProtocol::answered(RuntimeAnswer answer) {
  state_ = State::answered;
  event_.reset();
  answer_ = std::move(answer);
}

net::Response RuntimeProtocol::response(std::string_view request_id, const net::Request& request) {
  if (auto refused = refuse_unless_busy(request_id)) return *refused;
  if (auto mode = request.headers.get("Lambda-Runtime-Function-Response-Mode"); mode && *mode != "streaming") {
    return refusal(400, "InvalidFunctionResponseMode", fmt::format("Invalid function response mode: {}", *mode));
  }
  if (request.body.size() > kMaxPayload) {
    answered(too_large(kMaxPayload));
    return too_large_refusal(kMaxPayload);
  }
  if (auto broken = broken_stream(request)) {
    answered(std::move(*broken));
    return accepted();
  }
  answered({.failed = false, .payload = request.body, .error_type = {}});
  return accepted();
}

bool RuntimeProtocol::is_streamed_response(const net::Request& head) {
  return route(head.method, head.target).operation == Operation::response &&
         head.headers.get("Lambda-Runtime-Function-Response-Mode") == "streaming";
}

std::optional<net::Response> RuntimeProtocol::begin_stream(std::string_view request_id) {
  if (auto refused = refuse_unless_busy(request_id)) return refused;
  streaming_ = true;
  return std::nullopt;
}

net::Response RuntimeProtocol::end_stream(std::string_view request_id, const net::Request& request, std::string body) {
  streaming_ = false;
  if (auto refused = refuse_unless_busy(request_id)) return *refused;  // it was timed out meanwhile
  auto broken = broken_stream(request);
  answered(broken ? std::move(*broken) : RuntimeAnswer{.failed = false, .payload = std::move(body), .error_type = {}});
  return accepted();
}

net::Response RuntimeProtocol::stream_too_large(std::string_view request_id, std::size_t limit) {
  streaming_ = false;
  if (auto refused = refuse_unless_busy(request_id)) return *refused;
  answered(too_large(limit));
  return too_large_refusal(limit);
}

void RuntimeProtocol::stream_cut_off(std::string_view request_id) {
  streaming_ = false;
  if (refuse_unless_busy(request_id)) return;
  codec::json::object error;
  error["errorType"] = "Runtime.TruncatedResponse";
  error["errorMessage"] = "The response was cut off before its end";
  answered({.failed = true, .payload = codec::to_text(error), .error_type = "Runtime.TruncatedResponse"});
}

net::Response RuntimeProtocol::error(std::string_view request_id, const net::Request& request) {
  if (auto refused = refuse_unless_busy(request_id)) return *refused;
  answered({.failed = true,
            .payload = request.body,
            .error_type = counted_error_type(request.headers.get_or("Lambda-Runtime-Function-Error-Type", ""),
                                             "Function.Unknown")});
  return accepted();
}

net::Response RuntimeProtocol::init_error(const net::Request& request) {
  if (state_ != State::starting) return wrong_state(state_, "InitError");
  state_ = State::failed;
  answer_ = RuntimeAnswer{.failed = true,
                          .payload = request.body,
                          .error_type = counted_error_type(
                              request.headers.get_or("Lambda-Runtime-Function-Error-Type", ""), "Runtime.Unknown")};
  return accepted();
}

net::Response RuntimeProtocol::unknown(std::string_view method, std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  for (std::string_view known :
       {"/2020-01-01/extension/", "/2022-07-01/telemetry", "/2020-08-15/logs", "/2018-06-01/runtime/restore/"}) {
    if (path.starts_with(known)) {
      return refusal(501, "NotImplemented", fmt::format("The local cloud does not implement {} {}", method, path));
    }
  }
  net::Response response;
  response.status = 404;
  response.body = "404 page not found\n";
  return response;
}

void RuntimeProtocol::offer(RuntimeEvent event) {
  request_id_ = event.request_id;
  streaming_ = false;
  answer_.reset();
  event_ = std::move(event);
  state_ = State::busy;
}

std::optional<RuntimeAnswer> RuntimeProtocol::take_answer() {
  return std::exchange(answer_, std::nullopt);
}

void RuntimeProtocol::restart() {
  std::uint64_t ticket = ticket_ + 1;  // whoever still waits does so in vain
  *this = RuntimeProtocol();
  ticket_ = ticket;
}

}  // namespace localcloud
