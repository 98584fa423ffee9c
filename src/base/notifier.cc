#include "base/notifier.h"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace base {

namespace asio = boost::asio;

struct Notifier::State {
  std::list<asio::steady_timer*> waiters;
};

Notifier::Notifier() : state_(std::make_shared<State>()) {}

void Notifier::notify_all() {
  for (auto* waiter : state_->waiters) waiter->cancel();
}

awaitable<void> Notifier::wait(SteadyTime until) {
  struct Place {
    Place(std::shared_ptr<State> in, asio::steady_timer& timer)
        : state(std::move(in)), at(state->waiters.insert(state->waiters.end(), &timer)) {}
    ~Place() { state->waiters.erase(at); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    std::shared_ptr<State> state;
    std::list<asio::steady_timer*>::iterator at;
  };
  auto state = state_;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_at(until);
  {
    Place place(state, timer);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  auto cancelled = co_await asio::this_coro::cancellation_state;
  if (cancelled.cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

}  // namespace base
