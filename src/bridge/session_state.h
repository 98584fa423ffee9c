// Inside the session machine: what it knows of each environment and its latest attempt. Not for others to include.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "bridge/outgoing.h"
#include "bridge/post_queue.h"
#include "bridge/reassembly.h"
#include "bridge/session_machine.h"
#include "bridge/stream.h"

namespace bridge {

constexpr base::Millis kMissingAfter{1'000};

struct SessionMachine::State {
  enum class Phase {
    receiving,  // parts are missing
    waiting,    // whole; no worker is ready
    ready,      // a worker is ready; the last word of the stub is too old
    running,    // handed over
    answered,   // the answer is kept
    over,       // cancelled, refused, abandoned, or the answer is let go
  };

  struct Attempt {
    explicit Attempt(std::uint64_t with_number) : number(with_number) {}

    std::uint64_t number;
    Phase phase = Phase::receiving;
    std::optional<Invoke> invoke;  // from its arrival until the announce is there too
    base::SteadyTime arrived;
    base::SteadyTime deadline = base::SteadyTime::max();
    std::int64_t last_sealed_ms = 0;             // of the freshest frame about it
    std::optional<base::SteadyTime> accept_at;   // say `accepted` if nothing was answered by then
    std::optional<base::SteadyTime> missing_at;  // say `missing` if it is still not whole by then
    base::SteadyTime part_at;                    // the last part of a message came
    std::unique_ptr<Outgoing> answer;
    std::unique_ptr<OutgoingStream> stream;  // from stream_begin(), instead of `answer`
    bool stream_full = false;                // StreamRoom is owed
    base::SteadyTime answered;
    bool delivered = false;
    bool refused = false;                 // it has not run here and never will
    bool was_announced_to_owner = false;  // AttemptArrived was given out
  };

  struct Environment {
    Environment(KeyId key_id, const EnvironmentId& id, const KeyPair& keys)
        : sealer(key_id, id, keys.session), opener(key_id, keys.stub, keys.session) {}

    Sealer sealer;
    Opener opener;
    Reassembler reassembler;
    std::uint64_t next_message_id = 1;
    std::uint64_t stub_link = 0;
    std::string connection_id;       // the stub's; empty = not known
    std::string gone_connection_id;  // answered 410
    bool announced = false;
    std::optional<Attempt> attempt;
    std::map<std::uint64_t, Outgoing> control;  // accepted, missing, refused: until posted

    bool reachable() const { return !connection_id.empty() && connection_id != gone_connection_id; }
  };

  State(const Registration& registration, std::uint64_t seed, SessionLimits with_limits);

  // Receiving.
  void receive(Instant at, std::string_view text, SessionActions& actions);
  void handle(Instant at, const EnvironmentId& id, Environment& environment, const OpenedFrame& frame,
              SessionActions& actions);
  void handle_message(Instant at, const EnvironmentId& id, Environment& environment, const FrameHeader& header,
                      Message message, SessionActions& actions);
  void handle_ask(Instant at, const EnvironmentId& id, Environment& environment, const Ask& ask,
                  SessionActions& actions);
  void handle_missing(Instant at, const EnvironmentId& id, Environment& environment, const Missing& missing);
  Attempt* attempt_of(Instant at, const EnvironmentId& id, Environment& environment, std::uint64_t number,
                      SessionActions& actions);

  // The life of an attempt.
  void arrive_if_whole(Instant at, const EnvironmentId& id, Environment& environment, SessionActions& actions);
  void start_if_fresh(Instant at, const EnvironmentId& id, Attempt& attempt, SessionActions& actions);
  void refuse(Instant at, const EnvironmentId& id, Environment& environment, SessionActions& actions);
  void end_attempt(const EnvironmentId& id, Attempt& attempt, std::string reason, SessionActions& actions);
  void keep_answer(Instant at, const EnvironmentId& id, Environment& environment, Answer answer);
  void check_drained(Instant at, SessionActions& actions);

  // Sending.
  void say(const EnvironmentId& id, Environment& environment, const Message& message);
  void say_missing(Instant at, const EnvironmentId& id, Environment& environment);
  void post_chunks(const EnvironmentId& id, Environment& environment, const Outgoing& message,
                   const std::vector<std::uint32_t>& chunks);
  void post_whole(const EnvironmentId& id, Environment& environment, const Outgoing& message);
  void cut_small(Environment& environment);
  void end_stream(Instant at, const EnvironmentId& id, Environment& environment, std::optional<Answer> error);
  void post_stream(const EnvironmentId& id, Environment& environment);
  void take_credit(const EnvironmentId& id, Environment& environment, std::uint64_t taken, SessionActions& actions);
  Outgoing* find_answer(Environment& environment, std::uint64_t message_id);
  void seal(Instant at, QueuedPost& post);
  void pump(Instant at, SessionActions& actions);
  void finish_post(Instant at, const PostQueue::Finished& finished, SessionActions& actions, const Outcome& outcome);

  Environment* running(const AttemptId& id);  // with this attempt handed over and not answered; else nullptr
  static bool is_open(const Attempt& attempt) { return attempt.phase < Phase::answered; }

  Registration own;
  KeyId key_id;
  std::string connection_id;
  std::uint64_t link = 0;
  AwsClock aws_clock;
  PostQueue posts;
  DropCounts dropped;
  const SessionLimits limits;
  std::size_t held = 0;  // by all reassemblers
  std::map<EnvironmentId, std::unique_ptr<Environment>> environments;
  std::optional<base::SteadyTime> hello_said;
  std::optional<base::SteadyTime> denied_told;
  std::string stop_reason;
  std::optional<base::SteadyTime> stop_at;  // the end of the grace
  bool drained = false;
};

}  // namespace bridge
