#include "base/task_group.h"

#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>

namespace base {
namespace {

awaitable<void> count_when_cancelled(int& count) {
  try {
    co_await sleep_for(std::chrono::hours(1));
  } catch (...) {
    ++count;
    throw;
  }
}

awaitable<void> fail_at_once() {
  throw std::runtime_error("broken");
  co_return;
}

awaitable<void> join_with_failing_child(int& cancelled, std::string& caught) {
  TaskGroup tasks(co_await asio::this_coro::executor);
  tasks.spawn(count_when_cancelled(cancelled));
  tasks.spawn(count_when_cancelled(cancelled));
  tasks.spawn(fail_at_once());
  try {
    co_await tasks.join();
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
}

TEST(TaskGroup, CancelsSiblingsOfAFailureAndReportsIt) {
  asio::io_context loop;
  int cancelled = 0;
  std::string caught;
  run_until_done(loop, join_with_failing_child(cancelled, caught));
  EXPECT_EQ(cancelled, 2);
  EXPECT_EQ(caught, "broken");
}

awaitable<void> close_group(int& cancelled, std::size_t& left) {
  TaskGroup tasks(co_await asio::this_coro::executor);
  tasks.spawn(count_when_cancelled(cancelled));
  co_await sleep_for(std::chrono::nanoseconds(0));
  co_await tasks.close();
  left = tasks.size();
}

TEST(TaskGroup, CloseEndsEveryChild) {
  asio::io_context loop;
  int cancelled = 0;
  std::size_t left = 1;
  run_until_done(loop, close_group(cancelled, left));
  EXPECT_EQ(cancelled, 1);
  EXPECT_EQ(left, 0U);
}

// What waits after close() is a deployment, say: it ends when it is cancelled, whatever it waits with.
awaitable<void> wait_after_close(int& waited) {
  TaskGroup inner(co_await asio::this_coro::executor);
  co_await inner.close();
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (; waited < 3; ++waited) {
    timer.expires_after(std::chrono::hours(1));
    co_await wait_on(timer);  // it does not tell why it ended
  }
}

awaitable<void> cancel_what_waits_after_close(int& waited) {
  TaskGroup tasks(co_await asio::this_coro::executor);
  tasks.spawn(wait_after_close(waited));
  co_await sleep_for(std::chrono::nanoseconds(0));
  tasks.cancel();
  co_await sleep_for(std::chrono::nanoseconds(0));
  EXPECT_EQ(tasks.size(), 0U);
  co_await tasks.close();
}

TEST(TaskGroup, CancellationIsStillNoticedAfterAGroupWasClosed) {
  asio::io_context loop;
  int waited = 0;
  run_until_done(loop, cancel_what_waits_after_close(waited));
  EXPECT_EQ(waited, 1);
}

awaitable<void> join_inside(TaskGroup& inner, bool& ended) {
  co_await inner.join();
  ended = true;
}

awaitable<void> cancel_waiter(int& cancelled) {
  TaskGroup inner(co_await asio::this_coro::executor);
  TaskGroup outer(co_await asio::this_coro::executor);
  bool ended = false;
  inner.spawn(count_when_cancelled(cancelled));
  outer.spawn(join_inside(inner, ended));
  co_await sleep_for(std::chrono::nanoseconds(0));
  co_await outer.close();
  EXPECT_EQ(inner.size(), 0U);
}

TEST(TaskGroup, CancellingTheWaiterCancelsTheChildren) {
  asio::io_context loop;
  int cancelled = 0;
  run_until_done(loop, cancel_waiter(cancelled));
  EXPECT_EQ(cancelled, 1);
}

}  // namespace
}  // namespace base
