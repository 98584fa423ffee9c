#include "base/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <list>

namespace base {

struct TaskGroup::State {
  explicit State(asio::any_io_executor on) : executor(std::move(on)), idle(executor) {
    idle.expires_at(asio::steady_timer::time_point::max());
  }

  void finished(std::list<asio::cancellation_signal>::iterator child, std::exception_ptr failure) {
    running.erase(child);
    if (failure && !is_cancellation(failure) && !first_failure) {
      first_failure = failure;
      cancel();
    }
    if (running.empty()) idle.cancel();
  }

  void cancel() {
    // A child may end, and so leave the list, while it is told.
    for (auto child = running.begin(); child != running.end();) (child++)->emit(asio::cancellation_type::terminal);
  }

  static bool is_cancellation(const std::exception_ptr& failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
      return error.code() == asio::error::operation_aborted;
    } catch (...) {
      return false;
    }
  }

  asio::any_io_executor executor;
  asio::steady_timer idle;  // never expires; cancelled when the last child ends
  std::list<asio::cancellation_signal> running;
  std::exception_ptr first_failure;
};

TaskGroup::TaskGroup(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

TaskGroup::~TaskGroup() {
  state_->cancel();
}

void TaskGroup::spawn(awaitable<void> task) {
  auto child = state_->running.emplace(state_->running.end());
  asio::co_spawn(state_->executor, std::move(task),
                 asio::bind_cancellation_slot(child->slot(), [state = state_, child](std::exception_ptr failure) {
                   state->finished(child, std::move(failure));
                 }));
}

void TaskGroup::cancel() {
  state_->cancel();
}

awaitable<void> TaskGroup::join() {
  auto state = state_;
  while (!state->running.empty()) {
    boost::system::error_code ignored;
    co_await state->idle.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none) {
      state->cancel();
      co_await asio::this_coro::reset_cancellation_state();
    }
  }
  if (state->first_failure) std::rethrow_exception(std::exchange(state->first_failure, nullptr));
}

awaitable<void> TaskGroup::close() {
  bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await asio::this_coro::reset_cancellation_state();
  auto state = state_;
  state->cancel();
  while (!state->running.empty()) {
    boost::system::error_code ignored;
    co_await state->idle.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  state->first_failure = nullptr;
  co_await asio::this_coro::throw_if_cancelled(throws);
}

std::size_t TaskGroup::size() const {
  return state_->running.size();
}

awaitable<void> sleep_for(std::chrono::nanoseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(duration));
  co_await timer.async_wait(asio::use_awaitable);
}

awaitable<void> wait_on(asio::steady_timer& timer) {
  boost::system::error_code woken;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

void run_until_done(asio::io_context& loop, awaitable<void> main) {
  std::exception_ptr failure;
  bool done = false;
  asio::co_spawn(loop, std::move(main), [&](std::exception_ptr ended_with) {
    failure = std::move(ended_with);
    done = true;
  });
  loop.restart();
  while (!done && loop.run_one() > 0) {
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace base
