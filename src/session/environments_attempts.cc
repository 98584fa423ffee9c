// The way of an attempt: to its worker, and its answer back to the bridge. See environments.h.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/memory_reserve.h"
#include "session/answers.h"
#include "session/environments.h"
#include "session/trigger.h"

namespace session {
namespace {

using Kind = worker::WorkerOutcome::Kind;

constexpr int kMostTries = 3;                  // of workers that end before they take the event
constexpr std::size_t kLargeBody = 64 * 1024;  // is refused while memory is short
constexpr std::string_view kNoMemory = "the session has too little memory for ";

bool has_no_room(std::string_view body) {
  return body.size() > kLargeBody && base::memory_is_short();
}

}  // namespace

void Environments::arrived(bridge::AttemptArrived arrived) {
  // Its stub has moved on, so it had the answers to the attempts before, even if no 200 said so.
  for (auto before = attempts_.lower_bound({arrived.id.environment, 0});
       before != attempts_.end() && before->first < arrived.id;) {
    if (before->second->finished) {
      reporter_.report(before->second->report);
      before = attempts_.erase(before);
    } else {
      ++before;
    }
  }
  auto attempt = std::make_shared<Attempt>();
  attempt->invocation = std::move(arrived.invocation);
  attempt->arrived = arrived.arrived;
  attempts_[arrived.id] = attempt;
  if (auto environment = environment_of(arrived.id.environment)) environment->last_used = clock_.now();
  tasks_.spawn(run(arrived.id, attempt));
}

void Environments::start(bridge::AttemptId id) {
  auto found = attempts_.find(id);
  if (found == attempts_.end()) return;
  found->second->may_start = true;
  found->second->changed.notify_all();
}

void Environments::cancel(bridge::AttemptId id, std::string reason) {
  auto found = attempts_.find(id);
  if (found == attempts_.end() || found->second->finished) return;
  Attempt& attempt = *found->second;
  if (attempt.twin && attempt.twin->held && attempt.twin->held()) {
    give_up(id, found->second, "error", std::move(reason));
    return;
  }
  attempt.cancelled = true;
  attempt.cancel_reason = std::move(reason);
  attempt.changed.notify_all();
  if (attempt.twin) attempt.twin->process->stop();
}

void Environments::has_room(bridge::AttemptId id) {
  if (auto found = attempts_.find(id); found != attempts_.end()) found->second->changed.notify_all();
}

void Environments::delivered(bridge::Delivered delivered) {
  auto found = attempts_.find(delivered.id);
  if (found == attempts_.end() || !found->second->finished) return;  // an answer that others gave for it
  found->second->report.overhead_ms += to_ms(delivered.delivered - delivered.answered);
  reporter_.report(found->second->report);
  attempts_.erase(found);
}

void Environments::undelivered(bridge::AttemptId id) {
  auto found = attempts_.find(id);
  if (found == attempts_.end() || !found->second->finished) return;
  found->second->report.status = "error";
  found->second->report.error =
      "the answer could not be delivered: the stub did not ask for it until 60 s past the deadline";
  reporter_.report(found->second->report);
  attempts_.erase(found);
}

// Has a worker ready, asks the bridge whether the attempt may still start, and runs it.
awaitable<void> Environments::run(bridge::AttemptId id, AttemptPtr attempt) {
  EnvironmentPtr environment = environment_of(id.environment);
  if (environment && environment->function != nullptr) {
    co_await fresh_twin(environment);  // a failure shows again in run_on_a_worker()
  }
  sink_.worker_ready(id);
  while (!attempt->may_start && !attempt->cancelled) co_await attempt->changed.wait();
  worker::WorkerOutcome outcome{.kind = Kind::cancelled};
  if (!attempt->cancelled) outcome = co_await run_on_a_worker(id, attempt);
  finish(id, attempt, std::move(outcome));
  if (!bounding_) tasks_.spawn(bound_in_a_moment());
}

awaitable<worker::WorkerOutcome> Environments::run_on_a_worker(bridge::AttemptId id, AttemptPtr attempt) {
  EnvironmentPtr environment = environment_of(id.environment);
  if (!environment || environment->function == nullptr) {
    co_return live_failure("Function.LiveUnknown",
                           fmt::format("{} is not part of the app as it was started; run `livelambda start` again",
                                       name_of(id.environment)));
  }
  if (has_no_room(attempt->invocation.event)) {
    co_return live_failure("Function.LiveMemory", std::string(kNoMemory) + "this event; it has not run");
  }
  worker::WorkerOutcome outcome;
  for (int tries = 0; tries < kMostTries && outcome.kind == Kind::not_started; ++tries) {
    auto twin = co_await fresh_twin(environment);  // the code may have changed while the attempt waited
    if (attempt->cancelled) co_return worker::WorkerOutcome{.kind = Kind::cancelled};
    if (!twin) {
      const bool broken = twin.error().kind == base::ErrorKind::build;
      co_return live_failure(broken ? "Function.LiveBuild" : "Function.LiveWorker", twin.error().message);
    }
    attempt->twin = *twin;
    attempt->report.pid = static_cast<int>((*twin)->process->pid());
    report_started(id, *attempt);
    if ((*twin)->held) tasks_.spawn(watch_deadline(id, attempt, *twin));
    outcome = co_await (*twin)->process->invoke(to_event(attempt->invocation), hooks(id, attempt));
    attempt->twin = nullptr;
    attempt->changed.notify_all();
    environment->last_used = clock_.now();
    attempt->report.max_memory_mb = outcome.peak_memory_mb;
    if (outcome.init) attempt->report.init_ms = to_ms(*outcome.init);
    if ((*twin)->retired) tasks_.spawn(end_twin(*twin));
    if ((*twin)->nobody_came && outcome.kind == Kind::cancelled) outcome.kind = Kind::not_started;
    if (attempt->cancelled && outcome.kind == Kind::not_started) outcome.kind = Kind::cancelled;
  }
  if (outcome.kind == Kind::not_started) {
    co_return live_failure("Function.LiveWorker", "the worker ends before it takes an event; its log says why");
  }
  co_return outcome;
}

worker::InvocationHooks Environments::hooks(bridge::AttemptId id, AttemptPtr attempt) {
  return {.handed_over =
              [this, attempt] {
                attempt->handed_over = clock_.now();
                attempt->report.pid = static_cast<int>(attempt->twin->process->pid());  // extensions start before it
                attempt->twin->served = true;
              },
          .stream_begun =
              [this, id, attempt](std::string content_type) {
                attempt->streams = true;
                sink_.stream_begin(id, {{"Content-Type", std::move(content_type)}});
              },
          .stream_piece = [this, id, attempt](std::string piece) { return stream(id, attempt, std::move(piece)); }};
}

// As fast as the bridge has room for it.
awaitable<bool> Environments::stream(bridge::AttemptId id, AttemptPtr attempt, std::string piece) {
  std::string_view rest = piece;
  while (!rest.empty()) {
    if (attempt->cancelled || attempt->given_up) co_return false;
    const std::size_t room = std::min(sink_.stream_room(id), rest.size());
    if (room == 0) {
      co_await attempt->changed.wait();
      continue;
    }
    sink_.stream_write(id, rest.substr(0, room));
    rest.remove_prefix(room);
  }
  co_return true;
}

void Environments::report_started(bridge::AttemptId id, Attempt& attempt) {
  if (std::exchange(attempt.started, true)) return;
  attempt.report.request_id = attempt.invocation.request_id;
  attempt.report.function = name_of(id.environment);
  attempt.report.trigger = trigger_of(attempt.invocation.event);
  attempt.report.environment = id.environment.to_string();
  if (auto environment = environment_of(id.environment)) {
    attempt.report.memory_size_mb = memory_size_mb(environment->announce);
  }
  reporter_.report(attempt.report);
}

// Hands the answer to the bridge; the report goes out when it is delivered, or now if nobody wants an answer.
void Environments::finish(bridge::AttemptId id, AttemptPtr attempt, worker::WorkerOutcome outcome) {
  if (attempt->given_up) return;
  if (outcome.kind == Kind::cancelled && !attempt->cancelled) {
    outcome = live_failure("Function.LiveWorker", "the worker was stopped");
  }
  bool wanted = outcome.kind != Kind::timed_out && !attempt->cancelled;
  if (attempt->cancelled && !attempt->started) {
    reporter_.report(Notice{
        fmt::format("an invocation of {} was not started: {}", name_of(id.environment), attempt->cancel_reason)});
    attempts_.erase(id);
    sink_.abandon(id);
    return;
  }
  if (has_no_room(outcome.answer.body)) {
    outcome = live_failure("Function.LiveMemory", std::string(kNoMemory) + "this answer");
  }
  report_started(id, *attempt);
  InvocationReport& report = attempt->report;
  bool ran = attempt->handed_over != base::SteadyTime{};
  report.phase = InvocationReport::Phase::finished;
  report.status = outcome.kind == Kind::result ? "ok" : outcome.kind == Kind::timed_out ? "timeout" : "error";
  report.ms = ran ? to_ms(clock_.now() - attempt->handed_over) : to_ms(outcome.duration);
  report.overhead_ms = ran ? to_ms(attempt->handed_over - attempt->arrived) : 0;
  if (outcome.answer.failure) report.error = readable_error(outcome.answer.body);
  if (attempt->cancelled) {
    report.status = "error";
    report.error = attempt->cancel_reason;
  }
  if (wanted) {
    attempt->finished = true;
    if (!attempt->streams) {
      sink_.answer(id, to_bridge(std::move(outcome.answer)));
    } else if (outcome.answer.failure) {
      sink_.stream_end(id, to_bridge(std::move(outcome.answer)));
    } else {
      sink_.stream_end(id, std::nullopt);
    }
    return;
  }
  reporter_.report(report);
  attempts_.erase(id);
  sink_.abandon(id);
}

}  // namespace session
