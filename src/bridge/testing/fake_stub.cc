#include "bridge/testing/fake_stub.h"

#include <fmt/format.h>

namespace bridge::testing {

using base::Millis;

FakeStub::FakeStub(Surroundings with, std::string name, StubOptions options, Millis clock_skew)
    : with_(with), name_(std::move(name)), options_(std::move(options)), computer_(with.timeline, clock_skew) {}

void FakeStub::start() {
  computer_.restart();
  if (computer_.asleep()) computer_.wake();
  for (auto& byte : options_.environment.bytes) byte = static_cast<std::uint8_t>(with_.timeline.random());
  options_.seed = with_.timeline.random();
  machine_ = std::make_unique<StubMachine>(options_);
  thaw_ += 1;
  attempts_ = 0;
  connection_id_.clear();
  started_ = true;
  ready_ = exited_ = false;
  with_.timeline.note(name_, "starts as " + options_.environment.to_string().substr(0, 6));
  perform(machine_->start(now()));
}

void FakeStub::cut() {
  with_.gateway.cut(connection_id_);
}

void FakeStub::strand() {
  with_.gateway.strand(connection_id_);
}

void FakeStub::invoke(std::string event, Millis timeout, std::string request_id) {
  ending_.reset();
  stream_.reset();
  first_post_.reset();
  timeout_ = timeout;
  request_id_ = request_id.empty() ? fmt::format("request-{}", ++invocations_) : std::move(request_id);
  waiting_ = Invocation{.request_id = request_id_,
                        .function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:Api",
                        .event = std::move(event)};
  if (!started_ || exited_) start();
  if (ready_) hand_over();
}

void FakeStub::hand_over() {
  Invocation invocation = std::move(*std::exchange(waiting_, std::nullopt));
  ready_ = false;
  thaw_ += 1;
  attempts_ += 1;
  invoked_ = with_.timeline.now();
  deadline_ = invoked_ + timeout_;
  invocation.deadline_ms = base::epoch_ms(now().wall) + timeout_.count();
  with_.ledger.sent(attempt(), "echo " + invocation.event);
  with_.timeline.note(name_, fmt::format("gets attempt {}: {} bytes", attempts_, invocation.event.size()));
  with_.timeline.at(deadline_ + Millis(1), [this, id = attempt()] {
    if (id == attempt() && !ending_) time_out();
  });
  // What stood in its socket may be read before or after the answer of `next`.
  computer_.thaw();
  if (with_.timeline.chance(50)) computer_.catch_up();
  perform(machine_->invocation(now(), std::move(invocation)));
  computer_.catch_up();
}

// Lambda's own words; it kills the process.
void FakeStub::time_out() {
  end({.timed_out = true});
  computer_.restart();
  with_.gateway.close(connection_id_);
  started_ = ready_ = false;
}

void FakeStub::end(Ending ending) {
  ending.after = std::chrono::duration_cast<Millis>(with_.timeline.now() - invoked_);
  with_.timeline.note(name_, fmt::format("attempt {} ends after {} ms: {}", attempts_, ending.after.count(),
                                         ending.timed_out ? "time out"
                                         : ending.failed  ? ending.error_type
                                                          : fmt::format("{} bytes", ending.body.size())));
  with_.ledger.ended(attempt(), ending);
  if (!ending_) ending_ = std::move(ending);
}

void FakeStub::text(const std::string& connection_id, std::string text) {
  computer_.deliver([this, connection_id, text = std::move(text)] {
    if (connection_id == connection_id_) perform(machine_->frame(now(), text));
  });
}

void FakeStub::closed(const std::string& connection_id, int) {
  computer_.deliver([this, connection_id] {
    if (connection_id == connection_id_) perform(machine_->socket_lost(now()));
  });
}

void FakeStub::perform(StubActions actions) {
  for (StubAction& action : actions) {
    std::visit([this](auto& one) { act(std::move(one)); }, action);
  }
  computer_.arm(machine_->next_timer(), [this] { perform(machine_->timer(now())); });
}

void FakeStub::act(OpenSocket) {
  with_.gateway.connect(*this, name_, [this, process = options_.environment](const Outcome& outcome, std::string id) {
    if (process != options_.environment) return with_.gateway.cut(id);
    computer_.deliver([this, process, outcome, id] {
      if (process != options_.environment) return;
      if (id.empty()) {
        perform(machine_->socket_failed(now(), outcome));
        return;
      }
      sockets_opened += 1;
      if (!connection_id_.empty()) with_.gateway.cut(connection_id_);
      connection_id_ = id;
      perform(machine_->socket_opened(now(), id, base::epoch_ms(with_.timeline.aws_now())));
    });
  });
}

// A thaw cuts off requests from before it.
void FakeStub::act(StubPost post) {
  if (keeps_posts) posts.push_back(post);
  if (!first_post_) first_post_ = with_.timeline.now();
  with_.gateway.post(post.connection_id, std::move(post.frame), post_outcome,
                     [this, tag = post.tag, thaw = thaw_](const Outcome& outcome) {
                       computer_.deliver([this, tag, thaw, outcome] {
                         if (thaw == thaw_) perform(machine_->post_finished(now(), tag, outcome));
                       });
                     });
}

void FakeStub::act(ReadRegistration) {
  with_.table.read([this, thaw = thaw_](const Outcome& outcome, const std::optional<Registration>& found) {
    computer_.deliver([this, thaw, outcome, found] {
      if (thaw != thaw_) return;
      const bool fine = outcome.reach == Outcome::Reach::answered && outcome.status == 200;
      perform(fine ? machine_->registration_read(now(), found) : machine_->registration_failed(now(), outcome));
    });
  });
}

void FakeStub::act(Ping) {
  if (!pongs || !with_.gateway.answers_pings(connection_id_)) return;
  computer_.after(with_.gateway.latency(), [this] { perform(machine_->pong(now())); });
}

void FakeStub::act(Respond respond) {
  if (respond.request_id == request_id_) end({.body = std::move(respond.body)});
}

void FakeStub::act(RespondError error) {
  if (error.request_id == request_id_) {
    end({.failed = true, .error_type = std::move(error.error_type), .body = std::move(error.body)});
  }
}

void FakeStub::act(StreamBegin) {
  stream_.emplace();
}

void FakeStub::act(StreamWrite write) {
  *stream_ += write.bytes;
  with_.timeline.after(lambda_takes, [this, number = write.number, thaw = thaw_] {
    if (thaw == thaw_ && !computer_.asleep()) perform(machine_->stream_taken(now(), number));
  });
}

void FakeStub::act(StreamEnd) {
  end({.body = *stream_, .streamed = true});
}

void FakeStub::act(StreamBreak broken) {
  end({.failed = true, .error_type = std::move(broken.error_type), .body = *stream_, .streamed = true});
}

void FakeStub::act(ReadyForNext) {
  ready_ = true;
  if (waiting_) {
    with_.timeline.after(Millis(0), [this] {
      if (ready_ && waiting_) hand_over();
    });
  } else if (freezes) {
    // Lambda freezes it a moment after its answer.
    with_.timeline.after(with_.timeline.up_to(Millis(5)), [this] {
      if (ready_ && !waiting_ && !computer_.asleep()) freeze();
    });
  }
}

void FakeStub::act(Exit) {
  exited_ = true;
  computer_.restart();
}

}  // namespace bridge::testing
