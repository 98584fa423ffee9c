// The stub's side of the bridge: one execution environment, one attempt at a time. Pure: what happens goes in with the
// time, actions come out, to be done in order. It guarantees that every attempt is answered (Respond or RespondError)
// before its deadline or not at all, that an attempt is never sent to a second session once a first may have it whole
// (unless refused), and that after `start` ReadyForNext comes within 500 ms whatever happens.
//
// Every invocation() counts as a thaw: outcomes of posts from before are passed over (their tags are unknown), and the
// driver should drop requests and connections that it has idle. ReadyForNext follows each answer, unless Exit does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bridge/actions.h"
#include "bridge/message.h"
#include "bridge/registration.h"
#include "bridge/sealing.h"

namespace bridge {

struct StubOptions {
  std::string app = {};
  std::string stage = {};
  Announce announce = {};
  EnvironmentId environment = {};  // random, new for each process
  bool streamed_url = false;       // the function's URL streams
  std::uint64_t seed = 0;          // for jitter
};

// Open a WebSocket, say hello, then socket_opened() or socket_failed(). Given 1 s to connect. An older one is closed
// after the new one is open.
struct OpenSocket {};
// Post and call post_finished(tag). `fresh`: on a new connection, not a kept one. Given 1 s to connect and 2 s.
struct StubPost {
  std::uint64_t tag = 0;
  std::string endpoint = {};
  std::string connection_id = {};
  std::string frame = {};
  bool fresh = false;
};
// A consistent read of the table, then registration_read() or registration_failed(). Given 1 s to connect and 2 s.
struct ReadRegistration {};
// A ping on the open WebSocket, then pong(). No pong is no error.
struct Ping {};
struct Respond {
  std::string request_id = {};
  NameValues headers = {};
  std::string body = {};
};
struct RespondError {
  std::string request_id = {};
  std::string error_type = {};
  NameValues headers = {};  // without the error type's
  std::string body = {};
};
// A streamed answer, in this order: its headers, its bytes, its end, or the error that breaks it off. Call
// stream_taken(number) when Lambda has taken a piece's bytes.
struct StreamBegin {
  std::string request_id = {};
  NameValues headers = {};
};
struct StreamWrite {
  std::uint64_t number = 0;
  std::string bytes = {};
};
struct StreamEnd {};
struct StreamBreak {
  std::string error_type = {};
  std::string body = {};
};
// Ask Lambda's Runtime API for the next invocation.
struct ReadyForNext {};
// End the process, after what was said before is done.
struct Exit {};

using StubAction = std::variant<OpenSocket, StubPost, ReadRegistration, Ping, Respond, RespondError, StreamBegin,
                                StreamWrite, StreamEnd, StreamBreak, ReadyForNext, Exit>;
using StubActions = std::vector<StubAction>;

class StubMachine {
 public:
  explicit StubMachine(StubOptions options);
  ~StubMachine();
  StubMachine(StubMachine&&) noexcept;

  StubActions start(Instant at);
  StubActions socket_opened(Instant at, std::string connection_id, std::int64_t aws_time_ms);  // 0 = time unknown
  StubActions socket_failed(Instant at, const Outcome& outcome);
  StubActions socket_lost(Instant at);
  StubActions registration_read(Instant at, std::optional<Registration> registration);  // nothing = no item
  StubActions registration_failed(Instant at,
                                  const Outcome& outcome);  // also an item that does not parse (answered, status 0)
  StubActions invocation(Instant at, Invocation invocation);
  StubActions frame(Instant at, std::string_view text);
  StubActions post_finished(Instant at, std::uint64_t tag, const Outcome& outcome);
  StubActions stream_taken(Instant at, std::uint64_t number);
  StubActions pong(Instant at);
  StubActions timer(Instant at);
  std::optional<base::SteadyTime> next_timer() const;

  const DropCounts& dropped() const;
  std::size_t held_bytes() const;  // of messages: in parts, kept, and on their way

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bridge
