#include "bridge/session_machine.h"

#include <algorithm>

#include "bridge/session_state.h"

namespace bridge {
namespace {

constexpr base::Millis kKeptPastDeadline{60'000};
constexpr base::Millis kDrainLimit{3'000};

}  // namespace

SessionMachine::State::State(const Registration& registration, std::uint64_t seed, SessionLimits with_limits)
    : own(registration),
      key_id(key_id_of(registration)),
      posts({.total = 32, .per_peer = 4}, seed),
      limits(with_limits) {}

SessionMachine::SessionMachine(const Registration& own, std::uint64_t seed, SessionLimits limits)
    : state_(std::make_unique<State>(own, seed, limits)) {}
SessionMachine::~SessionMachine() = default;
SessionMachine::SessionMachine(SessionMachine&&) noexcept = default;

void SessionMachine::set_max_message(std::size_t characters) {
  state_->own.max_message = characters;
}

SessionActions SessionMachine::connected(Instant at, std::string connection_id, std::uint64_t link) {
  SessionActions actions;
  state_->connection_id = std::move(connection_id);
  state_->link = link;
  for (const auto& [id, environment] : state_->environments) state_->posts.forget_back_off(id);
  state_->pump(at, actions);
  return actions;
}

void SessionMachine::hello_answered(Instant at, std::int64_t aws_time_ms) {
  if (aws_time_ms != 0) state_->aws_clock.set(aws_time_ms, at.wall);
}

SessionActions SessionMachine::frame(Instant at, std::string_view text) {
  SessionActions actions;
  state_->receive(at, text, actions);
  state_->pump(at, actions);
  return actions;
}

void SessionMachine::drop_unread() {
  state_->dropped[DropReason::too_much] += 1;
}

SessionActions SessionMachine::post_finished(Instant at, std::uint64_t tag, const Outcome& outcome) {
  SessionActions actions;
  state_->finish_post(at, state_->posts.finished(tag, outcome, at.steady), actions, outcome);
  state_->pump(at, actions);
  state_->check_drained(at, actions);
  return actions;
}

SessionActions SessionMachine::worker_ready(Instant at, const AttemptId& id) {
  SessionActions actions;
  auto found = state_->environments.find(id.environment);
  if (found == state_->environments.end() || !found->second->attempt) return actions;
  State::Attempt& attempt = *found->second->attempt;
  if (attempt.number != id.number || attempt.phase != State::Phase::waiting) return actions;
  attempt.phase = State::Phase::ready;
  state_->start_if_fresh(at, id.environment, attempt, actions);
  return actions;
}

SessionActions SessionMachine::answer(Instant at, const AttemptId& id, Answer answer) {
  SessionActions actions;
  auto found = state_->environments.find(id.environment);
  if (found == state_->environments.end() || !found->second->attempt) return actions;
  State::Environment& environment = *found->second;
  if (environment.attempt->number != id.number || !State::is_open(*environment.attempt)) return actions;
  state_->keep_answer(at, id.environment, environment, std::move(answer));
  state_->pump(at, actions);
  return actions;
}

SessionActions SessionMachine::stream_begin(Instant, const AttemptId& id, NameValues headers) {
  if (State::Environment* environment = state_->running(id)) {
    environment->attempt->stream = std::make_unique<OutgoingStream>(std::move(headers));
  }
  return {};
}

SessionActions SessionMachine::stream_write(Instant at, const AttemptId& id, std::string_view bytes) {
  SessionActions actions;
  State::Environment* environment = state_->running(id);
  if (environment == nullptr || !environment->attempt->stream) return actions;
  State::Attempt& attempt = *environment->attempt;
  attempt.stream->write(bytes);
  attempt.stream_full = attempt.stream->room() == 0;
  attempt.accept_at.reset();
  state_->post_stream(id.environment, *environment);
  state_->pump(at, actions);
  return actions;
}

SessionActions SessionMachine::stream_end(Instant at, const AttemptId& id, std::optional<Answer> error) {
  SessionActions actions;
  State::Environment* environment = state_->running(id);
  if (environment == nullptr || !environment->attempt->stream) return actions;
  state_->end_stream(at, id.environment, *environment, std::move(error));
  state_->pump(at, actions);
  return actions;
}

std::size_t SessionMachine::stream_room(const AttemptId& id) const {
  const State::Environment* environment = state_->running(id);
  return environment == nullptr || !environment->attempt->stream ? 0 : environment->attempt->stream->room();
}

SessionMachine::State::Environment* SessionMachine::State::running(const AttemptId& id) {
  auto found = environments.find(id.environment);
  if (found == environments.end() || !found->second->attempt) return nullptr;
  const Attempt& attempt = *found->second->attempt;
  return attempt.number == id.number && attempt.phase == Phase::running ? found->second.get() : nullptr;
}

SessionActions SessionMachine::abandon(Instant at, const AttemptId& id) {
  SessionActions actions;
  auto found = state_->environments.find(id.environment);
  if (found == state_->environments.end() || !found->second->attempt) return actions;
  State::Attempt& attempt = *found->second->attempt;
  if (attempt.number == id.number && State::is_open(attempt)) {
    attempt.phase = State::Phase::over;
    attempt.accept_at.reset();
    attempt.missing_at.reset();
    attempt.stream.reset();
  }
  state_->check_drained(at, actions);
  return actions;
}

SessionActions SessionMachine::stop(Instant at, std::string reason, base::Millis grace) {
  SessionActions actions;
  state_->stop_reason = std::move(reason);
  state_->stop_at = at.steady + grace;
  for (auto& [id, environment] : state_->environments) {
    if (environment->attempt && environment->attempt->phase < State::Phase::running) {
      state_->refuse(at, id, *environment, actions);
    }
  }
  state_->pump(at, actions);
  state_->check_drained(at, actions);
  return actions;
}

SessionActions SessionMachine::timer(Instant at) {
  SessionActions actions;
  bool grace_over = state_->stop_at && *state_->stop_at <= at.steady;
  for (auto& [id, environment] : state_->environments) {
    if (!environment->attempt) continue;
    State::Attempt& attempt = *environment->attempt;
    if (attempt.accept_at && *attempt.accept_at <= at.steady) {
      attempt.accept_at.reset();
      state_->say(id, *environment, Accepted{});
    }
    if (attempt.missing_at && *attempt.missing_at <= at.steady) {
      attempt.missing_at.reset();
      state_->say_missing(at, id, *environment);
    }
    if (grace_over && State::is_open(attempt)) {
      std::string reason = state_->stop_reason;
      actions.push_back(CancelAttempt{{id, attempt.number}, reason});
      Answer error = error_answer("Function.LiveDisconnected", "livelambda: this invocation was stopped: " + reason);
      if (attempt.stream) {
        state_->end_stream(at, id, *environment, std::move(error));
      } else {
        state_->keep_answer(at, id, *environment, std::move(error));
      }
    }
    if (attempt.phase != State::Phase::over && attempt.deadline != base::SteadyTime::max() &&
        attempt.deadline + kKeptPastDeadline <= at.steady) {
      if (attempt.phase == State::Phase::answered && !attempt.delivered) {
        actions.push_back(Undelivered{{id, attempt.number}});
      }
      state_->end_attempt(id, attempt, "its deadline has passed", actions);
    }
  }
  state_->pump(at, actions);
  state_->check_drained(at, actions);
  return actions;
}

std::optional<base::SteadyTime> SessionMachine::next_timer() const {
  std::optional<base::SteadyTime> earliest = state_->posts.next_timer();
  auto consider = [&](std::optional<base::SteadyTime> time) {
    if (time && (!earliest || *time < *earliest)) earliest = time;
  };
  bool any_open = false;
  for (const auto& [id, environment] : state_->environments) {
    if (!environment->attempt) continue;
    const State::Attempt& attempt = *environment->attempt;
    consider(attempt.accept_at);
    consider(attempt.missing_at);
    any_open = any_open || State::is_open(attempt);
    if (attempt.phase != State::Phase::over && attempt.deadline != base::SteadyTime::max()) {
      consider(attempt.deadline + kKeptPastDeadline);
    }
  }
  if (state_->stop_at && !state_->drained) consider(any_open ? *state_->stop_at : *state_->stop_at + kDrainLimit);
  return earliest;
}

void SessionMachine::State::check_drained(Instant at, SessionActions& actions) {
  if (!stop_at || drained) return;
  bool any_open = std::any_of(environments.begin(), environments.end(), [](const auto& entry) {
    return entry.second->attempt && is_open(*entry.second->attempt);
  });
  bool out_of_patience = *stop_at + kDrainLimit <= at.steady;
  if (any_open || (!posts.empty() && !out_of_patience)) return;
  drained = true;
  actions.push_back(Drained{});
}

const DropCounts& SessionMachine::dropped() const {
  return state_->dropped;
}

std::size_t SessionMachine::held_bytes() const {
  std::size_t held = state_->posts.held_bytes();
  for (const auto& [id, environment] : state_->environments) {
    held += environment->reassembler.held_bytes();
    for (const auto& [message_id, message] : environment->control) held += message.size();
    if (!environment->attempt) continue;
    const State::Attempt& attempt = *environment->attempt;
    if (attempt.invoke) held += attempt.invoke->invocation.event.size();
    if (attempt.answer) held += attempt.answer->size();
    if (attempt.stream) held += attempt.stream->held_bytes();
  }
  return held;
}

std::size_t SessionMachine::open_attempts() const {
  return static_cast<std::size_t>(
      std::count_if(state_->environments.begin(), state_->environments.end(),
                    [](const auto& entry) { return entry.second->attempt && State::is_open(*entry.second->attempt); }));
}

}  // namespace bridge
