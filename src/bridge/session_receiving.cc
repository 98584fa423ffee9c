// The session machine's ear: frames, and what they change in the life of an attempt.
#include <algorithm>

#include "bridge/session_state.h"

namespace bridge {
namespace {

constexpr base::Millis kAcceptedAfter{500};
constexpr base::Millis kFreshFor{10'000};
constexpr base::Millis kHelloEvery{1'000};
constexpr std::chrono::minutes kLongestInvocation{16};  // Lambda's 15, with room

}  // namespace

void SessionMachine::State::receive(Instant at, std::string_view text, SessionActions& actions) {
  auto sealed = decode_frame(text);
  if (!sealed) {
    dropped[sealed.error()] += 1;
    return;
  }
  const EnvironmentId& id = sealed->clear.environment;
  auto found = environments.find(id);
  std::unique_ptr<Environment> fresh;
  if (found == environments.end()) {
    fresh = std::make_unique<Environment>(key_id, id, derive_keys(own.key, id));
  }
  auto opened = (fresh ? *fresh : *found->second).opener.open(*sealed);
  if (!opened) {
    dropped[opened.error()] += 1;
    return;
  }
  if (fresh && environments.size() >= limits.environments) {
    dropped[DropReason::too_much] += 1;
    return;
  }
  // Only an authentic frame makes an environment.
  if (fresh) found = environments.emplace(id, std::move(fresh)).first;
  handle(at, id, *found->second, *opened, actions);
}

void SessionMachine::State::handle(Instant at, const EnvironmentId& id, Environment& environment,
                                   const OpenedFrame& frame, SessionActions& actions) {
  const FrameHeader& header = frame.header;
  if (!header.connection_id.empty() && header.link >= environment.stub_link) {
    environment.stub_link = header.link;
    if (environment.connection_id != header.connection_id) {
      if (!environment.connection_id.empty()) cut_small(environment);
      environment.connection_id = header.connection_id;
      posts.forget_back_off(id);
    }
  }
  if (header.invocation != 0) {
    Attempt* attempt = attempt_of(at, id, environment, header.invocation, actions);
    if (attempt == nullptr) {
      dropped[DropReason::no_attempt] += 1;
      return;
    }
    if (attempt->phase == Phase::over && header.chunks > 1) {
      dropped[DropReason::no_attempt] += 1;  // its parts would be kept for nothing
      return;
    }
    attempt->last_sealed_ms = std::max(attempt->last_sealed_ms, header.sealed_at_ms);
    start_if_fresh(at, id, *attempt, actions);
  }
  if (held + frame.chunk.size() > limits.held && header.chunks > 1) {
    dropped[DropReason::too_much] += 1;  // its stub asks, and sends it again
    return;
  }
  held -= environment.reassembler.held_bytes();
  Reassembler::Added added = environment.reassembler.add(header, frame.chunk);
  held += environment.reassembler.held_bytes();
  if (added.progress == Reassembler::Progress::contradicting) dropped[DropReason::bad_header] += 1;
  if (added.progress == Reassembler::Progress::partial && environment.attempt) {
    environment.attempt->part_at = at.steady;
    if (!environment.attempt->missing_at) environment.attempt->missing_at = at.steady + kMissingAfter;
  }
  if (added.progress != Reassembler::Progress::whole) return;
  auto message = unpack(header, std::move(added.bytes));
  if (!message) {
    dropped[DropReason::bad_header] += 1;
    return;
  }
  handle_message(at, id, environment, header, std::move(*message), actions);
}

// The attempt that a frame is about; a higher number than the latest begins a new one, for the stub has moved on.
SessionMachine::State::Attempt* SessionMachine::State::attempt_of(Instant at, const EnvironmentId& id,
                                                                  Environment& environment, std::uint64_t number,
                                                                  SessionActions& actions) {
  if (environment.attempt && number < environment.attempt->number) return nullptr;
  if (environment.attempt && number == environment.attempt->number) return &*environment.attempt;
  if (environment.attempt) end_attempt(id, *environment.attempt, "the function has moved on", actions);
  held -= environment.reassembler.held_bytes();
  environment.reassembler.forget_before(number);
  held += environment.reassembler.held_bytes();
  environment.attempt.emplace(number);
  environment.attempt->deadline = at.steady + kLongestInvocation;  // until the invoke says it: its stub may be gone
  return &*environment.attempt;
}

void SessionMachine::State::handle_message(Instant at, const EnvironmentId& id, Environment& environment,
                                           const FrameHeader& header, Message message, SessionActions& actions) {
  if (auto* announce = std::get_if<Announce>(&message)) {
    if (!environment.announced) {
      environment.announced = true;
      actions.push_back(Announced{id, std::move(*announce)});
    }
    arrive_if_whole(at, id, environment, actions);
    return;
  }
  if (!environment.attempt || environment.attempt->number != header.invocation) return;
  Attempt& attempt = *environment.attempt;
  if (auto* invoke = std::get_if<Invoke>(&message)) {
    if (attempt.phase != Phase::receiving || attempt.invoke) return;
    attempt.arrived = at.steady;
    std::int64_t composed = invoke->composed_at_ms;
    base::Millis age(composed == 0 ? 0 : std::max<std::int64_t>(0, aws_clock.now_ms(at.wall) - composed));
    attempt.deadline = at.steady + base::Millis(invoke->milliseconds_left) - age;
    attempt.invoke = std::move(*invoke);
    if (!environment.announced) attempt.missing_at = at.steady + kMissingAfter;
    arrive_if_whole(at, id, environment, actions);
  } else if (auto* ask = std::get_if<Ask>(&message)) {
    handle_ask(at, id, environment, *ask, actions);
  } else if (auto* credit = std::get_if<Credit>(&message)) {
    take_credit(id, environment, credit->taken, actions);
  } else if (auto* missing = std::get_if<Missing>(&message)) {
    handle_missing(at, id, environment, *missing);
  } else if (std::holds_alternative<Cancel>(message)) {
    if (attempt.phase == Phase::answered && !attempt.delivered) actions.push_back(Undelivered{{id, attempt.number}});
    end_attempt(id, attempt, "the function gave up waiting", actions);
  } else {
    dropped[DropReason::bad_header] += 1;  // nothing that a stub says in this version
  }
}

void SessionMachine::State::arrive_if_whole(Instant at, const EnvironmentId& id, Environment& environment,
                                            SessionActions& actions) {
  if (!environment.attempt || !environment.announced) return;
  Attempt& attempt = *environment.attempt;
  if (attempt.phase != Phase::receiving || !attempt.invoke) return;
  if (stop_at) {
    refuse(at, id, environment, actions);
    return;
  }
  attempt.phase = Phase::waiting;
  attempt.missing_at.reset();
  attempt.accept_at = at.steady + kAcceptedAfter;
  attempt.arrived = at.steady;
  attempt.was_announced_to_owner = true;
  Invocation invocation = std::move(attempt.invoke->invocation);
  auto left = std::chrono::duration_cast<base::Millis>(attempt.deadline - at.steady);
  invocation.deadline_ms = base::epoch_ms(at.wall) + left.count();
  actions.push_back(AttemptArrived{{id, attempt.number}, std::move(invocation), attempt.arrived, attempt.deadline});
}

void SessionMachine::State::start_if_fresh(Instant at, const EnvironmentId& id, Attempt& attempt,
                                           SessionActions& actions) {
  if (attempt.phase != Phase::ready) return;
  if (aws_clock.now_ms(at.wall) - attempt.last_sealed_ms < kFreshFor.count()) {
    attempt.phase = Phase::running;
    actions.push_back(StartAttempt{{id, attempt.number}});
    return;
  }
  if (hello_said && at.steady - *hello_said < kHelloEvery) return;
  hello_said = at.steady;
  actions.push_back(SayHello{});
}

void SessionMachine::State::handle_ask(Instant at, const EnvironmentId& id, Environment& environment, const Ask& ask,
                                       SessionActions& actions) {
  Attempt& attempt = *environment.attempt;
  if (attempt.stream) {
    auto unheard = attempt.stream->after(ask.received);
    for (const Outgoing* piece : unheard) post_whole(id, environment, *piece);
    if (unheard.empty()) say(id, environment, Accepted{});
    take_credit(id, environment, ask.taken, actions);
    return;
  }
  switch (attempt.phase) {
    case Phase::receiving:
      if (stop_at) {
        refuse(at, id, environment, actions);
      } else {
        say_missing(at, id, environment);
      }
      return;
    case Phase::waiting:
    case Phase::ready:
    case Phase::running:
      attempt.accept_at.reset();
      say(id, environment, Accepted{});
      return;
    case Phase::answered:
      post_whole(id, environment, *attempt.answer);
      return;
    case Phase::over:
      // The word was lost. Of anything else that is over the stub does not ask.
      if (attempt.refused) say(id, environment, Refused{stop_reason});
      return;
  }
}

void SessionMachine::State::refuse(Instant, const EnvironmentId& id, Environment& environment,
                                   SessionActions& actions) {
  say(id, environment, Refused{stop_reason});
  environment.attempt->refused = true;
  end_attempt(id, *environment.attempt, stop_reason, actions);
}

void SessionMachine::State::end_attempt(const EnvironmentId& id, Attempt& attempt, std::string reason,
                                        SessionActions& actions) {
  if (is_open(attempt) && attempt.was_announced_to_owner) {
    actions.push_back(CancelAttempt{{id, attempt.number}, std::move(reason)});
  }
  attempt.phase = Phase::over;
  attempt.accept_at.reset();
  attempt.missing_at.reset();
  attempt.answer.reset();
  attempt.stream.reset();
  attempt.invoke.reset();
  Reassembler& parts = environments.at(id)->reassembler;
  held -= parts.held_bytes();
  parts.forget_before(attempt.number + 1);
  held += parts.held_bytes();
  posts.drop([&](const QueuedPost& post) {
    return post.environment == id && post.invocation == attempt.number && post.type != MessageType::refused;
  });
}

}  // namespace bridge
