#include "session/bridge_driver.h"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>
#include <random>

#include "base/ids.h"
#include "base/log.h"
#include "bridge/plain_text.h"
#include "bridge/post_queue.h"

namespace session {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kHelloEvery = 5min;            // idle is 10 minutes
constexpr std::chrono::seconds kPingBusy{5};  // while attempts are open
constexpr std::chrono::seconds kPingIdle{30};
constexpr auto kLinkAge = 100min;         // the API closes at 2 hours
constexpr auto kDisplacementGrace = 10s;  // for what runs when another session takes over
constexpr auto kFarewell = 15s;           // then the replaced connection is deleted
constexpr auto kDrainLimit = 5s;          // for answers to leave, beyond the grace
constexpr auto kSteadyLink = 10s;         // one that breaks sooner is replaced with back-off
constexpr auto kCheckEvery = 1s;          // the table, at most
constexpr auto kCheckRetry = 5s;          // when it could not be read
constexpr aws::CallOptions kPost{.attempts = 1, .timeout = 2s, .connect_timeout = 1s};

// "wss://host/live" → "https://host/live": where @connections stands.
std::string http_form(std::string_view url) {
  std::string form = url.starts_with("ws") ? "http" + std::string(url.substr(2)) : std::string(url);
  if (form.ends_with('/')) form.pop_back();
  return form;
}

bridge::Registration make_registration(const BridgeConfig& config, const base::Clock& clock) {
  bridge::Registration own = bridge::new_registration();
  own.endpoint = http_form(config.url);
  own.owner = config.owner;
  own.principal = config.principal;
  own.started_at_ms = base::epoch_ms(clock.wall_now());
  return own;
}

bridge::Outcome to_outcome(const base::Result<>& posted) {
  using Reach = bridge::Outcome::Reach;
  if (posted) return {.reach = Reach::answered, .status = 200};
  const base::Error& error = posted.error();
  if (error.status != 0) return {.reach = Reach::answered, .status = error.status, .detail = error.code};
  return {.reach = error.kind == base::ErrorKind::connect ? Reach::not_sent : Reach::maybe_sent, .status = 0};
}

// A refusal that may be over in a moment: throttling, or a deployment that is not in force everywhere yet.
bool may_pass(const base::Error& error) {
  return error.status == 403 || error.status == 404 || error.status == 429 || error.status >= 500;
}

// What a refused connection means for whoever started the session.
base::Error explain(base::Error error) {
  if (error.status == 401 || error.status == 403) {
    error.kind = base::ErrorKind::permission;
    error.hint =
        "The credentials need execute-api:Invoke and execute-api:ManageConnections on the API of the debug stack, and "
        "dynamodb:GetItem and dynamodb:PutItem on its table.";
  }
  return error;
}

}  // namespace

BridgeDriver::BridgeDriver(asio::any_io_executor executor, BridgeConfig config, const base::Clock& clock,
                           Reporter& reporter)
    : executor_(executor),
      config_(std::move(config)),
      clock_(clock),
      reporter_(reporter),
      registrar_(config_.aws, config_.table),
      own_(make_registration(config_, clock)),
      machine_(own_, base::random_seed()),
      machine_timer_(executor),
      link_lost_(executor),
      ended_(executor, asio::steady_timer::time_point::max()),
      drained_(executor, asio::steady_timer::time_point::max()),
      tasks_(executor),
      supervision_(executor) {}

BridgeDriver::~BridgeDriver() = default;

awaitable<base::Result<>> BridgeDriver::connect(AttemptHandler& handler) {
  handler_ = &handler;
  std::minstd_rand random(static_cast<std::minstd_rand::result_type>(base::random_seed()));
  base::SteadyTime give_up = clock_.now() + config_.patience;
  for (int failures = 0;; ++failures) {
    auto opened = co_await open_link(true);
    if (opened) break;
    if (!may_pass(opened.error()) || clock_.now() >= give_up) co_return base::fail(explain(opened.error()));
    co_await base::sleep_for(bridge::back_off(failures, 200ms, 2s, random));
  }
  tasks_.spawn(keep_timer());
  tasks_.spawn(keep_link());
  supervision_.spawn(watch_tasks());
  co_return base::Result<>();
}

