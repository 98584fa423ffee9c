// TaskGroup owns coroutines: the only place of the project where co_spawn stands, so that no task runs unowned.
//
//   base::TaskGroup tasks(co_await asio::this_coro::executor);
//   tasks.spawn(read_frames());
//   tasks.spawn(renew_link());
//   co_await tasks.join();          // rethrows the first failure, after cancelling the others
//
// All of it happens on one thread (the loop's). Cancelling means that what a child waits for ends with
// operation_aborted, which a child may let escape: it does not count as a failure.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

namespace base {

namespace asio = boost::asio;
using asio::awaitable;

class TaskGroup {
 public:
  explicit TaskGroup(asio::any_io_executor executor);
  // Cancels what still runs, but cannot wait for it: an owner whose children use its members awaits close() first.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Starts a child. A failure (an exception other than operation_aborted) cancels its siblings and is kept for join().
  void spawn(awaitable<void> task);

  // Asks every child to end; does not wait.
  void cancel();

  // Waits until no child runs, then rethrows the first failure. If the waiter itself is cancelled, the children are
  // too.
  awaitable<void> join();

  // cancel() and join(), without failures: the end of an owner's life. A caller that was cancelled itself first says
  // `co_await asio::this_coro::throw_if_cancelled(false)`, since its co_await would throw before close() begins.
  awaitable<void> close();

  std::size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Waits; ends early with operation_aborted when cancelled.
awaitable<void> sleep_for(std::chrono::nanoseconds duration);

// Waits until the timer expires or is cancelled: a timer as a condition. When the coroutine itself is cancelled, its
// next wait throws.
awaitable<void> wait_on(asio::steady_timer& timer);

// Runs `main` on a fresh loop until it ends and returns what it returned: for main() and for tests.
void run_until_done(asio::io_context& loop, awaitable<void> main);

}  // namespace base
