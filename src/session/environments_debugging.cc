// What debuggers ask of the twins: see environments.h.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>

#include "session/environments.h"

namespace session {
namespace {

using namespace std::chrono_literals;

constexpr auto kComesBack = 3s;                                              // a debugger's client that lost its worker
constexpr std::array<std::chrono::seconds, 4> kTold = {300s, 60s, 10s, 0s};  // before the deadline

double seconds(base::SteadyTime::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

void Environments::attach_debuggers(EnvironmentPtr environment, TwinPtr twin, const worker::WorkerSpec& spec) {
  std::string name;
  for (const auto& [id, one] : environments_) {
    if (one == environment) name = id.to_string();
  }
  debugging_->running(spec, twin->debug, twin->process->pid(), name);
  if (spec.debugger_first) tasks_.spawn(await_client(std::move(environment), std::move(twin)));
}

// A worker that waits for a client that went away for good would wait for ever.
awaitable<void> Environments::await_client(EnvironmentPtr environment, TwinPtr twin) {
  co_await base::sleep_for(kComesBack);
  if (twin->retired || twin->debug->had_client) co_return;
  const std::string function = environment->function->code.function;
  debugging_->nobody_came(function);
  reporter_.report(Notice{fmt::format("{} runs without its debugger, which did not come back", function)});
  twin->nobody_came = true;
  twin->process->stop();
  if (environment->twin == twin) co_await start_ahead(environment, true);
}

// Says how long Lambda waits while a client is there, and gives up for Lambda when it no longer does.
awaitable<void> Environments::watch_deadline(bridge::AttemptId id, AttemptPtr attempt, TwinPtr twin) {
  const auto left = base::from_epoch_ms(attempt->invocation.deadline_ms) - clock_.wall_now();
  const auto deadline = clock_.now() + std::chrono::duration_cast<base::SteadyTime::duration>(left);
  const std::string function = name_of(id.environment);
  auto tell = [&] {
    if (!twin->debug || twin->debug->clients == 0) return;
    reporter_.report(Notice{fmt::format("{} is under its debugger: {:.1f} s until Lambda's timeout", function,
                                        seconds(deadline - clock_.now()))});
  };
  tell();
  for (const auto before : kTold) {
    if (deadline - before <= clock_.now() && before != 0s) continue;
    while (attempt->twin == twin && clock_.now() < deadline - before) {
      co_await attempt->changed.wait(deadline - before);
    }
    if (attempt->twin != twin || attempt->given_up) co_return;
    if (before != 0s) tell();
  }
  if (!twin->held()) co_return;  // the worker sees to it
  const auto timeout = environment_of(id.environment)->function->timeout;
  give_up(id, attempt, "timeout",
          fmt::format("Lambda's timeout of {:g} s passed while the debugger held {}: AWS has ended the invocation, and "
                      "what the handler answers goes nowhere. `--increase-timeout` gives 900 s.",
                      seconds(timeout), function));
}

void Environments::give_up(bridge::AttemptId id, AttemptPtr attempt, std::string status, std::string why) {
  attempt->given_up = true;
  attempt->changed.notify_all();
  InvocationReport& report = attempt->report;
  report.phase = InvocationReport::Phase::finished;
  report.status = std::move(status);
  report.error = std::move(why);
  const bool ran = attempt->handed_over != base::SteadyTime{};
  report.ms = ran ? to_ms(clock_.now() - attempt->handed_over) : 0;
  reporter_.report(report);
  auto environment = environment_of(id.environment);
  if (environment && environment->twin == attempt->twin) retire(*environment);  // ends when its handler does
  attempts_.erase(id);
  sink_.abandon(id);
}

void Environments::let_no_more_clients(const Twin& twin) {
  if (!twin.debug || twin.debug->ends) return;
  debugging_->ends(twin.debug, !twin.process->busy());
}

}  // namespace session