awaitable<std::string> BridgeDriver::run() {
  if (displaced_by_.empty() && !failure_ && !removed_) co_await base::wait_on(ended_);
  auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) co_return std::string();
  if (failure_) std::rethrow_exception(failure_);
  if (!is_drained_ && !removed_) {
    drained_.expires_after(kDisplacementGrace + kDrainLimit);
    co_await base::wait_on(drained_);
  }
  report_drops(true);
  co_await close_tasks();
  co_return displaced_by_;
}

awaitable<void> BridgeDriver::finish(base::Millis grace) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await asio::this_coro::reset_cancellation_state();
  ending_ = true;
  link_lost_.cancel();
  base::TaskGroup leaving(executor_);
  std::exception_ptr failure;
  try {
    leaving.spawn(leave(grace));
    co_await leaving.join();
  } catch (...) {
    failure = std::current_exception();
  }
  report_drops(true);
  co_await close_tasks();
  if (failure) std::rethrow_exception(failure);
}

awaitable<void> BridgeDriver::leave(base::Millis grace) {
  if (closed_) co_return;
  if (registered_ && displaced_by_.empty()) {
    ++own_.link;  // a renewal that is still under way comes too late by this
    auto released = co_await registrar_.release(own_);
    if (!released) base::log_warn("the registration could not be taken back: {}", released.error().message);
    perform(machine_.stop(now(), "the session is ending", grace));
    if (!is_drained_) {
      if (machine_.open_attempts() > 0)
        reporter_.report(Notice{"waiting for running invocations to end; Ctrl+C again does not wait"});
      drained_.expires_after(grace + kDrainLimit);
      co_await base::wait_on(drained_);
    }
  }
  if (link_) co_await link_->close();
}

awaitable<void> BridgeDriver::close_tasks() {
  closed_ = true;
  co_await tasks_.close();
  co_await supervision_.close();
}

// A task that breaks takes the others with it: the session must not go on as if it served.
awaitable<void> BridgeDriver::watch_tasks() {
  try {
    co_await tasks_.join();
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    failure_ = std::current_exception();
  } catch (...) {
    failure_ = std::current_exception();
  }
  ended_.cancel();
}

void BridgeDriver::worker_ready(bridge::AttemptId id) {
  perform(machine_.worker_ready(now(), id));
}

void BridgeDriver::answer(bridge::AttemptId id, bridge::Answer answer) {
  perform(machine_.answer(now(), id, std::move(answer)));
}

void BridgeDriver::stream_begin(bridge::AttemptId id, bridge::NameValues headers) {
  perform(machine_.stream_begin(now(), id, std::move(headers)));
}

void BridgeDriver::stream_write(bridge::AttemptId id, std::string_view bytes) {
  perform(machine_.stream_write(now(), id, bytes));
}

void BridgeDriver::stream_end(bridge::AttemptId id, std::optional<bridge::Answer> error) {
  perform(machine_.stream_end(now(), id, std::move(error)));
}

void BridgeDriver::abandon(bridge::AttemptId id) {
  perform(machine_.abandon(now(), id));
}

void BridgeDriver::perform(bridge::SessionActions actions) {
  if (closed_) return;
  for (auto& action : actions) actions_.push_back(std::move(action));
  if (performing_) return;
  performing_ = true;
  while (!actions_.empty()) {
    bridge::SessionAction action = std::move(actions_.front());
    actions_.pop_front();
    std::visit([this](auto& one) { act(std::move(one)); }, action);
  }
  performing_ = false;
  machine_timer_.cancel();  // keep_timer() sets it anew
}

void BridgeDriver::act(bridge::SessionPost post) {
  tasks_.spawn(this->post(std::move(post)));
}

void BridgeDriver::act(bridge::PostDenied denied) {
  reporter_.report(Notice{fmt::format(
      "API Gateway refuses this session's answers (403 {}): have its credentials expired?", denied.detail)});
}

void BridgeDriver::act(bridge::SayHello) {
  if (link_) tasks_.spawn(say_hello(link_));
}

