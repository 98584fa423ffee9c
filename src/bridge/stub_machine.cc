#include "bridge/stub_machine.h"

#include "bridge/stub_state.h"

namespace bridge {
namespace {

constexpr base::Millis kInitLimit{500};
constexpr base::Millis kPongLimit{300};
constexpr base::Millis kTwinAfter{150};
constexpr std::chrono::minutes kSocketAge{100};
constexpr base::Millis kFirstRetry{100};
constexpr base::Millis kLongestRetry{2'000};

}  // namespace

StubMachine::State::State(StubOptions with)
    : options(std::move(with)),
      random(static_cast<std::minstd_rand::result_type>(options.seed)),
      posts({.total = 4, .per_peer = 4}, options.seed) {}

StubMachine::StubMachine(StubOptions options) : state_(std::make_unique<State>(std::move(options))) {}
StubMachine::~StubMachine() = default;
StubMachine::StubMachine(StubMachine&&) noexcept = default;

StubActions StubMachine::start(Instant at) {
  StubActions actions;
  state_->init_until = at.steady + kInitLimit;
  state_->open_socket(at, actions);
  state_->read_table(actions);
  return actions;
}

StubActions StubMachine::socket_opened(Instant at, std::string connection_id, std::int64_t aws_time_ms) {
  StubActions actions;
  State& state = *state_;
  state.socket_open = true;
  state.socket_opening = false;
  state.socket_settled = true;
  state.socket_failures = 0;
  state.socket_opened = at.steady;
  state.connection_id = std::move(connection_id);
  state.link += 1;
  state.pong_due.reset();
  state.pings_unanswered = 0;
  state.trouble.erase(State::Road::socket);
  if (aws_time_ms != 0) state.aws_clock.set(aws_time_ms, at.wall);
  if (state.working()) {
    if (state.attempt->pinned) {
      if (!state.attempt->heard) state.attempt->pinned_at = at.steady;  // only now can it hear anything
      state.ask(at, actions);
    } else {
      state.attempt->ask_when_pinned = true;
    }
  }
  state.pump(at, actions);
  state.check_init(at, actions);
  return actions;
}

StubActions StubMachine::socket_failed(Instant at, const Outcome& outcome) {
  StubActions actions;
  State& state = *state_;
  state.socket_opening = false;
  state.socket_settled = true;
  state.note_trouble(State::Road::socket, at, outcome);
  state.socket_retry = at.steady + back_off(state.socket_failures++, kFirstRetry, kLongestRetry, state.random);
  state.check_init(at, actions);
  return actions;
}

StubActions StubMachine::socket_lost(Instant at) {
  StubActions actions;
  state_->socket_open = false;
  state_->connection_id.clear();
  if (state_->working() || !state_->init_done) state_->open_socket(at, actions);
  return actions;
}

StubActions StubMachine::registration_read(Instant at, std::optional<Registration> registration) {
  StubActions actions;
  state_->take_registration(at, registration, actions);
  state_->pump(at, actions);
  state_->check_init(at, actions);
  return actions;
}

StubActions StubMachine::registration_failed(Instant at, const Outcome& outcome) {
  StubActions actions;
  State& state = *state_;
  state.reading = false;
  state.note_trouble(State::Road::table, at, outcome);
  state.read_at = at.steady + back_off(state.read_failures++, kFirstRetry, kLongestRetry / 2, state.random);
  state.check_attempt(at, actions);
  state.check_init(at, actions);
  return actions;
}

StubActions StubMachine::invocation(Instant at, Invocation invocation) {
  StubActions actions;
  State& state = *state_;
  state.init_done = true;
  // A thaw: nothing from before counts.
  state.posts.drop([](const QueuedPost&) { return true; });
  state.control.clear();
  state.trouble.clear();
  state.road_proven = false;
  state.reading = false;
  state.read_failures = 0;
  state.read_at.reset();
  state.socket_failures = 0;
  state.socket_retry.reset();
  state.pong_due.reset();

  state.attempt.emplace(++state.last_number);
  State::Attempt& attempt = *state.attempt;
  attempt.deadline = at.steady + base::Millis(invocation.deadline_ms - base::epoch_ms(at.wall));
  attempt.invocation = std::move(invocation);

  if (state.table_known && state.table && state.table->connected() && state.table->version >= 1) {
    state.dispatch(at, state.channel_to(*state.table));
  } else {
    state.read_table(actions);
  }
  state.pump(at, actions);
  if (state.socket_open && at.steady - state.socket_opened < kSocketAge) {
    state.ping(at, actions);
  } else {
    state.open_socket(at, actions);
  }
  return actions;
}

StubActions StubMachine::frame(Instant at, std::string_view text) {
  StubActions actions;
  state_->receive(at, text, actions);
  state_->pump(at, actions);
  return actions;
}

StubActions StubMachine::post_finished(Instant at, std::uint64_t tag, const Outcome& outcome) {
  StubActions actions;
  state_->finish_post(at, state_->posts.finished(tag, outcome, at.steady), outcome, actions);
  state_->pump(at, actions);
  state_->check_init(at, actions);
  return actions;
}

StubActions StubMachine::stream_taken(Instant at, std::uint64_t number) {
  StubActions actions;
  if (!state_->working() || !state_->attempt->stream) return actions;
  IncomingStream& stream = *state_->attempt->stream;
  stream.taken(number);
  if (stream.wants_credit()) state_->say(at, Credit{stream.taken()}, actions);
  return actions;
}

// A pong to a ping from before the freeze proves nothing about now.
StubActions StubMachine::pong(Instant) {
  if (state_->pings_unanswered > 0) state_->pings_unanswered -= 1;
  if (state_->pings_unanswered == 0) state_->pong_due.reset();
  return {};
}

StubActions StubMachine::timer(Instant at) {
  StubActions actions;
  State& state = *state_;
  if (state.working() || !state.init_done) {
    state.check_socket(at, actions);
    if (state.read_at && *state.read_at <= at.steady) state.read_table(actions);
  }
  state.check_attempt(at, actions);
  state.pump(at, actions);
  state.check_init(at, actions);
  return actions;
}

std::optional<base::SteadyTime> StubMachine::next_timer() const {
  const State& state = *state_;
  std::optional<SteadyTime> earliest;
  auto consider = [&](std::optional<SteadyTime> time) {
    if (time && (!earliest || *time < *earliest)) earliest = time;
  };
  if (!state.working() && state.init_done) return std::nullopt;
  if (!state.init_done) consider(state.init_until);
  consider(state.posts.next_timer());
  if (!state.road_proven) consider(state.posts.next_twin_timer(kTwinAfter));
  consider(state.socket_retry);
  consider(state.pong_due);
  consider(state.read_at);
  if (!state.working()) return earliest;
  const State::Attempt& attempt = *state.attempt;
  for (auto road : {State::Road::posts, State::Road::table, State::Road::socket}) consider(state.trouble_limit(road));
  consider(attempt.deadline);
  consider(attempt.missing_at);
  if (!attempt.pinned) return earliest;
  for (const auto& time : {attempt.ask_at, attempt.reply_due, attempt.other_until}) consider(time);
  consider(state.silence_limit());
  if (attempt.lost_since) consider(*attempt.lost_since + State::kLostFor);
  if (!attempt.heard) consider(attempt.pinned_since + State::kLostFor);
  return earliest;
}

void StubMachine::State::check_socket(Instant at, StubActions& actions) {
  bool no_pong = pong_due && *pong_due <= at.steady;
  bool retry = socket_retry && *socket_retry <= at.steady;
  if (no_pong) pong_due.reset();
  if (retry) socket_retry.reset();
  if (no_pong || retry) open_socket(at, actions);
}

void StubMachine::State::open_socket(Instant, StubActions& actions) {
  if (socket_opening) return;
  socket_opening = true;
  socket_retry.reset();
  actions.push_back(OpenSocket{});
}

void StubMachine::State::ping(Instant at, StubActions& actions) {
  if (!socket_open || socket_opening || pong_due) return;
  actions.push_back(Ping{});
  pings_unanswered += 1;
  pong_due = at.steady + kPongLimit;
}

void StubMachine::State::check_init(Instant at, StubActions& actions) {
  if (init_done) return;
  bool table_settled = !reading && (table_known || trouble.contains(Road::table));
  bool all_settled = socket_settled && table_settled && posts.empty();
  if (!all_settled && at.steady < init_until) return;
  init_done = true;
  actions.push_back(ReadyForNext{});
}

std::size_t StubMachine::held_bytes() const {
  const State& state = *state_;
  std::size_t held = state.posts.held_bytes();
  for (const auto& [session, channel] : state.channels) held += channel->reassembler.held_bytes();
  for (const auto& [id, message] : state.control) held += message.size();
  if (!state.attempt) return held;
  held += state.attempt->invocation.event.size();
  if (state.attempt->invoke) held += state.attempt->invoke->size();
  if (state.attempt->stream) held += state.attempt->stream->held_bytes();
  return held;
}

const DropCounts& StubMachine::dropped() const {
  return state_->dropped;
}

}  // namespace bridge
