#include "session/environments.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <string_view>
#include <thread>

#include "session/answers.h"
#include "session/text.h"

namespace session {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Kind = worker::WorkerOutcome::Kind;

constexpr auto kIdleLimit = 10min;
constexpr auto kForgetAfter = 24h;  // Lambda ends an idle environment within the hour
constexpr auto kSweepEvery = 1min;
constexpr auto kSettle = 50ms;  // without a change: a `git checkout` or a formatter is over
constexpr int kMostSettleRounds = 40;
constexpr std::size_t kMostAtOnce = 3;    // functions that one change loads again without a pause
constexpr auto kQuiet = 500ms;            // if so long nothing was changed before
constexpr std::size_t kLeastLoading = 8;  // workers that load at a time, at least; the rest wait for their turn
constexpr auto kLongestTurn = 2s;         // who loads for longer holds up nobody
constexpr auto kLookForTurn = 100ms;
constexpr auto kAwaited = 10s;  // how long a new environment's first event may be on its way
constexpr auto kLinger = 2s;    // who was busy so short a time ago is no idle one: the next of a burst may be for it

}  // namespace

Environments::Environments(asio::any_io_executor executor, worker::Launcher& launcher, AttemptSink& sink,
                           const base::Clock& clock, Reporter& reporter, std::map<std::string, LiveFunction> functions,
                           WorkerBounds bounds, Debugging* debugging, std::function<void(const std::string&)> built)
    : executor_(executor),
      launcher_(launcher),
      sink_(sink),
      clock_(clock),
      reporter_(reporter),
      functions_(std::move(functions)),
      bounds_(bounds),
      built_(std::move(built)),
      debugging_(debugging),
      tasks_(executor) {
  tasks_.spawn(sweep_for_ever());
}

Environments::~Environments() = default;

void Environments::know(std::map<std::string, LiveFunction> functions) {
  std::set<std::string> changed;
  for (auto& [name, function] : functions) {
    auto [known, is_new] = functions_.try_emplace(name);
    bool alike = known->second.code == function.code && known->second.timeout == function.timeout;
    if (!is_new && !alike) changed.insert(function.info.logical_id);
    known->second = std::move(function);
    if (is_new) tasks_.spawn(build_ahead(known->second.code, false));
  }
  for (auto& [id, environment] : environments_) {
    if (environment->function == nullptr) find_function(environment);
  }
  reload(changed);
}

// An event source may call a function before its deployment has ended.
void Environments::find_function(EnvironmentPtr environment) {
  auto function = functions_.find(environment->announce.function);
  if (function == functions_.end()) return;  // its attempts are answered with an error that says so
  environment->function = &function->second;
  tasks_.spawn(start_ahead(environment, false));
}

void Environments::build_all() {
  for (const auto& [name, function] : functions_) tasks_.spawn(build_ahead(function.code, false));
}

void Environments::announced(bridge::Announced announced) {
  auto environment = std::make_shared<Environment>();
  environment->announce = std::move(announced.announce);
  environment->last_used = clock_.now();
  if (auto known = environments_.find(announced.environment); known != environments_.end()) retire(*known->second);
  replace_predecessor(announced.environment, *environment);
  environments_[announced.environment] = environment;
  find_function(environment);
}

// Each log stream is of one execution environment in AWS: another stub in it says that the one before has ended.
void Environments::replace_predecessor(bridge::EnvironmentId id, Environment& environment) {
  const bridge::Announce& announce = environment.announce;
  const std::string stream = variable(announce, "AWS_LAMBDA_LOG_STREAM_NAME");
  if (stream.empty()) return;
  for (auto& [other_id, other] : environments_) {
    const bool same = other_id != id && other->announce.function == announce.function &&
                      variable(other->announce, "AWS_LAMBDA_LOG_STREAM_NAME") == stream;
    if (!same || !is_idle(other_id, *other)) continue;
    if (!other->twin->served && other->announce.environment == announce.environment) {
      environment.twin = std::exchange(other->twin, nullptr);
    } else {
      retire(*other);
    }
  }
}