void BridgeDriver::act(bridge::Drained) {
  is_drained_ = true;
  drained_.cancel();
}

awaitable<void> BridgeDriver::post(bridge::SessionPost post) {
  auto posted = co_await aws::post_to_connection(config_.aws, own_.endpoint, std::move(post.connection_id),
                                                 std::move(post.frame), kPost);
  perform(machine_.post_finished(now(), post.tag, to_outcome(posted)));
}

awaitable<void> BridgeDriver::keep_timer() {
  while (true) {
    machine_timer_.expires_at(machine_.next_timer().value_or(asio::steady_timer::time_point::max()));
    co_await base::wait_on(machine_timer_);
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
    auto due = machine_.next_timer();
    if (due && *due <= clock_.now()) perform(machine_.timer(now()));
  }
}

// Opens a connection and makes it the registered one.
awaitable<base::Result<>> BridgeDriver::open_link(bool first) {
  CO_TRY(auto opened, co_await BridgeLink::open(config_.aws, config_.url, config_.tls));
  std::shared_ptr<BridgeLink> link = std::move(opened);
  if (ending_) co_return base::Result<>();
  ++own_.link;
  own_.connection_id = link->connection_id();
  if (first) {
    registered_ = true;  // perhaps: also if this is cancelled before the answer is there
    auto claimed = co_await registrar_.claim(own_);
    bool refused = !claimed && claimed.error().status >= 400 && claimed.error().status < 500;
    registered_ = !refused;  // a write that timed out may have succeeded
    CO_TRY(auto replaced, std::move(claimed));
    if (auto farewell = bridge::replaced_by(replaced, own_)) tasks_.spawn(bid_farewell(std::move(*farewell)));
  } else {
    CO_TRY(auto written, co_await registrar_.renew(own_));
    if (!written.ours) {
      set_displaced(written.found ? written.found->owner : "someone who ended it");
      co_return base::Result<>();
    }
  }
  link_ = link;
  link_is_lost_ = false;
  link_lost_.expires_after(kLinkAge - std::chrono::seconds(base::random_seed() % 300));
  machine_.hello_answered(now(), link->aws_time_ms());
  perform(machine_.connected(now(), own_.connection_id, own_.link));
  tasks_.spawn(read_link(link));
  tasks_.spawn(keep_alive(link));
  co_return base::Result<>();
}

// A bridge without its table comes back no more.
awaitable<bool> BridgeDriver::is_removed() {
  auto found = co_await registrar_.read();
  co_return !found && found.error().code == "ResourceNotFoundException";
}

awaitable<void> BridgeDriver::keep_link() {
  std::minstd_rand random(static_cast<std::minstd_rand::result_type>(base::random_seed()));
  int failures = 0;
  base::SteadyTime opened_at = clock_.now();
  while (displaced_by_.empty() && !ending_) {
    if (!link_is_lost_) co_await base::wait_on(link_lost_);
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
    if (clock_.now() - opened_at > kSteadyLink) failures = 0;
    for (bool opened = false; !opened && displaced_by_.empty() && !ending_; ++failures) {
      if (failures > 0) co_await base::sleep_for(bridge::back_off(failures - 1, 100ms, 10s, random));
      auto outcome = co_await open_link(false);
      opened = outcome.has_value();
      if (!opened && co_await is_removed()) {
        removed_ = true;
        ended_.cancel();
        co_return;
      }
      if (!opened && failures == 0) {
        reporter_.report(
            Notice{fmt::format("the connection to the bridge is lost ({}); trying again", outcome.error().message)});
      }
    }
    opened_at = clock_.now();
  }
}

awaitable<void> BridgeDriver::read_link(std::shared_ptr<BridgeLink> link) {
  while (true) {
    auto text = co_await link->read();
    if (!text) break;
    receive(link, *text);
  }
  if (link == link_) {
    link_is_lost_ = true;
    link_lost_.cancel();
  }
}

