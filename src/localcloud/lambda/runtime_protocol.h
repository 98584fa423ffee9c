// The state machine of one environment's Runtime API (aws-facts §4; the states of AWS's runtime interface emulator):
// which request is right when, and how each is answered. Pure: requests in, answers out. A `next` is the one request
// that waits; the environment waits for it and takes its answer from here.
//
//   starting ── next ──► ready ── offer ──► busy ── response / error ──► answered ── next ──► ready
//   starting ── init/error ──► failed
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace localcloud {

// Of an answer: 6 MiB and 100 bytes.
inline constexpr std::size_t kMaxPayload = 6'291'556;
// Of a streamed answer, which StreamPace slows down.
inline constexpr std::size_t kMaxStreamed = 200 * 1024 * 1024;

struct RuntimeEvent {
  std::string request_id;
  std::string function_arn;
  std::string trace_id;
  std::string client_context;    // JSON, or empty
  std::int64_t deadline_ms = 0;  // since the epoch, by the machine's clock, which the function reads too
  std::string payload;
};

struct RuntimeAnswer {
  bool failed = false;
  std::string payload;     // the answer, or the error object
  std::string error_type;  // of a failure, "Function.Unknown" if the runtime named none that counts
};

class RuntimeProtocol {
 public:
  enum class State { starting, ready, busy, answered, failed };

  enum class Operation { next, response, error, init_error, unknown };
  struct Route {
    Operation operation = Operation::unknown;
    std::string request_id = {};
  };
  static Route route(std::string_view method, std::string_view target);

  // The runtime asks for work. An answer if that is not allowed now; else the caller waits with the ticket: a later
  // `next` makes it void (the runtime dropped its connection and asked again).
  struct Waiting {
    std::optional<net::Response> refused;
    std::uint64_t ticket = 0;
  };
  Waiting next();
  bool is_void(std::uint64_t ticket) const { return ticket != ticket_; }
  // What the waiting `next` is answered with, once there is an event.
  std::optional<net::Response> take_event(std::uint64_t ticket);

  net::Response response(std::string_view request_id, const net::Request& request);
  // A response that is streamed is begun, which may be refused; then it is ended, with its trailers among the headers
  // of `request`, or cut off. `body`: what was not handed on meanwhile.
  static bool is_streamed_response(const net::Request& head);
  std::optional<net::Response> begin_stream(std::string_view request_id);
  net::Response end_stream(std::string_view request_id, const net::Request& request, std::string body);
  net::Response stream_too_large(std::string_view request_id, std::size_t limit);
  void stream_cut_off(std::string_view request_id);
  net::Response error(std::string_view request_id, const net::Request& request);
  net::Response init_error(const net::Request& request);
  // What is not part of it: extensions, telemetry, restore. 501 by name, or 404.
  static net::Response unknown(std::string_view method, std::string_view target);

  State state() const { return state_; }
  // Only when ready.
  void offer(RuntimeEvent event);
  // Of the last invocation, or of the initialisation if it failed. Once.
  std::optional<RuntimeAnswer> take_answer();
  // A new process begins.
  void restart();

 private:
  std::optional<net::Response> refuse_unless_busy(std::string_view request_id) const;
  void answered(RuntimeAnswer answer);

  State state_ = State::starting;
  std::uint64_t ticket_ = 0;
  std::string request_id_;  // of the invocation that runs or was answered last
  bool streaming_ = false;  // its answer has begun
  std::optional<RuntimeEvent> event_;
  std::optional<RuntimeAnswer> answer_;
};

}  // namespace localcloud
