// Something that others wait for on the one loop: state changes, then notify_all() wakes every waiter, which looks
// again.
//
//   while (!ready) co_await changed.wait();
//
// No wake-up is lost, because between the look and the wait nothing else runs. It carries no state of its own; a waiter
// that is cancelled gets operation_aborted. May be destroyed while others wait: they then wait until their time or
// cancellation.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <list>
#include <memory>

#include "base/clock.h"

namespace base {

using boost::asio::awaitable;

class Notifier {
 public:
  Notifier();
  void notify_all();
  // Returns after notify_all(), or at `until`; may return early.
  awaitable<void> wait(SteadyTime until = SteadyTime::max());

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace base
