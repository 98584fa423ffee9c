#include "localcloud/local_clock.h"

#include <algorithm>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <set>
#include <utility>

namespace localcloud {

namespace asio = boost::asio;

struct LocalClock::State {
  explicit State(asio::any_io_executor on) : executor(std::move(on)) {}

  base::WallTime now() const { return std::chrono::system_clock::now() + advanced; }

  asio::any_io_executor executor;
  base::Millis advanced{0};
  std::set<asio::steady_timer*> sleepers;  // each owned by the coroutine that waits on it
};

LocalClock::LocalClock(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

LocalClock::~LocalClock() = default;

base::WallTime LocalClock::now() const {
  return state_->now();
}

void LocalClock::advance(base::Millis by) {
  // Leaves room below the end of WallTime (2262) for whatever is added to it.
  constexpr base::Millis kFurthest = std::chrono::hours(24 * 365 * 100);
  state_->advanced += std::clamp(by, base::Millis(0), kFurthest - state_->advanced);
  for (auto* timer : state_->sleepers) timer->cancel();
}

awaitable<void> LocalClock::sleep_until(base::WallTime until) {
  auto state = state_;
  asio::steady_timer timer(state->executor);
  struct Registered {
    State& state;
    asio::steady_timer* timer;
    ~Registered() { state.sleepers.erase(timer); }
  } registered{*state, &timer};
  state->sleepers.insert(&timer);
  // An hour at most at once, so that no far away time overflows the timer's clock.
  constexpr auto kLongest = std::chrono::hours(1);
  for (auto now = state->now(); now < until; now = state->now()) {
    timer.expires_after(until - now > kLongest ? asio::steady_timer::duration(kLongest)
                                               : asio::steady_timer::duration(until - now));
    boost::system::error_code woken;  // by advance(), or by a cancellation, which the next lines tell apart
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none) {
      throw boost::system::system_error(asio::error::operation_aborted);
    }
  }
}

}  // namespace localcloud