bool Environments::has_open_attempt(bridge::EnvironmentId id) const {
  for (auto at = attempts_.lower_bound({id, 0}); at != attempts_.end() && at->first.environment == id; ++at) {
    if (!at->second->finished) return true;
  }
  return false;
}

// Has a twin, and nothing for it to do.
bool Environments::is_idle(bridge::EnvironmentId id, const Environment& environment) const {
  return environment.twin && !environment.starting && !environment.twin->process->busy() && !has_open_attempt(id);
}

// Returns whether some have yet to show that they are idle.
bool Environments::keep_within_bounds() {
  std::vector<Environment*> environments;
  std::vector<IdleWorker> idle;
  bool undecided = false;
  for (const auto& [id, environment] : environments_) {
    if (!is_idle(id, *environment)) continue;
    const base::SteadyTime::duration grace = environment->twin->served ? kLinger : kAwaited;
    if (clock_.now() - environment->last_used < grace) {
      undecided = true;
      continue;
    }
    environments.push_back(environment.get());
    idle.push_back({.function = environment->announce.function,
                    .last_used = environment->last_used,
                    .memory_mb = environment->twin->process->memory_mb()});
  }
  for (const std::size_t at : beyond(bounds_, idle)) retire(*environments[at]);
  return undecided;
}

awaitable<void> Environments::bound_in_a_moment() {
  if (std::exchange(bounding_, true)) co_return;
  do {
    co_await base::sleep_for(kLinger);
  } while (keep_within_bounds());
  bounding_ = false;
}

std::uint64_t Environments::generation_of(const std::string& function) const {
  auto generation = generations_.find(function);
  return generation == generations_.end() ? 0 : generation->second;
}

bool Environments::current(const Environment& environment) const {
  return environment.twin && environment.twin->process->usable() &&
         environment.twin->generation == generation_of(environment.function->info.logical_id);
}

// A twin on the present code: the one that is there, or a new one. Callers at the same time share one start.
awaitable<base::Result<Environments::TwinPtr>> Environments::fresh_twin(EnvironmentPtr environment) {
  while (environment->starting) co_await environment->start_ended.wait();
  if (current(*environment)) co_return environment->twin;
  struct Starting {
    Environment& environment;
    explicit Starting(Environment& of) : environment(of) { environment.starting = true; }
    Starting(const Starting&) = delete;
    Starting& operator=(const Starting&) = delete;
    ~Starting() {
      environment.starting = false;
      environment.start_ended.notify_all();
    }
  } starting(*environment);
  while (true) {
    retire(*environment);
    const std::string& function = environment->function->info.logical_id;
    const auto generation = generation_of(function);
    auto twin = co_await start_twin(environment);
    if (twin) environment->twin = *twin;
    // The code may have changed while it was built and started: neither an old twin nor an old failure counts. If it
    // ended at once, that is for the caller to see.
    if (generation == generation_of(function)) co_return twin;
  }
}

// Fifty environments at once would load so slowly together that their stubs, which hear nothing, give up.
awaitable<void> Environments::wait_for_turn_to_load() {
  const std::size_t most = std::max<std::size_t>(kLeastLoading, 4 * std::thread::hardware_concurrency());
  const auto counts = [this](const TwinPtr& twin) { return clock_.now() - twin->started < kLongestTurn; };
  while (static_cast<std::size_t>(std::ranges::count_if(loading_, counts)) >= most) {
    co_await loaded_.wait(clock_.now() + kLookForTurn);
  }
}

awaitable<void> Environments::await_loaded(TwinPtr twin) {
  co_await twin->process->initialised();
  end_turn(twin);
}

void Environments::end_turn(const TwinPtr& twin) {
  loading_.erase(twin);
  loaded_.notify_all();
}

