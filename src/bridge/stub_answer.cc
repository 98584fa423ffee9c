// The stub machine's ear, and its answers to Lambda.
#include <boost/algorithm/string/predicate.hpp>

#include "bridge/stub_state.h"

namespace bridge {
namespace {

constexpr std::string_view kErrorTypeHeader = "Lambda-Runtime-Function-Error-Type";
constexpr base::Millis kMissingAfter{1'000};
constexpr base::Millis kAskAfterWord{2'000};
constexpr base::Millis kAskAfterAccepted{5'000};
constexpr base::Millis kAskAboutGapAfter{1'000};

// An error's type, taken out of its headers.
std::string take_error_type(NameValues& headers) {
  std::string type = "Function.Unknown";
  std::erase_if(headers, [&](auto& header) {
    if (!boost::algorithm::iequals(header.first, kErrorTypeHeader)) return false;
    type = std::move(header.second);
    return true;
  });
  return type;
}

}  // namespace

void StubMachine::State::receive(Instant at, std::string_view text, StubActions& actions) {
  auto sealed = decode_frame(text);
  if (!sealed) {
    dropped[sealed.error()] += 1;
    return;
  }
  Channel* channel = nullptr;
  for (const auto& [session, known] : channels) {
    if (known->key_id == sealed->clear.key_id && sealed->clear.environment == options.environment)
      channel = known.get();
  }
  if (channel == nullptr) {
    dropped[DropReason::wrong_key] += 1;
    return;
  }
  auto opened = channel->opener.open(*sealed);
  if (!opened) {
    dropped[opened.error()] += 1;
    return;
  }
  const FrameHeader& header = opened->header;
  if (!header.connection_id.empty() && header.link > channel->registration.link) {
    channel->registration.link = header.link;
    channel->registration.connection_id = header.connection_id;
  }
  if (!working() || header.invocation != attempt->number || channel != channel_of_attempt()) {
    dropped[DropReason::no_attempt] += 1;
    return;
  }
  pong_due.reset();
  channel->silent = false;
  attempt->heard = true;
  attempt->last_heard = at.steady;
  attempt->lost_since.reset();
  attempt->reply_due.reset();
  if (attempt->pinned) attempt->ask_at = at.steady + (attempt->accepted ? kAskAfterAccepted : kAskAfterWord);
  auto added = channel->reassembler.add(header, std::move(opened->chunk));
  if (added.progress == Reassembler::Progress::contradicting) dropped[DropReason::bad_header] += 1;
  if (added.progress == Reassembler::Progress::partial) attempt->missing_at = at.steady + kMissingAfter;
  if (added.progress != Reassembler::Progress::whole) return;
  auto message = unpack(header, std::move(added.bytes));
  if (!message) {
    dropped[DropReason::bad_header] += 1;
    return;
  }
  handle(at, *channel, header, std::move(*message), actions);
}

void StubMachine::State::handle(Instant at, Channel& channel, const FrameHeader&, Message message,
                                StubActions& actions) {
  if (auto* result = std::get_if<Answer>(&message)) {
    answer(std::move(*result), false, actions);
  } else if (std::holds_alternative<Accepted>(message)) {
    attempt->accepted = true;
    if (attempt->pinned) attempt->ask_at = at.steady + kAskAfterAccepted;
  } else if (std::holds_alternative<Refused>(message)) {
    attempt->refused.insert(channel.registration.session);
    attempt->pinned = attempt->heard = attempt->accepted = false;
    attempt->invoke.reset();  // what arrived there does not count any more
    attempt->other_until.reset();
    attempt->lost_since.reset();
    target_dead(at, channel.registration.connection_id, actions);
  } else if (auto* missing = std::get_if<Missing>(&message)) {
    handle_missing(at, channel, *missing);
  } else if (auto* piece = std::get_if<StreamPiece>(&message)) {
    stream(at, std::move(*piece), actions);
  } else {
    dropped[DropReason::bad_header] += 1;  // nothing that a session says
  }
}

void StubMachine::State::handle_missing(Instant at, Channel& channel, const Missing& missing) {
  if (missing.announce) {
    bool on_its_way = posts.contains([](const QueuedPost& post) { return post.type == MessageType::announce; });
    if (!on_its_way) announce_to(channel);
  }
  if (!attempt->invoke) return;
  std::vector<std::uint32_t> chunks;
  const bool too_large = !attempt->invoke->fits(channel.registration.max_message);  // that link takes less
  if (too_large) cut_small();
  if (missing.all || too_large) {
    for (std::uint32_t chunk = 0; chunk < attempt->invoke->chunks(); ++chunk) chunks.push_back(chunk);
  } else {
    chunks = attempt->invoke->wanted(missing, at.steady);
  }
  queue(*attempt->invoke, chunks, true);
}

void StubMachine::State::stream(Instant at, StreamPiece piece, StubActions& actions) {
  if (!attempt->stream) attempt->stream.emplace();
  for (StreamPiece& next : attempt->stream->add(std::move(piece))) {
    if (next.number == 1 && !next.broken) {
      attempt->stream_begun = true;
      actions.push_back(StreamBegin{attempt->invocation.request_id, std::move(next.headers)});
    }
    if (next.broken) {
      answer({.failed = true, .headers = std::move(next.headers), .body = std::move(next.body)}, false, actions);
      return;
    }
    if (!next.body.empty()) actions.push_back(StreamWrite{next.number, std::move(next.body)});
    if (next.end) {
      actions.push_back(StreamEnd{});
      finish_attempt(false, actions);
      return;
    }
  }
  if (attempt->stream->has_gap() && attempt->ask_at) {
    attempt->ask_at = std::min(*attempt->ask_at, at.steady + kAskAboutGapAfter);
  }
}

// Ends the attempt with an answer. One that is streamed already can but break off.
void StubMachine::State::answer(Answer with, bool exit, StubActions& actions) {
  const std::string& request_id = attempt->invocation.request_id;
  if (with.failed) {
    std::string type = take_error_type(with.headers);
    if (attempt->stream_begun) {
      actions.push_back(StreamBreak{std::move(type), std::move(with.body)});
    } else {
      actions.push_back(RespondError{request_id, std::move(type), std::move(with.headers), std::move(with.body)});
    }
  } else {
    actions.push_back(Respond{request_id, std::move(with.headers), std::move(with.body)});
  }
  finish_attempt(exit, actions);
}

void StubMachine::State::finish_attempt(bool exit, StubActions& actions) {
  finished = {attempt->number};
  for (auto& [session, channel] : channels) channel->reassembler.forget_before(attempt->number + 1);
  attempt.reset();
  posts.drop(
      [](const QueuedPost& post) { return post.type != MessageType::cancel && post.type != MessageType::announce; });
  read_at.reset();
  pong_due.reset();
  if (exit) {
    actions.push_back(Exit{});
  } else {
    actions.push_back(ReadyForNext{});
  }
}

void StubMachine::State::answer_nobody(std::string_view type, const std::string& text, StubActions& actions,
                                       bool exit) {
  const std::string& event = attempt->invocation.event;
  auto streamed = options.streamed_url ? streamed_answer_for_nobody(event, text) : std::nullopt;
  if (!streamed) {
    answer(answer_for_nobody(event, type, text), exit, actions);
    return;
  }
  actions.push_back(StreamBegin{attempt->invocation.request_id, std::move(streamed->headers)});
  actions.push_back(StreamWrite{1, std::move(streamed->body)});
  actions.push_back(StreamEnd{});
  finish_attempt(exit, actions);
}

void StubMachine::State::answer_disconnected(Instant at, const std::string& text, StubActions& actions, bool exit) {
  cancel(at, actions);
  answer(error_answer(kDisconnected, text), exit, actions);
}

// Tells the session at once: before anything else that waits.
void StubMachine::State::cancel(Instant at, StubActions& actions) {
  Channel* channel = channel_of_attempt();
  if (channel == nullptr || attempt->dead.contains(channel->registration.connection_id)) return;
  drop_posts();
  say(at, Cancel{}, actions);
}

std::string StubMachine::State::nobody_text(const std::string& why) const {
  return "livelambda: " + why + " for stage " + options.stage + " of " + options.app + " (function " +
         options.announce.function + "). Run `livelambda start --stage " + options.stage +
         "` in the app's folder, then try again";
}

std::string StubMachine::State::owner() const {
  if (attempt && !attempt->session.empty()) return channels.at(attempt->session)->registration.owner;
  return table ? table->owner : "somebody";
}

bool StubMachine::State::is_http() {
  if (!attempt->http) attempt->http = is_http_event(attempt->invocation.event);
  return *attempt->http;
}

}  // namespace bridge
