// The session machine's voice: answers that are kept and repeated, and the small messages beside them.
#include <numeric>

#include "bridge/session_state.h"

namespace bridge {
namespace {

constexpr base::Millis kDeniedToldEvery{1'000};
constexpr std::size_t kMaxControl = 16;

bool is_answer(MessageType type) {
  return type == MessageType::result || type == MessageType::failure || type == MessageType::stream;
}

}  // namespace

void SessionMachine::State::keep_answer(Instant at, const EnvironmentId& id, Environment& environment, Answer answer) {
  Attempt& attempt = *environment.attempt;
  if (answer.body.size() > kMaxBody) {
    answer = error_answer("Function.ResponseSizeTooLarge",
                          "Response payload size exceeded maximum allowed payload size (6291556 bytes).");
  }
  attempt.phase = Phase::answered;
  attempt.answered = at.steady;
  attempt.accept_at.reset();
  attempt.missing_at.reset();
  attempt.answer =
      std::make_unique<Outgoing>(std::move(answer), attempt.number, environment.next_message_id++, own.max_message);
  post_whole(id, environment, *attempt.answer);
}

// What is sent again, to another connection, goes in frames that certainly fit: perhaps it was their size that closed
// the one before.
void SessionMachine::State::cut_small(Environment& environment) {
  if (!environment.attempt) return;
  Attempt& attempt = *environment.attempt;
  if (attempt.answer && !attempt.answer->fits(kDefaultMaxMessage)) {
    attempt.answer = std::make_unique<Outgoing>(*attempt.answer, environment.next_message_id++, kDefaultMaxMessage);
  }
  if (attempt.stream) attempt.stream->cut_again(environment.next_message_id, kDefaultMaxMessage);
}

void SessionMachine::State::end_stream(Instant at, const EnvironmentId& id, Environment& environment,
                                       std::optional<Answer> error) {
  Attempt& attempt = *environment.attempt;
  if (error) {
    attempt.stream->break_off(std::move(*error));
  } else {
    attempt.stream->end();
  }
  attempt.phase = Phase::answered;
  attempt.answered = at.steady;
  attempt.accept_at.reset();
  post_stream(id, environment);
}

// The next piece, as soon as the one before has left: what is written meanwhile leaves together.
void SessionMachine::State::post_stream(const EnvironmentId& id, Environment& environment) {
  Attempt& attempt = *environment.attempt;
  if (!attempt.stream || !attempt.stream->has_next() || !environment.reachable()) return;
  bool one_leaves = posts.contains([&](const QueuedPost& post) {
    return post.environment == id && post.type == MessageType::stream && post.invocation == attempt.number;
  });
  if (one_leaves) return;
  post_whole(id, environment, attempt.stream->cut(attempt.number, environment.next_message_id++, own.max_message));
}

void SessionMachine::State::take_credit(const EnvironmentId& id, Environment& environment, std::uint64_t taken,
                                        SessionActions& actions) {
  Attempt& attempt = *environment.attempt;
  if (!attempt.stream) return;
  attempt.stream->taken(taken);
  post_stream(id, environment);
  if (attempt.stream_full && attempt.phase == Phase::running && attempt.stream->room() > 0) {
    attempt.stream_full = false;
    actions.push_back(StreamRoom{{id, attempt.number}});
  }
}

Outgoing* SessionMachine::State::find_answer(Environment& environment, std::uint64_t message_id) {
  if (!environment.attempt) return nullptr;
  Attempt& attempt = *environment.attempt;
  if (attempt.stream) return attempt.stream->find(message_id);
  return attempt.answer && attempt.answer->message_id() == message_id ? attempt.answer.get() : nullptr;
}

void SessionMachine::State::post_whole(const EnvironmentId& id, Environment& environment, const Outgoing& message) {
  std::vector<std::uint32_t> chunks(message.chunks());
  std::iota(chunks.begin(), chunks.end(), 0U);
  post_chunks(id, environment, message, chunks);
}

// Chunks that are on their way already stay there. Without an address the answer waits for an `ask` that brings one.
void SessionMachine::State::post_chunks(const EnvironmentId& id, Environment& environment, const Outgoing& answer,
                                        const std::vector<std::uint32_t>& chunks) {
  if (!environment.reachable()) return;
  if (chunks.size() == answer.chunks() && posts.contains([&](const QueuedPost& post) {
        return post.environment == id && post.message_id == answer.message_id();
      })) {
    return;
  }
  for (std::uint32_t chunk : chunks) {
    QueuedPost post{.environment = id,
                    .type = answer.type(),
                    .invocation = answer.invocation(),
                    .message_id = answer.message_id(),
                    .chunk = chunk,
                    .persistent = true};
    bool queued = chunks.size() != answer.chunks() && posts.contains([&](const QueuedPost& other) {
      return other.environment == id && other.message_id == post.message_id && other.chunk == chunk;
    });
    if (!queued) posts.add(std::move(post));
  }
}

void SessionMachine::State::handle_missing(Instant at, const EnvironmentId& id, Environment& environment,
                                           const Missing& missing) {
  Attempt& attempt = *environment.attempt;
  if (missing.all && attempt.answer) post_whole(id, environment, *attempt.answer);
  if (missing.all) return;
  if (Outgoing* answer = find_answer(environment, missing.message_id)) {
    post_chunks(id, environment, *answer, answer->wanted(missing, at.steady));
  }
}

void SessionMachine::State::say(const EnvironmentId& id, Environment& environment, const Message& message) {
  if (!environment.reachable()) return;
  std::uint64_t number = environment.attempt ? environment.attempt->number : 0;
  std::uint64_t message_id = environment.next_message_id++;
  if (environment.control.size() >= kMaxControl) environment.control.erase(environment.control.begin());
  auto said = environment.control.emplace(message_id, Outgoing(message, number, message_id, own.max_message)).first;
  for (std::uint32_t chunk = 0; chunk < said->second.chunks(); ++chunk) {
    posts.add({.environment = id,
               .type = type_of(message),
               .invocation = number,
               .message_id = message_id,
               .chunk = chunk,
               .persistent = type_of(message) == MessageType::refused});
  }
}

// While parts come, what lies in their gaps may be on its way: the word then says that we are here, and no more.
void SessionMachine::State::say_missing(Instant at, const EnvironmentId& id, Environment& environment) {
  Attempt& attempt = *environment.attempt;
  if (attempt.phase != Phase::receiving) return;
  Missing missing;
  if (!attempt.invoke) {
    auto partial = environment.reassembler.missing(attempt.number);
    if (partial) missing = *partial;
    missing.all = !partial;
    if (partial && at.steady < attempt.part_at + kMissingAfter) {
      missing.gaps.clear();
      attempt.missing_at = attempt.part_at + kMissingAfter;
    }
  }
  missing.announce = !environment.announced;
  say(id, environment, missing);
}

void SessionMachine::State::seal(Instant at, QueuedPost& post) {
  Environment& environment = *environments.at(post.environment);
  const Outgoing* message = find_answer(environment, post.message_id);
  if (auto found = environment.control.find(post.message_id); found != environment.control.end()) {
    message = &found->second;
  }
  if (message == nullptr) return;
  FrameHeader header = message->header(post.chunk);
  header.sealed_at_ms = aws_clock.now_ms(at.wall);
  header.connection_id = connection_id;
  header.link = link;
  post.frame = environment.sealer.seal(header, message->bytes(post.chunk));
}

void SessionMachine::State::pump(Instant at, SessionActions& actions) {
  while (auto leaving = posts.next(at.steady)) {
    QueuedPost& post = *leaving->post;
    if (post.frame.empty()) seal(at, post);
    Environment& environment = *environments.at(post.environment);
    if (post.frame.empty() || !environment.reachable()) {
      std::uint64_t tag = leaving->tag;
      posts.finished(tag, {.reach = Outcome::Reach::answered, .status = 410}, at.steady);
      continue;
    }
    post.sent_to = environment.connection_id;
    actions.push_back(SessionPost{leaving->tag, post.environment, environment.connection_id, post.frame});
  }
}

void SessionMachine::State::finish_post(Instant at, const PostQueue::Finished& finished, SessionActions& actions,
                                        const Outcome& outcome) {
  using Verdict = PostQueue::Verdict;
  if (finished.verdict == Verdict::unknown || finished.verdict == Verdict::pending) return;
  const EnvironmentId& id = finished.post.environment;
  Environment& environment = *environments.at(id);
  Outgoing* answer = find_answer(environment, finished.post.message_id);
  bool settled = finished.verdict == Verdict::arrived || !finished.post.persistent;
  if (!is_answer(finished.post.type) && settled) environment.control.erase(finished.post.message_id);
  if (finished.verdict == Verdict::arrived && answer != nullptr) {
    Attempt& attempt = *environment.attempt;
    answer->mark_arrived(finished.post.chunk);
    post_stream(id, environment);
    if (!attempt.delivered && (attempt.stream ? attempt.stream->delivered() : answer->all_arrived())) {
      attempt.delivered = true;
      actions.push_back(Delivered{{id, attempt.number}, attempt.answered, at.steady});
    }
  } else if (finished.verdict == Verdict::gone) {
    if (finished.post.sent_to != environment.connection_id) {
      posts.add(finished.post);  // the stub has another address by now
      return;
    }
    environment.gone_connection_id = environment.connection_id;
    posts.drop([&](const QueuedPost& post) { return post.environment == id; });
    environment.control.clear();
  } else if (finished.verdict == Verdict::denied) {
    if (!denied_told || at.steady - *denied_told >= kDeniedToldEvery) {
      denied_told = at.steady;
      actions.push_back(PostDenied{outcome.detail});
    }
  }
}

}  // namespace bridge