awaitable<base::Result<Environments::TwinPtr>> Environments::start_twin(EnvironmentPtr environment) {
  co_await wait_for_turn_to_load();
  const LiveFunction& function = *environment->function;
  auto twin = std::make_shared<Twin>();
  twin->generation = generation_of(function.info.logical_id);
  twin->started = clock_.now();
  worker::WorkerSpec spec{
      .code = function.code,
      .revision = twin->generation,
      .environment = {environment->announce.environment.begin(), environment->announce.environment.end()},
      .timeout = function.timeout};
  if (bounds_.limit_memory && !spec.code.debugged) {
    spec.code.memory_mb = spec.memory_limit_mb = memory_size_mb(environment->announce);
  }
  if (debugging_ != nullptr) {
    CO_TRY(twin->debug, debugging_->prepare(spec));
  }
  twin->held = spec.held;
  loading_.insert(twin);
  auto process =
      co_await launcher_.start(spec, [this, &function](worker::LogRecord record) { log(function, std::move(record)); });
  if (!process) end_turn(twin);
  CO_TRY(twin->process, std::move(process));
  twins_.insert(twin);
  tasks_.spawn(await_loaded(twin));
  if (twin->debug) attach_debuggers(environment, twin, spec);
  co_return twin;
}

// Starts a worker before anyone waits for it, and says whether its code loads.
awaitable<void> Environments::start_ahead(EnvironmentPtr environment, bool reload) {
  const std::string& function = environment->function->info.logical_id;
  BuildReport report{.reload = reload, .function = function, .status = "error"};
  auto twin = co_await fresh_twin(environment);
  if (!twin) {
    report.output = twin.error().message + (twin.error().hint.empty() ? "" : "\n" + twin.error().hint);
    report_build(std::move(report), generation_of(function));
    co_return;
  }
  auto outcome = co_await (*twin)->process->initialised();
  if (outcome.kind == Kind::cancelled) co_return;  // it was replaced meanwhile: whoever did that tells
  report.ms = to_ms(clock_.now() - (*twin)->started);
  if (outcome.kind == Kind::result) {
    report.status = "ok";
  } else {
    report.output = readable_error(outcome.answer.body);
  }
  report_build(std::move(report), (*twin)->generation);
  keep_within_bounds();
}

void Environments::report_build(BuildReport report, std::uint64_t generation) {
  if (built_) built_(report.function);
  Told& told = told_[report.function];
  if (generation > told.generation) told = {.generation = generation, .reports = {}};
  if (generation == told.generation && told.reports.emplace(report.reload, report.status).second) {
    reporter_.report(std::move(report));
  }
}

void Environments::retire(Environment& environment) {
  if (!environment.twin) return;
  TwinPtr twin = std::exchange(environment.twin, nullptr);
  twin->retired = true;
  let_no_more_clients(*twin);
  twin->process->retire();
  if (!twin->process->busy()) tasks_.spawn(end_twin(twin));  // else when its attempt has ended
}

awaitable<void> Environments::end_twin(TwinPtr twin) {
  let_no_more_clients(*twin);
  co_await twin->process->close();
  twins_.erase(twin);
}

awaitable<void> Environments::sweep_for_ever() {
  while (true) {
    co_await base::sleep_for(kSweepEvery);
    sweep();
  }
}

void Environments::sweep() {
  for (auto at = environments_.begin(); at != environments_.end();) {
    Environment& environment = *at->second;
    auto attempt = attempts_.lower_bound({at->first, 0});
    bool in_use = environment.starting || (attempt != attempts_.end() && attempt->first.environment == at->first);
    auto idle = clock_.now() - environment.last_used;
    if (!in_use && idle > kIdleLimit) retire(environment);
    at = !in_use && idle > kForgetAfter ? environments_.erase(at) : std::next(at);
  }
  keep_within_bounds();
}

