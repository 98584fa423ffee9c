#include "runtime_api/runtime_state.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "runtime_api/invocation.h"

namespace runtime_api {

namespace {

std::string_view name_of(Phase phase) {
  switch (phase) {
    case Phase::starting:
      return "Started";
    case Phase::waiting:
      return "Ready";
    case Phase::running:
      return "Running";
    case Phase::answered:
      return "ResponseSent";
    case Phase::init_failed:
      return "InitError";
  }
  return "";
}

std::string error_body(std::string_view type, std::string_view message) {
  boost::json::object body;
  body["errorType"] = type;
  body["errorMessage"] = message;
  return boost::json::serialize(body);
}

}  // namespace

std::optional<net::Response> RuntimeState::next() {
  if (phase_ == Phase::running || phase_ == Phase::init_failed) return refuse("Ready");
  phase_ = Phase::waiting;
  return std::nullopt;
}

std::optional<net::Response> RuntimeState::answer(std::string_view request_id, bool failure) {
  const bool known = !request_id_.empty() && request_id == request_id_;
  if (!known) return error_response(400, "InvalidRequestID", "Invalid request ID");
  if (phase_ != Phase::running) return refuse(failure ? "InvocationErrorResponse" : "InvocationResponse");
  phase_ = Phase::answered;
  return std::nullopt;
}

std::optional<net::Response> RuntimeState::init_error() {
  if (phase_ != Phase::starting) return refuse("InitError");
  phase_ = Phase::init_failed;
  return std::nullopt;
}

void RuntimeState::hand_over(std::string request_id) {
  request_id_ = std::move(request_id);
  phase_ = Phase::running;
}

std::optional<net::Response> RuntimeState::refuse(std::string_view target) const {
  return error_response(
      403, "InvalidStateTransition",
      fmt::format("State transition from {} to {} failed for runtime. Error: State transition is not allowed",
                  name_of(phase_), target));
}

net::Response error_response(int status, std::string_view type, std::string_view message) {
  return net::Response{
      .status = status, .headers = {{"Content-Type", "application/json"}}, .body = error_body(type, message)};
}

Answer make_failure(std::string error_type, std::string message) {
  auto body = error_body(error_type, message);
  return Answer{.failure = true,
                .body = std::move(body),
                .content_type = "application/json",
                .error_type = std::move(error_type),
                .xray_error_cause = {}};
}

}  // namespace runtime_api
