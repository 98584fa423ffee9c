#include "bridge/testing/world.h"

#include <fmt/format.h>

namespace bridge::testing {

using base::Millis;

World::World(std::uint64_t seed) : random_(seed) {
  stub_options.app = "api-sns";
  stub_options.stage = "dev-tom";
  stub_options.seed = seed;
  for (auto& byte : stub_options.environment.bytes) byte = static_cast<std::uint8_t>(random_());
  stub_options.announce.function = "Api";
  stub_options.announce.environment = {{"TOPIC_ARN", "arn:aws:sns:eu-west-1:123456789012:t"}};
  stub_options.announce.credentials = {"ASIAEXAMPLE", "secret", "token"};
  stub = std::make_unique<StubMachine>(stub_options);
}

bool World::chance(int percent) {
  return static_cast<int>(random_() % 100) < percent;
}

Millis World::latency() {
  return Millis(1 + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(weather.slowest.count())));
}

void World::at(Millis after, std::function<void()> what) {
  events_.push({clock_.now() + after, ++order_, std::move(what)});
}

std::size_t World::add_session(std::string owner, bool registered) {
  auto session = std::make_unique<FakeSession>();
  session->registration = new_registration();
  session->registration.owner = std::move(owner);
  session->registration.endpoint = "https://api.example/live";
  session->machine = std::make_unique<SessionMachine>(session->registration, random_());
  session->handler = [](const Invocation& invocation) {
    return Answer{
        .failed = false, .headers = {{"Content-Type", "application/json"}}, .body = "echo " + invocation.event};
  };
  sessions_.push_back(std::move(session));
  if (registered) reconnect(sessions_.size() - 1);
  return sessions_.size() - 1;
}

void World::cut_session(std::size_t index) {
  session_connections_.erase(session(index).registration.connection_id);
}

void World::kill(std::size_t index) {
  session(index).alive = false;
  cut_session(index);
}

void World::reconnect(std::size_t index) {
  Registration& registration = session(index).registration;
  registration.link += 1;
  registration.connection_id = fmt::format("session{}-{}=", index, ++connections_made_);
  session_connections_[registration.connection_id] = index;
  session(index).machine->hello_answered(now(), base::epoch_ms(clock_.wall_now()) + aws_offset_ms);
  perform(index, session(index).machine->connected(now(), registration.connection_id, registration.link));
  table = registration;
}