void Environments::reload(const std::set<std::string>& functions) {
  for (const std::string& function : functions) {
    ++generations_[function];
    for (auto& [id, environment] : environments_) {
      bool affected = environment->function != nullptr && environment->function->info.logical_id == function;
      if (affected && !environment->starting) retire(*environment);  // a start sees by itself that it is late
    }
    const auto before = std::exchange(last_change_[function], clock_.now());
    const bool one_save = functions.size() <= kMostAtOnce && clock_.now() - before > kQuiet;
    if (reloading_.insert(function).second) tasks_.spawn(reload_ahead(function, one_save));
  }
}

// Attempts run new code from the first change on, and what is started ahead does not wait either, for most changes are
// one save. More that follow, a `git checkout` or a formatter, are waited out.
awaitable<void> Environments::reload_ahead(std::string function, bool at_once) {
  std::uint64_t seen = 0;
  if (at_once) {
    seen = generation_of(function);
    co_await load_ahead(function);
  }
  while (seen != generation_of(function)) {
    for (int round = 0; round < kMostSettleRounds && seen != generation_of(function); ++round) {
      seen = generation_of(function);
      co_await base::sleep_for(kSettle);
    }
    co_await load_ahead(function);
  }
  reloading_.erase(function);
}

awaitable<void> Environments::load_ahead(std::string function) {
  if (auto environment = last_used(function)) {
    co_await start_ahead(environment, true);
    co_return;
  }
  auto known = std::ranges::find_if(functions_, [&](const auto& of) { return of.second.info.logical_id == function; });
  if (known != functions_.end()) co_await build_ahead(known->second.code, true);
}

// For functions that no environment waits for.
awaitable<void> Environments::build_ahead(worker::FunctionCode code, bool reload) {
  BuildReport report{.reload = reload, .function = code.function, .status = "ok"};
  const auto begin = clock_.now();
  const auto generation = generation_of(code.function);
  auto built = co_await launcher_.build(code, generation);
  report.ms = to_ms(clock_.now() - begin);
  if (built_) built_(code.function);
  if (!built) {
    report.status = "error";
    report.output = built.error().message + (built.error().hint.empty() ? "" : "\n" + built.error().hint);
  } else if (!reload) {
    co_return;  // it is told when its code loads
  }
  report_build(std::move(report), generation);
}

Environments::EnvironmentPtr Environments::last_used(const std::string& function) const {
  EnvironmentPtr latest;
  for (const auto& [id, environment] : environments_) {
    if (environment->function == nullptr || environment->function->info.logical_id != function) continue;
    if (!latest || environment->last_used > latest->last_used) latest = environment;
  }
  return latest;
}

Environments::EnvironmentPtr Environments::environment_of(bridge::EnvironmentId id) const {
  auto found = environments_.find(id);
  return found == environments_.end() ? nullptr : found->second;
}

// The logical id, or the physical name of a function that is not known here.
std::string Environments::name_of(bridge::EnvironmentId id) const {
  EnvironmentPtr environment = environment_of(id);
  if (!environment) return "this function";
  return environment->function == nullptr ? environment->announce.function : environment->function->info.logical_id;
}

void Environments::log(const LiveFunction& function, worker::LogRecord record) {
  reporter_.report(LogLine{std::move(record.request_id), function.info.logical_id, valid_utf8(record.text)});
}

awaitable<void> Environments::close() {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await asio::this_coro::reset_cancellation_state();
  for (const TwinPtr& twin : twins_) twin->process->stop();
  co_await tasks_.close();
  for (auto& [id, attempt] : std::exchange(attempts_, {})) {
    if (!attempt->started) continue;
    attempt->report.phase = InvocationReport::Phase::finished;
    attempt->report.status = "error";
    attempt->report.error = attempt->finished ? "the session ended before its answer was taken" : "the session ended";
    reporter_.report(attempt->report);
  }
  environments_.clear();
  loading_.clear();
  base::TaskGroup ending(executor_);
  for (const TwinPtr& twin : std::set<TwinPtr>(twins_)) ending.spawn(end_twin(twin));
  co_await ending.join();
  twins_.clear();
}

}  // namespace session
