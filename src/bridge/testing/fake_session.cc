#include "bridge/testing/fake_session.h"

#include <fmt/format.h>

#include "bridge/plain_text.h"

namespace bridge::testing {

using base::Millis;

namespace {

constexpr Millis kPatience{20'000};
constexpr Millis kGrace{10'000};
constexpr Millis kRetryAfter{300};
constexpr int kTableTries = 4;  // of the AWS client
const Outcome kNoNetwork{.reach = Outcome::Reach::not_sent, .status = 0};

Registration make_registration(Timeline& timeline, std::string owner, std::size_t max_message) {
  Registration registration;
  registration.session = fmt::format("{:016x}{:016x}", timeline.random(), timeline.random());
  for (int i = 0; i < 32; ++i) registration.key.push_back(static_cast<char>(timeline.random()));
  registration.endpoint = "https://api.example/live";
  registration.owner = std::move(owner);
  registration.max_message = max_message;
  return registration;
}

bool may_be_tried_again(const Outcome& outcome) {
  return outcome.reach != Outcome::Reach::answered || outcome.status >= 500 ||
         outcome.detail.find("Throttl") != std::string::npos;
}

}  // namespace

FakeSession::FakeSession(Surroundings with, std::string name, std::string owner, Millis clock_skew,
                         std::size_t max_message)
    : with_(with),
      name_(std::move(name)),
      computer_(with.timeline, clock_skew),
      link_(make_registration(with.timeline, std::move(owner), max_message), kPatience, with.timeline.random()),
      machine_(link_.own(), with.timeline.random()) {
  handler = [](const Invocation& invocation) {
    return Answer{
        .failed = false, .headers = {{"Content-Type", "application/json"}}, .body = "echo " + invocation.event};
  };
}

void FakeSession::start() {
  follow(link_.start(now()));
}

void FakeSession::kill() {
  alive = false;
  computer_.restart();
  with_.gateway.cut(connection_id_);
}

void FakeSession::drop_link() {
  with_.gateway.cut(connection_id_);
}

void FakeSession::reconnect() {
  with_.gateway.cut(connection_id_);
  closed(connection_id_, 1006);
}

void FakeSession::go_offline() {
  offline_ = true;
  with_.gateway.strand(connection_id_);
}

void FakeSession::end_cleanly() {
  if (auto write = link_.end()) {
    with_.table.write(std::move(*write), [](const Outcome&, const Table::Written&) {});
  }
  perform(machine_.stop(now(), "the session is ending", kGrace));
}

void FakeSession::hint_displaced() {
  follow(link_.displaced_hint(now()));
}

void FakeSession::text(const std::string& connection_id, std::string text) {
  computer_.deliver([this, connection_id, text = std::move(text)] {
    if (!alive) return;
    if (!read_.contains(connection_id)) {
      unread_[connection_id].push_back(text);
      return;
    }
    if (std::holds_alternative<DisplacedHint>(classify_text(text))) {
      follow(link_.displaced_hint(now()));
    } else {
      perform(machine_.frame(now(), text));
    }
  });
}

void FakeSession::closed(const std::string& connection_id, int) {
  computer_.deliver([this, connection_id] {
    if (alive && known_closed_.insert(connection_id).second) follow(link_.link_lost(now(), connection_id));
  });
}

void FakeSession::perform(SessionActions actions) {
  for (SessionAction& action : actions) {
    std::visit([this](auto& one) { act(std::move(one)); }, action);
  }
  arm();
}

void FakeSession::follow(LinkActions actions) {
  for (LinkAction& action : actions) {
    std::visit([this](auto& one) { act(std::move(one)); }, action);
  }
  arm();
}

void FakeSession::arm() {
  auto next = machine_.next_timer();
  auto link = link_.next_timer();
  if (link && (!next || *link < *next)) next = link;
  computer_.arm(next, [this] {
    if (!alive) return;
    follow(link_.timer(now(), machine_.open_attempts() > 0));
    perform(machine_.timer(now()));
  });
}

void FakeSession::act(SessionPost post) {
  if (keeps_posts) posts.push_back(post);
  const std::optional<Outcome> refusal = offline_ ? std::optional(kNoNetwork) : credentials_expired;
  with_.gateway.post(post.connection_id, std::move(post.frame), refusal,
                     [this, tag = post.tag](const Outcome& outcome) {
                       computer_.deliver([this, tag, outcome] {
                         if (alive) perform(machine_.post_finished(now(), tag, outcome));
                       });
                     });
}

void FakeSession::act(Announced one) {
  announced.push_back(std::move(one));
}

void FakeSession::act(AttemptArrived attempt) {
  invocations[attempt.id] = attempt.invocation;
  deadlines_[attempt.id] = attempt.deadline;
  with_.timeline.note(name_,
                      fmt::format("has attempt {}, for {} ms of building", attempt.id.number, build_time.count()));
  computer_.after(build_time, [this, id = attempt.id] {
    if (runs(id)) perform(machine_.worker_ready(now(), id));
  });
}

void FakeSession::act(StartAttempt start) {
  executions[start.id] += 1;
  with_.ledger.ran(start.id);
  with_.timeline.note(name_, fmt::format("starts attempt {}, which runs {} ms", start.id.number, run_time.count()));
  if (on_start) on_start(start.id);
  computer_.after(run_time, [this, id = start.id] { finish(id); });
}

// The worker's answer, unless the deadline was before it.
void FakeSession::finish(const AttemptId& id) {
  if (!runs(id)) return;
  if (now().steady >= deadlines_[id]) {
    perform(machine_.abandon(now(), id));
    return;
  }
  with_.timeline.note(name_, fmt::format("answers attempt {}", id.number));
  Answer answer = handler(invocations[id]);
  if (streams) {
    streaming_[id].rest = std::move(answer.body);
    perform(machine_.stream_begin(now(), id, {{"Content-Type", "text/plain"}}));
    write_stream(id);
  } else {
    perform(machine_.answer(now(), id, std::move(answer)));
  }
}

void FakeSession::write_stream(const AttemptId& id) {
  if (!runs(id)) return;
  Streaming& streaming = streaming_[id];
  if (streaming.rest.empty()) {
    std::optional<Answer> error;
    if (breaks_off) error = error_answer("Error", "broke off");
    perform(machine_.stream_end(now(), id, std::move(error)));
    return;
  }
  const std::size_t room = machine_.stream_room(id);
  if (room == 0) {
    streaming.waits_for_room = true;
    return;
  }
  std::string bytes = streaming.rest.substr(0, std::min(burst, room));
  streaming.rest.erase(0, bytes.size());
  perform(machine_.stream_write(now(), id, bytes));
  computer_.after(pause, [this, id] { write_stream(id); });
}

std::size_t FakeSession::unwritten() const {
  std::size_t rest = 0;
  for (const auto& [id, streaming] : streaming_) rest += streaming.rest.size();
  return rest;
}

void FakeSession::act(CancelAttempt cancel) {
  cancelled.insert(cancel.id);
}

void FakeSession::act(StreamRoom room) {
  if (std::exchange(streaming_[room.id].waits_for_room, false)) {
    computer_.after(Millis(0), [this, id = room.id] { write_stream(id); });
  }
}

void FakeSession::act(Delivered one) {
  delivered.push_back(one);
}

void FakeSession::act(SayHello) {
  act(HelloLink{});
}

void FakeSession::act(HelloLink) {
  with_.gateway.touch(connection_id_);
  if (with_.gateway.answers_pings(connection_id_)) {
    machine_.hello_answered(now(), base::epoch_ms(with_.timeline.aws_now()));
  }
}

void FakeSession::act(OpenLink) {
  if (offline_) {
    computer_.after(Millis(1'000), [this] { follow(link_.link_failed(now(), kNoNetwork)); });
    return;
  }
  with_.gateway.connect(*this, name_, [this](const Outcome& outcome, const std::string& id) {
    computer_.deliver([this, outcome, id] {
      if (!alive) {
        with_.gateway.cut(id);
        return;
      }
      const Outcome& real = credentials_expired ? *credentials_expired : outcome;
      const bool open = real.reach == Outcome::Reach::answered && real.status == 200;
      follow(open ? link_.link_opened(now(), id) : link_.link_failed(now(), real));
    });
  });
}

void FakeSession::act(ReadEntry read) {
  read_entry(read.use, 1);
}

void FakeSession::read_entry(TableUse use, int tries) {
  with_.table.read([this, use, tries](const Outcome& outcome, const std::optional<Registration>& found) {
    computer_.deliver([this, use, tries, outcome, found] {
      if (!alive) return;
      const Outcome& real = offline_ ? kNoNetwork : credentials_expired ? *credentials_expired : outcome;
      if (real.reach == Outcome::Reach::answered && real.status == 200) {
        follow(link_.entry_read(now(), use, found));
      } else if (tries < kTableTries && may_be_tried_again(real)) {
        computer_.after(kRetryAfter, [this, use, tries] { read_entry(use, tries + 1); });
      } else {
        follow(link_.table_failed(now(), use, real));
      }
    });
  });
}

void FakeSession::act(WriteEntry write) {
  write_entry(std::move(write), 1);
}

void FakeSession::write_entry(WriteEntry write, int tries) {
  ConditionalWrite copy = write.write;
  if (offline_ || credentials_expired) {
    computer_.after(Millis(100), [this, use = write.use] {
      follow(
          link_.table_failed(now(), use, offline_ ? kNoNetwork : credentials_expired.value_or(Outcome{.status = 500})));
    });
    return;
  }
  with_.table.write(std::move(copy),
                    [this, write = std::move(write), tries](const Outcome& outcome, const Table::Written& written) {
                      computer_.deliver([this, write, tries, outcome, written] {
                        if (!alive) return;
                        if (outcome.reach == Outcome::Reach::answered && outcome.status == 200) {
                          follow(written.done ? link_.entry_written(now(), write.use)
                                              : link_.condition_failed(now(), write.use, written.found));
                        } else if (tries < kTableTries && may_be_tried_again(outcome)) {
                          computer_.after(kRetryAfter, [this, write, tries] { write_entry(write, tries + 1); });
                        } else {
                          follow(link_.table_failed(now(), write.use, outcome));
                        }
                      });
                    });
}

void FakeSession::act(LinkReady ready) {
  connection_id_ = ready.connection_id;
  pings_unanswered_ = 0;
  with_.timeline.note(name_, fmt::format("has link {}: {}", ready.link, ready.connection_id));
  machine_.hello_answered(now(), base::epoch_ms(with_.timeline.aws_now()));
  perform(machine_.connected(now(), ready.connection_id, ready.link));
  read_.insert(connection_id_);
  for (std::string& waited : std::exchange(unread_[connection_id_], {})) text(connection_id_, std::move(waited));
  if (!with_.gateway.is_open(connection_id_)) closed(connection_id_, 1006);
}

// `start` ends with an error.
void FakeSession::act(NoLink) {
  gave_up = true;
  with_.timeline.note(name_, "gives up");
  end_cleanly();
  with_.gateway.cut(link_.own().connection_id);
  alive = false;
}

void FakeSession::act(BidFarewell farewell) {
  const std::string& id = farewell.replaced.connection_id;
  with_.gateway.post(id, std::string(kDisplacedText), std::nullopt, [](const Outcome&) {});
  with_.timeline.after(Millis(15'000), [this, id] { with_.gateway.close(id); });
}

void FakeSession::act(PingLink) {
  if (with_.gateway.answers_pings(connection_id_) && !offline_) {
    pings_unanswered_ = 0;
  } else if (++pings_unanswered_ > 2) {
    closed(connection_id_, 1006);
  }
}

void FakeSession::act(DisplacedBy by) {
  displaced = true;
  with_.timeline.note(name_, "is displaced by " + by.owner);
  perform(machine_.stop(now(), "another client has connected: " + by.owner, kGrace));
}

}  // namespace bridge::testing
