// The stub machine's voice: sending an attempt, asking about it, and knowing when it is pinned.
#include <numeric>

#include "bridge/stub_state.h"

namespace bridge {
namespace {

constexpr base::Millis kTwinAfter{150};
constexpr base::Millis kAskAfter{1'000};
constexpr base::Millis kAskEvery{2'000};
constexpr base::Millis kAskEveryAccepted{5'000};
constexpr base::Millis kReplyWithin{2'000};
constexpr base::Millis kSilentFor{5'000};
constexpr base::Millis kSilentForAgain{2'000};
constexpr base::Millis kMissingEvery{2'000};

std::vector<std::uint32_t> all_of(const Outgoing& message) {
  std::vector<std::uint32_t> chunks(message.chunks());
  std::iota(chunks.begin(), chunks.end(), 0U);
  return chunks;
}

}  // namespace

StubMachine::State::Channel* StubMachine::State::channel_of_attempt() {
  if (!attempt || attempt->session.empty()) return nullptr;
  return channels.at(attempt->session).get();
}

StubMachine::State::Channel* StubMachine::State::current() {
  if (Channel* channel = channel_of_attempt()) return channel;
  if (!table || !table->connected()) return nullptr;
  auto found = channels.find(table->session);
  return found == channels.end() ? nullptr : found->second.get();
}

// Sends the attempt to a session, or once more to another connection of the same one.
void StubMachine::State::dispatch(Instant at, Channel& channel) {
  drop_posts();
  attempt->dead_since.reset();
  attempt->silence_checked = false;
  attempt->target = channel.registration.connection_id;
  if (attempt->session != channel.registration.session || !attempt->invoke) {
    attempt->session = channel.registration.session;
    attempt->heard = attempt->accepted = false;  // a late word of the session before does not count for this one
    attempt->lost_since.reset();
    Invoke invoke{.invocation = attempt->invocation, .finished = finished};
    invoke.milliseconds_left = std::chrono::duration_cast<base::Millis>(attempt->deadline - at.steady).count();
    invoke.composed_at_ms = aws_clock.known() ? aws_clock.now_ms(at.wall) : 0;
    attempt->invoke = std::make_unique<Outgoing>(std::move(invoke), attempt->number, next_message_id++,
                                                 channel.registration.max_message);
  } else {
    cut_small();
  }
  if (!channel.announced) announce_to(channel);
  if (connection_id.empty()) attempt->ask_when_pinned = true;
  queue(*attempt->invoke, all_of(*attempt->invoke), true);
}

// What is sent again, to another connection, goes in frames that certainly fit: perhaps it was their size that closed
// the one before.
void StubMachine::State::cut_small() {
  if (attempt->invoke->fits(kDefaultMaxMessage)) return;
  attempt->invoke = std::make_unique<Outgoing>(*attempt->invoke, next_message_id++, kDefaultMaxMessage);
}

// Forgets what waits; what is under way counts as perhaps arrived, since nobody will hear how it ended.
void StubMachine::State::drop_posts() {
  posts.each_under_way([&](const QueuedPost& post) {
    bool of_invoke = attempt && attempt->invoke && attempt->invoke->message_id() == post.message_id;
    if (of_invoke) attempt->invoke->mark_may_have_arrived(post.chunk);
  });
  posts.drop([](const QueuedPost&) { return true; });
  control.clear();
}

void StubMachine::State::announce_to(Channel& channel) {
  std::uint64_t id = next_message_id++;
  auto announce = control.emplace(id, Outgoing(options.announce, 0, id, channel.registration.max_message)).first;
  queue(announce->second, all_of(announce->second), true);
}

void StubMachine::State::queue(const Outgoing& message, const std::vector<std::uint32_t>& chunks, bool persistent) {
  for (std::uint32_t chunk : chunks) {
    bool queued = posts.contains(
        [&](const QueuedPost& post) { return post.message_id == message.message_id() && post.chunk == chunk; });
    if (queued) continue;
    posts.add({.environment = options.environment,
               .type = message.type(),
               .invocation = message.invocation(),
               .message_id = message.message_id(),
               .chunk = chunk,
               .persistent = persistent});
  }
}

void StubMachine::State::say(Instant at, const Message& message, StubActions& actions) {
  Channel* channel = channel_of_attempt();
  if (channel == nullptr) return;
  std::uint64_t id = next_message_id++;
  auto said = control.emplace(id, Outgoing(message, attempt->number, id, channel->registration.max_message)).first;
  queue(said->second, all_of(said->second), type_of(message) == MessageType::credit);
  pump(at, actions);
}

void StubMachine::State::ask(Instant at, StubActions& actions) {
  Channel* channel = channel_of_attempt();
  if (channel == nullptr) return;
  attempt->ask_when_pinned = false;
  const std::string& target = channel->registration.connection_id;
  if (attempt->dead.contains(target)) {
    attempt->ask_at.reset();
    if (attempt->heard && !attempt->lost_since) attempt->lost_since = at.steady;
    read_table(actions);
    return;
  }
  attempt->target = target;
  attempt->ask_at = at.steady + (attempt->accepted && !attempt->lost_since ? kAskEveryAccepted : kAskEvery);
  if (!attempt->reply_due) attempt->reply_due = at.steady + kReplyWithin;
  Ask question{.finished = finished};
  if (attempt->stream) {
    question.taken = attempt->stream->taken();
    question.received = attempt->stream->received();
  }
  say(at, question, actions);
}

void StubMachine::State::pump(Instant at, StubActions& actions) {
  while (auto leaving = posts.next(at.steady)) leave(at, *leaving, actions);
  if (road_proven) return;
  while (auto twin = posts.next_twin(at.steady, kTwinAfter)) leave(at, *twin, actions);
}

void StubMachine::State::leave(Instant at, const PostQueue::Leaving& leaving, StubActions& actions) {
  QueuedPost& post = *leaving.post;
  Channel* channel = current();
  const Outgoing* message = nullptr;
  if (attempt && attempt->invoke && attempt->invoke->message_id() == post.message_id) message = attempt->invoke.get();
  if (auto found = control.find(post.message_id); found != control.end()) message = &found->second;
  if (channel == nullptr || message == nullptr) {
    std::uint64_t tag = leaving.tag;
    posts.finished(tag, {.reach = Outcome::Reach::answered, .status = 410}, at.steady);
    return;
  }
  if (post.frame.empty()) {
    FrameHeader header = message->header(post.chunk);
    header.sealed_at_ms = aws_clock.now_ms(at.wall);
    header.connection_id = connection_id;
    header.link = link;
    post.frame = channel->sealer.seal(header, message->bytes(post.chunk));
  }
  post.sent_to = channel->registration.connection_id;
  actions.push_back(StubPost{leaving.tag, channel->registration.endpoint, post.sent_to, post.frame, leaving.fresh});
}

void StubMachine::State::finish_post(Instant at, const PostQueue::Finished& done, const Outcome& outcome,
                                     StubActions& actions) {
  using Verdict = PostQueue::Verdict;
  if (done.verdict == Verdict::unknown) return;
  if (outcome.reach == Outcome::Reach::answered) road_proven = true;
  if (done.verdict == Verdict::pending) return;
  Channel* channel = current();
  bool of_invoke = attempt && attempt->invoke && attempt->invoke->message_id() == done.post.message_id;
  auto said = control.find(done.post.message_id);
  if (of_invoke && done.may_have_arrived) attempt->invoke->mark_may_have_arrived(done.post.chunk);
  if (done.verdict == Verdict::arrived) {
    trouble.erase(Road::posts);
    if (of_invoke) attempt->invoke->mark_arrived(done.post.chunk);
    if (said != control.end()) {
      said->second.mark_arrived(done.post.chunk);
      if (said->second.all_arrived()) {
        if (said->second.type() == MessageType::announce && channel != nullptr) channel->announced = true;
        control.erase(said);
      }
    }
  } else if (done.verdict == Verdict::gone) {
    trouble.erase(Road::posts);
    if (channel != nullptr && done.post.sent_to != channel->registration.connection_id) {
      if (done.post.persistent) posts.add(done.post);  // the session has another address by now
      return;
    }
    target_dead(at, done.post.sent_to, actions);
    return;
  } else {
    note_trouble(Road::posts, at, outcome);
    if (!done.post.persistent && said != control.end()) control.erase(said);
  }
  if (!working()) return;
  if (of_invoke && attempt->pinned && !attempt->accepted) attempt->ask_at = at.steady + kAskAfter;
  check_pinned(at, actions);
}

void StubMachine::State::check_pinned(Instant at, StubActions& actions) {
  if (attempt->pinned || !attempt->invoke || !attempt->invoke->all_may_have_arrived()) return;
  attempt->pinned = true;
  attempt->pinned_since = at.steady;
  attempt->pinned_at = at.steady;
  attempt->ask_at = at.steady + kAskAfter;
  if (attempt->ask_when_pinned && !connection_id.empty()) ask(at, actions);
}

std::optional<SteadyTime> StubMachine::State::silence_limit() const {
  if (!working() || !attempt->pinned || attempt->heard || attempt->silence_checked || !socket_open) return std::nullopt;
  return attempt->pinned_at + (channels.at(attempt->session)->silent ? kSilentForAgain : kSilentFor);
}

// Whatever of the attempt is due by now.
void StubMachine::State::check_attempt(Instant at, StubActions& actions) {
  if (!working()) return;
  if (attempt->deadline <= at.steady) {
    attempt->expired = true;  // Lambda says so in its own words
    drop_posts();
    return;
  }
  check_trouble(at, actions);
  if (!working()) return;
  auto due = [&](std::optional<SteadyTime>& time) {
    if (!time || *time > at.steady) return false;
    time.reset();
    return true;
  };
  if (due(attempt->missing_at)) {
    if (auto missing = channel_of_attempt()->reassembler.missing(attempt->number)) {
      attempt->missing_at = at.steady + kMissingEvery;
      say(at, *missing, actions);
    }
  }
  if (!attempt->pinned) return;
  if (due(attempt->other_until)) {
    answer_disconnected(at, "livelambda: the session that ran this invocation ended, or another took its place",
                        actions);
    return;
  }
  if (attempt->lost_since && *attempt->lost_since + kLostFor <= at.steady) {
    answer_disconnected(at, "livelambda: the session of " + owner() + " was lost while it ran this invocation",
                        actions);
    return;
  }
  if (!attempt->heard && attempt->pinned_since + kLostFor <= at.steady) {
    // Whatever kept the silence from being settled: our own WebSocket that opens and closes, a table that does not
    // answer.
    answer_disconnected(at, "livelambda: the session of " + owner() + " gave no word about this invocation", actions);
    return;
  }
  if (due(attempt->ask_at)) ask(at, actions);
  check_silence(at, actions);
}

void StubMachine::State::check_silence(Instant at, StubActions& actions) {
  if (attempt->reply_due && *attempt->reply_due <= at.steady) {
    attempt->reply_due.reset();
    ping(at, actions);  // or is it our own WebSocket that is dead?
    if (attempt->heard) {
      if (!attempt->lost_since) attempt->lost_since = at.steady;
      read_table(actions);
    }
  }
  auto limit = silence_limit();
  if (limit && *limit <= at.steady) {
    attempt->silence_checked = true;
    read_table(actions);
  }
}

}  // namespace bridge