void BridgeDriver::receive(const std::shared_ptr<BridgeLink>& link, std::string_view text) {
  bridge::ReceivedText received = bridge::classify_text(text);
  if (std::holds_alternative<bridge::SealedText>(received)) {
    perform(machine_.frame(now(), text));
    report_drops(false);
  } else if (std::holds_alternative<bridge::DisplacedHint>(received)) {
    look_at_registration();
  } else if (const auto* hello = std::get_if<bridge::HelloAnswer>(&received); hello != nullptr && link == link_) {
    if (hello->aws_time_ms != 0) machine_.hello_answered(now(), hello->aws_time_ms);
  }
}

awaitable<void> BridgeDriver::say_hello(std::shared_ptr<BridgeLink> link) {
  auto sent = co_await link->say_hello();
  if (!sent) link->abort();
}

// Pings while the link is the newest, and says hello, which also looks whether the registration is still ours.
awaitable<void> BridgeDriver::keep_alive(std::shared_ptr<BridgeLink> link) {
  base::SteadyTime last_hello = clock_.now();
  base::SteadyTime last_ping = clock_.now();
  base::WallTime last_round = clock_.wall_now();
  while (link == link_) {
    co_await base::sleep_for(kPingBusy);
    report_drops(true);
    base::SteadyTime time = clock_.now();
    base::WallTime wall = clock_.wall_now();
    bool slept = wall - last_round > 4 * kPingBusy;  // the machine did: only the wall clock went on
    last_round = wall;
    auto ping_every = machine_.open_attempts() > 0 ? kPingBusy : kPingIdle;
    if (slept || time - last_ping >= ping_every) {
      last_ping = time;
      if (!co_await link->ping()) {
        link->abort();
        co_return;
      }
    }
    if (slept || time - last_hello >= kHelloEvery) {
      last_hello = time;
      co_await say_hello(link);
      look_at_registration();
    }
  }
}

void BridgeDriver::look_at_registration() {
  if (!displaced_by_.empty() || ending_) return;
  check_again_ = true;
  if (!std::exchange(checking_registration_, true)) tasks_.spawn(check_registration());
}

// Reads at most once a second, until a read has come back that began after the last hint.
awaitable<void> BridgeDriver::check_registration() {
  while (std::exchange(check_again_, false) && displaced_by_.empty() && !ending_) {
    auto since = clock_.now() - last_check_;
    if (since < kCheckEvery) co_await base::sleep_for(kCheckEvery - since);
    last_check_ = clock_.now();
    check_again_ = false;
    auto found = co_await registrar_.read();
    if (!found) {
      check_again_ = true;
      co_await base::sleep_for(kCheckRetry);
    } else if (bridge::is_displaced(*found, own_.session) && !ending_) {
      set_displaced(*found ? (*found)->owner : "someone who ended it");
    }
  }
  checking_registration_ = false;
}

awaitable<void> BridgeDriver::bid_farewell(bridge::Replaced replaced) {
  auto told = co_await aws::post_to_connection(config_.aws, replaced.endpoint, replaced.connection_id,
                                               std::string(bridge::kDisplacedText), kPost);
  if (!told && told.error().status == 410) co_return;  // nobody is there any more
  co_await base::sleep_for(kFarewell);
  auto deleted = co_await aws::delete_connection(config_.aws, replaced.endpoint, replaced.connection_id);
  if (!deleted) base::log_warn("the replaced connection could not be closed: {}", deleted.error().message);
}

void BridgeDriver::set_displaced(std::string by) {
  if (!displaced_by_.empty()) return;
  displaced_by_ = by.empty() ? "someone else" : std::move(by);
  reporter_.report(Displaced{displaced_by_});
  perform(machine_.stop(now(), "another client has connected: " + displaced_by_, kDisplacementGrace));
  ended_.cancel();
}

// At most once a second, so that whoever floods the link does not flood the terminal.
void BridgeDriver::report_drops(bool flush) {
  if (!flush && clock_.now() - last_drop_report_ < 1s) return;
  for (const auto& [reason, count] : machine_.dropped()) {
    std::string name(bridge::to_string(reason));
    if (std::exchange(reported_drops_[name], count) == count) continue;
    last_drop_report_ = clock_.now();
    reporter_.report(Dropped{name, count});
  }
}

}  // namespace session
