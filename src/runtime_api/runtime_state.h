// The rules of Lambda's Runtime API for one runtime: what it may call when, and what a wrong call is answered. Pure;
// the server is endpoint.h. Follows aws-facts §4 and, for the words, AWS's runtime interface emulator.
//
//   starting ──next──► waiting ──hand_over──► running ──answer──► answered ──next──► waiting
//      └──init_error──► init_failed
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace runtime_api {

enum class Phase { starting, waiting, running, answered, init_failed };

class RuntimeState {
 public:
  Phase phase() const { return phase_; }

  // Each is a call of the runtime: empty if it is allowed, which moves the state on; else the answer that refuses it.
  std::optional<net::Response> next();  // also from waiting: a runtime whose connection broke asks again
  std::optional<net::Response> answer(std::string_view request_id, bool failure);
  std::optional<net::Response> init_error();

  // An event goes to the runtime that waits.
  void hand_over(std::string request_id);

 private:
  std::optional<net::Response> refuse(std::string_view target) const;

  Phase phase_ = Phase::starting;
  std::string request_id_;  // of the event that runs or ran last
};

// {"errorType":…,"errorMessage":…} with a status, as the Runtime API answers.
net::Response error_response(int status, std::string_view type, std::string_view message);

}  // namespace runtime_api
