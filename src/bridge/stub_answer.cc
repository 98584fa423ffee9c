// The stub machine's ear, and its answers to Lambda.
#include <boost/algorithm/string/predicate.hpp>

#include "bridge/stub_state.h"

namespace bridge {
namespace {

constexpr std::string_view kErrorTypeHeader = "Lambda-Runtime-Function-Error-Type";
constexpr base::Millis kMissingAfter{1'000};
constexpr base::Millis kAskAfterWord{2'000};
constexpr base::Millis kAskAfterAccepted{5'000};

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
  } else if (std::holds_alternative<StreamPiece>(message)) {
    answer_disconnected(at, "livelambda: streamed responses are not supported by this version", actions);
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
  if (missing.all) {
    for (std::uint32_t chunk = 0; chunk < attempt->invoke->chunks(); ++chunk) chunks.push_back(chunk);
  } else {
    chunks = attempt->invoke->wanted(missing, at.steady);
  }
  queue(*attempt->invoke, chunks, true);
}

// Ends the attempt: its answer, and what comes after.
void StubMachine::State::answer(Answer with, bool exit, StubActions& actions) {
  const std::string& request_id = attempt->invocation.request_id;
  if (with.failed) {
    RespondError error{.request_id = request_id, .error_type = "Function.Unknown", .headers = {}, .body = {}};
    for (auto& [name, value] : with.headers) {
      if (boost::algorithm::iequals(name, kErrorTypeHeader)) {
        error.error_type = value;
      } else {
        error.headers.emplace_back(name, value);
      }
    }
    error.body = std::move(with.body);
    actions.push_back(std::move(error));
  } else {
    actions.push_back(Respond{request_id, std::move(with.headers), std::move(with.body)});
  }
  finished = {attempt->number};
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
  answer(answer_for_nobody(attempt->invocation.event, type, text), exit, actions);
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
