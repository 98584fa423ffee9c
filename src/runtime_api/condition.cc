#include "runtime_api/condition.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

namespace runtime_api {

namespace asio = boost::asio;

Condition::Condition(asio::any_io_executor executor) : executor_(std::move(executor)) {}

void Condition::notify_all() {
  for (auto& waiter : *waiters_) waiter.cancel();
}

awaitable<void> Condition::wait() {
  return wait_until(base::SteadyTime::max());
}

awaitable<void> Condition::wait_until(base::SteadyTime time) {
  struct Registration {
    std::shared_ptr<std::list<asio::steady_timer>> list;
    std::list<asio::steady_timer>::iterator timer;
    ~Registration() { list->erase(timer); }
  };
  const Registration waiter{waiters_, waiters_->emplace(waiters_->end(), executor_, time)};
  boost::system::error_code woken;
  co_await waiter.timer->async_wait(asio::redirect_error(asio::use_awaitable, woken));
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

}  // namespace runtime_api
