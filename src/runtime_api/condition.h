// Waiting for a state to change, on one thread: look at the state, wait, look again.
//
//   while (!done_) co_await changed_.wait();
//
// notify_all() wakes everyone who waits at that moment. Cancelling a waiter throws operation_aborted into it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>

#include "base/clock.h"

namespace runtime_api {

using boost::asio::awaitable;

class Condition {
 public:
  explicit Condition(boost::asio::any_io_executor executor);
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  void notify_all();
  awaitable<void> wait();
  // Returns at `time` at the latest, without saying which it was.
  awaitable<void> wait_until(base::SteadyTime time);

 private:
  boost::asio::any_io_executor executor_;
  // Shared with the waiters, so that one may outlive the condition.
  std::shared_ptr<std::list<boost::asio::steady_timer>> waiters_ =
      std::make_shared<std::list<boost::asio::steady_timer>>();
};

}  // namespace runtime_api