void World::displace(std::size_t old_index) {
  session(old_index).stopped = true;
  perform(old_index, session(old_index).machine->stop(now(), "another client has connected", Millis(10'000)));
}

void World::end_cleanly(std::size_t index) {
  displace(index);
  if (table && table->session == session(index).registration.session) {
    table->connection_id.clear();
    table->key.clear();
  }
}

void World::start_stub() {
  perform(stub->start(now()));
}

void World::cut_stub() {
  stub_connections_.clear();
}

void World::invoke(std::string event, Millis timeout) {
  ready_ = false;
  ending_.reset();
  stream_.reset();
  thaw_ += 1;
  request_id_ = fmt::format("request-{}", ++invocations_);
  invoked_ = clock_.now();
  deadline_ = invoked_ + timeout;
  Invocation invocation{.request_id = request_id_,
                        .function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:Api",
                        .deadline_ms = base::epoch_ms(clock_.wall_now()) + timeout.count(),
                        .event = std::move(event)};
  perform(stub->invocation(now(), std::move(invocation)));
}

World::Delivery World::deliver(const std::string& connection_id) {
  if (drop_nth_post) {
    if (*drop_nth_post == 0) {
      drop_nth_post.reset();
      return {.outcome = {.status = 200}, .copies = 0};
    }
    *drop_nth_post -= 1;
  }
  if (!session_connections_.contains(connection_id) && !stub_connections_.contains(connection_id)) {
    return {.outcome = {.status = 410}, .copies = 0};
  }
  if (chance(weather.lost)) return {.outcome = {.reach = Outcome::Reach::maybe_sent}, .copies = 0};
  if (chance(weather.late_unknown)) return {.outcome = {.reach = Outcome::Reach::maybe_sent}, .copies = 1};
  if (chance(weather.throttled)) return {.outcome = {.status = 429}, .copies = 0};
  if (chance(weather.failing)) return {.outcome = {.status = 502}, .copies = chance(50) ? 1 : 0};
  if (chance(weather.swallowed)) return {.outcome = {.status = 200}, .copies = 0};
  return {.outcome = {.status = 200}, .copies = chance(weather.doubled) ? 2 : 1};
}

void World::arrive(const std::string& connection_id, const std::string& frame) {
  if (auto found = session_connections_.find(connection_id); found != session_connections_.end()) {
    if (session(found->second).alive) perform(found->second, session(found->second).machine->frame(now(), frame));
  } else if (connection_id == stub_connection_ && stub_connections_.contains(connection_id)) {
    perform(stub->frame(now(), frame));
  }
}

void World::open_socket() {
  if (socket_outcome.reach != Outcome::Reach::answered || socket_outcome.status != 200) {
    perform(stub->socket_failed(now(), socket_outcome));
    return;
  }
  sockets_opened += 1;
  stub_connection_ = fmt::format("stub-{}=", ++connections_made_);
  stub_connections_.insert(stub_connection_);
  perform(stub->socket_opened(now(), stub_connection_, base::epoch_ms(clock_.wall_now()) + aws_offset_ms));
}

void World::perform(StubActions actions) {
  for (StubAction& action : actions) {
    if (std::holds_alternative<OpenSocket>(action)) {
      at(latency(), [this] { open_socket(); });
    } else if (auto* post = std::get_if<StubPost>(&action)) {
      stub_posts.push_back(*post);
      Delivery delivery = deliver(post->connection_id);
      if (post_outcome) delivery = {*post_outcome, 0};
      for (int copy = 0; copy < delivery.copies; ++copy) {
        at(latency(), [this, id = post->connection_id, frame = post->frame] { arrive(id, frame); });
      }
      Millis until = delivery.outcome.reach == Outcome::Reach::maybe_sent ? Millis(2'000) : latency();
      at(until, [this, tag = post->tag, outcome = delivery.outcome, thaw = thaw_] {
        if (thaw == thaw_) perform(stub->post_finished(now(), tag, outcome));
      });
    } else if (std::holds_alternative<ReadRegistration>(action)) {
      reads += 1;
      at(read_time, [this, thaw = thaw_] {
        if (thaw != thaw_) return;
        bool fine = table_outcome.reach == Outcome::Reach::answered && table_outcome.status == 200;
        perform(fine ? stub->registration_read(now(), table) : stub->registration_failed(now(), table_outcome));
      });
    } else if (std::holds_alternative<Ping>(action)) {
      if (pongs && stub_connections_.contains(stub_connection_)) at(latency(), [this] { perform(stub->pong(now())); });
    } else if (auto* respond = std::get_if<Respond>(&action)) {
      if (respond->request_id == request_id_ && !ending_) {
        ending_ = Ending{false, "", respond->body, since_invoked()};
      }
    } else if (auto* error = std::get_if<RespondError>(&action)) {
      if (error->request_id == request_id_ && !ending_) {
        ending_ = Ending{true, error->error_type, error->body, since_invoked()};
      }
    } else if (std::holds_alternative<StreamBegin>(action)) {
      stream_.emplace();
    } else if (auto* write = std::get_if<StreamWrite>(&action)) {
      *stream_ += write->bytes;
      at(lambda_takes, [this, number = write->number, thaw = thaw_] {
        if (thaw == thaw_) perform(stub->stream_taken(now(), number));
      });
    } else if (std::holds_alternative<StreamEnd>(action)) {
      ending_ = Ending{.body = *stream_, .after = since_invoked(), .streamed = true};
    } else if (auto* broken = std::get_if<StreamBreak>(&action)) {
      ending_ = Ending{true, broken->error_type, *stream_, since_invoked(), true};
    } else if (std::holds_alternative<ReadyForNext>(action)) {
      ready_ = true;
    } else if (std::holds_alternative<Exit>(action)) {
      exited_ = true;
    }
  }
}

void World::perform(std::size_t index, SessionActions actions) {
  FakeSession& of = session(index);
  for (SessionAction& action : actions) {
    if (auto* post = std::get_if<SessionPost>(&action)) {
      session_posts.push_back(*post);
      Delivery delivery = deliver(post->connection_id);
      for (int copy = 0; copy < delivery.copies; ++copy) {
        at(latency(), [this, id = post->connection_id, frame = post->frame] { arrive(id, frame); });
      }
      Millis until = delivery.outcome.reach == Outcome::Reach::maybe_sent ? Millis(2'000) : latency();
      at(until, [this, index, tag = post->tag, outcome = delivery.outcome] {
        if (session(index).alive) perform(index, session(index).machine->post_finished(now(), tag, outcome));
      });
    } else if (auto* announced = std::get_if<Announced>(&action)) {
      of.announced.push_back(*announced);
    } else if (auto* arrived = std::get_if<AttemptArrived>(&action)) {
      of.invocations[arrived->id] = arrived->invocation;
      at(of.build_time, [this, index, id = arrived->id] {
        if (session(index).alive) perform(index, session(index).machine->worker_ready(now(), id));
      });
    } else if (auto* start = std::get_if<StartAttempt>(&action)) {
      of.executions[start->id] += 1;
      at(of.run_time, [this, index, id = start->id] {
        FakeSession& runs = session(index);
        if (!runs.alive || runs.cancelled.contains(id)) return;
        if (runs.streams) {
          runs.streaming[id].rest = runs.handler(runs.invocations[id]).body;
          perform(index, runs.machine->stream_begin(now(), id, {{"Content-Type", "text/plain"}}));
          write_stream(index, id);
          return;
        }
        perform(index, runs.machine->answer(now(), id, runs.handler(runs.invocations[id])));
      });
    } else if (auto* cancel = std::get_if<CancelAttempt>(&action)) {
      of.cancelled.insert(cancel->id);
    } else if (auto* room = std::get_if<StreamRoom>(&action)) {
      if (std::exchange(of.streaming[room->id].waits_for_room, false)) {
        at(Millis(0), [this, index, id = room->id] { write_stream(index, id); });
      }
    } else if (auto* delivered = std::get_if<Delivered>(&action)) {
      of.delivered.push_back(*delivered);
    } else if (std::holds_alternative<SayHello>(action)) {
      of.machine->hello_answered(now(), base::epoch_ms(clock_.wall_now()) + aws_offset_ms);
    } else if (std::holds_alternative<Drained>(action)) {
      of.drained = true;
    }
  }
}

void World::write_stream(std::size_t index, AttemptId id) {
  FakeSession& of = session(index);
  if (!of.alive || of.cancelled.contains(id)) return;
  std::string& rest = of.streaming[id].rest;
  if (rest.empty()) {
    std::optional<Answer> error;
    if (of.breaks_off) error = error_answer("Error", "broke off");
    perform(index, of.machine->stream_end(now(), id, std::move(error)));
    return;
  }
  const std::size_t room = of.machine->stream_room(id);
  if (room == 0) {
    of.streaming[id].waits_for_room = true;
    return;
  }
  std::string bytes = rest.substr(0, std::min(of.burst, room));
  rest.erase(0, bytes.size());
  perform(index, of.machine->stream_write(now(), id, bytes));
  at(of.pause, [this, index, id] { write_stream(index, id); });
}

Millis World::since_invoked() const {
  return std::chrono::duration_cast<Millis>(clock_.now() - invoked_);
}

// One event or timer, whichever is next before `until`; false if there is none.
bool World::step(base::SteadyTime until) {
  base::SteadyTime next = until;
  int who = -2;  // -2 nothing, -1 event, 0 stub, n session n-1
  auto consider = [&](std::optional<base::SteadyTime> time, int of) {
    if (time && *time < next) {
      next = *time;
      who = of;
    }
  };
  if (!events_.empty()) consider(events_.top().when, -1);
  consider(stub->next_timer(), 0);
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    if (session(i).alive) consider(session(i).machine->next_timer(), static_cast<int>(i) + 1);
  }
  if (who == -2) return false;
  if (next > clock_.now()) clock_.advance(next - clock_.now());
  if (who == -1) {
    auto what = events_.top().what;
    events_.pop();
    what();
  } else if (who == 0) {
    perform(stub->timer(now()));
  } else {
    perform(static_cast<std::size_t>(who - 1), session(static_cast<std::size_t>(who - 1)).machine->timer(now()));
  }
  return true;
}

void World::run_for(Millis time) {
  base::SteadyTime until = clock_.now() + time;
  while (step(until)) {
  }
  if (until > clock_.now()) clock_.advance(until - clock_.now());
}

void World::run_invocation() {
  while (!ending_ && step(deadline_)) {
  }
  if (!ending_ && deadline_ > clock_.now()) clock_.advance(deadline_ - clock_.now());
}

int World::executions(std::uint64_t attempt) const {
  int total = 0;
  for (const auto& session : sessions_) {
    for (const auto& [id, count] : session->executions) total += id.number == attempt ? count : 0;
  }
  return total;
}

}  // namespace bridge::testing
