// The session's side of the bridge, for all environments at once. Pure: frames, outcomes and answers go in with the
// time, actions come out, to be done in order. It guarantees that an attempt is handed over (StartAttempt) at most
// once, and never from a frame that is older than 10 s by AWS's clock; that an answer is kept and repeated until the
// stub has moved on, or 60 s past the attempt's deadline; that at most 32 posts are under way, 4 to one stub; and that
// it keeps within SessionLimits, whatever its peers send.
//
//   frame() ─▶ Announced, AttemptArrived          (prepare a worker: build, launch)
//   worker_ready() ─▶ StartAttempt                (at once, or with a later frame if the last one is too old)
//   answer() ─▶ Post …, Delivered                 (CancelAttempt may come at any time after AttemptArrived)
//   stream_begin(), stream_write() …, stream_end() ─▶ Post …, StreamRoom …, Delivered
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

struct AttemptId {
  EnvironmentId environment = {};
  std::uint64_t number = 0;
  auto operator<=>(const AttemptId&) const = default;
};

// Post `frame` to `connection_id` (same API as the session's own), then call post_finished(tag). Given 2 s.
struct SessionPost {
  std::uint64_t tag = 0;
  EnvironmentId environment = {};  // whose credentials may serve if the session's own have expired
  std::string connection_id = {};
  std::string frame = {};
};
// A new execution environment; once for each.
struct Announced {
  EnvironmentId environment = {};
  Announce announce = {};
};
// A whole attempt is here. deadline_ms is by the wall clock of this machine. Call worker_ready() when it can be handed
// over.
struct AttemptArrived {
  AttemptId id;
  Invocation invocation = {};
  base::SteadyTime arrived;  // the last chunk's arrival: overhead is counted from here
  base::SteadyTime deadline;
};
// Hand the attempt to its worker now.
struct StartAttempt {
  AttemptId id;
};
// The stub gave up or moved on, or this session's grace ran out: do not start it, or stop its worker. No answer is
// wanted.
struct CancelAttempt {
  AttemptId id;
  std::string reason = {};
};
// There is room again for a streamed answer that had none (stream_room).
struct StreamRoom {
  AttemptId id;
};
// The last chunk of the answer was taken by API Gateway (first delivery only).
struct Delivered {
  AttemptId id;
  base::SteadyTime answered;   // answer() was called
  base::SteadyTime delivered;  // the last 200
};
// An answer that was given up: nobody asked for it until 60 s past the deadline.
struct Undelivered {
  AttemptId id;
};
// A post was answered 403: the session's credentials, most likely. At most once a second.
struct PostDenied {
  std::string detail = {};
};
// Send kHelloText and report its answer by hello_answered(): AWS's clock seems to be off.
struct SayHello {};
// After stop(): no attempt is open and no post under way.
struct Drained {};

using SessionAction = std::variant<SessionPost, Announced, AttemptArrived, StartAttempt, CancelAttempt, StreamRoom,
                                   Delivered, Undelivered, PostDenied, SayHello, Drained>;
using SessionActions = std::vector<SessionAction>;

// What a session takes of its peers together; frames beyond it are dropped, and their stubs send them again.
struct SessionLimits {
  std::size_t environments = 16'384;
  std::size_t held = 512 * 1'048'576;  // bytes of messages that came in part
};

class SessionMachine {
 public:
  // `own` carries session, key and maxMessage. `seed` is for jitter.
  SessionMachine(const Registration& own, std::uint64_t seed, SessionLimits limits = {});
  ~SessionMachine();
  SessionMachine(SessionMachine&&) noexcept;

  // What is cut from now on.
  void set_max_message(std::size_t characters);
  // A connection of ours is open and registered: frames from now on carry it.
  SessionActions connected(Instant at, std::string connection_id, std::uint64_t link);
  // Every answer of `hello`.
  void hello_answered(Instant at, std::int64_t aws_time_ms);
  SessionActions frame(Instant at, std::string_view text);
  // A frame that there is no memory to read: as if it were lost, so that its stub sends it again.
  void drop_unread();
  SessionActions post_finished(Instant at, std::uint64_t tag, const Outcome& outcome);
  SessionActions worker_ready(Instant at, const AttemptId& id);
  // Nothing happens for an attempt that was cancelled or answered before.
  SessionActions answer(Instant at, const AttemptId& id, Answer answer);
  // A streamed answer, of an attempt that was started: its headers, its bytes, its end. An error breaks it off after
  // what was written. Whoever writes keeps to stream_room() and waits for StreamRoom when it is 0.
  SessionActions stream_begin(Instant at, const AttemptId& id, NameValues headers);
  SessionActions stream_write(Instant at, const AttemptId& id, std::string_view bytes);
  SessionActions stream_end(Instant at, const AttemptId& id, std::optional<Answer> error = std::nullopt);
  std::size_t stream_room(const AttemptId& id) const;
  // The attempt will get no answer (it timed out: Lambda says so itself).
  SessionActions abandon(Instant at, const AttemptId& id);
  // Displaced, or ending: what has not started is refused, now and from now on; what runs has `grace`, then is
  // cancelled and answered by an error that gives the reason ("another client has connected: tom@laptop").
  SessionActions stop(Instant at, std::string reason, base::Millis grace);

  SessionActions timer(Instant at);
  std::optional<base::SteadyTime> next_timer() const;

  const DropCounts& dropped() const;  // frames, by reason, since the start
  std::size_t open_attempts() const;  // arrived or running, not answered
  std::size_t held_bytes() const;     // of messages: in parts, kept, and on their way

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bridge
