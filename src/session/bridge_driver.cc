#include "session/bridge_driver.h"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>
#include <random>

#include "base/ids.h"
#include "base/log.h"
#include "base/memory_reserve.h"
#include "bridge/plain_text.h"
#include "bridge/post_queue.h"

namespace session {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kDisplacementGrace = 10s;       // for what runs when another session takes over
constexpr auto kDrainLimit = 5s;               // for answers to leave, beyond the grace
constexpr std::size_t kSmallFrame = 8'192;     // characters; what a stub asks and says of an attempt is shorter
constexpr std::size_t kOneMessage = 40 << 20;  // bytes, in all the forms that it takes until a worker has it
constexpr aws::CallOptions kPost{.attempts = 1, .timeout = 2s, .connect_timeout = 1s};
constexpr aws::CallOptions kLargePost{.attempts = 1, .timeout = 5s, .connect_timeout = 1s};  // on a slow line

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

// Not the request, but whose it is.
bool are_refused(const base::Error& error) {
  return error.kind == base::ErrorKind::credentials || error.status == 401 || error.status == 403;
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
      link_machine_(make_registration(config_, clock), config_.patience, base::random_seed()),
      machine_(link_machine_.own(), base::random_seed()),
      machine_timer_(executor),
      link_timer_(executor),
      connected_(executor, asio::steady_timer::time_point::max()),
      ended_(executor, asio::steady_timer::time_point::max()),
      drained_(executor, asio::steady_timer::time_point::max()),
      tasks_(executor),
      requests_(executor),
      supervision_(executor) {}

BridgeDriver::~BridgeDriver() = default;

awaitable<base::Result<>> BridgeDriver::connect(AttemptHandler& handler) {
  co_await asio::this_coro::throw_if_cancelled(false);
  handler_ = &handler;
  tasks_.spawn(keep_timer());
  tasks_.spawn(keep_link_timer());
  requests_.spawn(base::wait_on(ended_));  // so that it is not done before its first request
  supervision_.spawn(watch(&tasks_));
  supervision_.spawn(watch(&requests_));
  if (config_.find_max_message) {
    finding_max_message_ = true;
    tasks_.spawn(find_max_message());
  }
  if (config_.network_change) tasks_.spawn(follow_network());
  follow(link_machine_.start(now()));
  if (!link_) co_await base::wait_on(connected_);
  if (link_) co_return base::Result<>();
  const bool cancelled = (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none;
  co_await requests_.close();  // cancelled, it writes no registration any more; close() forgets that it was
  if (cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  if (failure_) std::rethrow_exception(failure_);
  co_return base::fail(explain(link_error_));
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
  if (auto take_back = link_machine_.end()) {
    auto released = co_await registrar_.write(std::move(*take_back));
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
  co_await requests_.close();
  co_await supervision_.close();
}

// A task that breaks takes the others with it: the session must not go on as if it served.
awaitable<void> BridgeDriver::watch(base::TaskGroup* tasks) {
  try {
    co_await tasks->join();
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    failure_ = std::current_exception();
  } catch (...) {
    failure_ = std::current_exception();
  }
  connected_.cancel();
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

void BridgeDriver::act(bridge::Announced announced) {
  const bridge::Credentials& keys = announced.announce.credentials;
  if (!keys.access_key_id.empty()) {
    lent_[announced.environment] =
        aws::fixed_credentials({keys.access_key_id, keys.secret_access_key, keys.session_token});
  }
  handler_->announced(std::move(announced));
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
  const aws::CallOptions options = post.frame.size() > bridge::kDefaultMaxMessage ? kLargePost : kPost;
  auto posted = co_await aws::post_to_connection(config_.aws, link_machine_.own().endpoint, post.connection_id,
                                                 post.frame, options);
  if (posted) lending_told_ = false;
  auto lent = lent_.find(post.environment);
  if (!posted && are_refused(posted.error()) && lent != lent_.end()) {
    const std::string why = posted.error().message;
    aws::ClientConfig as_function = config_.aws;
    as_function.credentials = lent->second;
    posted = co_await aws::post_to_connection(std::move(as_function), link_machine_.own().endpoint,
                                              std::move(post.connection_id), std::move(post.frame), options);
    if (posted && !std::exchange(lending_told_, true)) {
      reporter_.report(Notice{fmt::format(
          "this session's own credentials are refused ({}): its answers go out with those of the functions", why)});
    }
  }
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

void BridgeDriver::receive(const std::shared_ptr<BridgeLink>& link, std::string_view text) {
  bridge::ReceivedText received = bridge::classify_text(text);
  if (std::holds_alternative<bridge::SealedText>(received)) {
    if (text.size() > kSmallFrame && base::memory_is_short() && !base::memory_has_room(kOneMessage)) {
      machine_.drop_unread();
    } else {
      perform(machine_.frame(now(), text));
    }
    report_drops(false);
  } else if (std::holds_alternative<bridge::DisplacedHint>(received)) {
    follow(link_machine_.displaced_hint(now()));
  } else if (const auto* hello = std::get_if<bridge::HelloAnswer>(&received); hello != nullptr && link == link_) {
    if (link->takes_hello_answer() && hello->aws_time_ms != 0) machine_.hello_answered(now(), hello->aws_time_ms);
  }
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
