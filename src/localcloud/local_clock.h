// The one clock of the local cloud: idle limits, the 2 hours of a connection, retries, expiry. With --test-clock a test
// turns it forward (POST /_local/clock {"advanceMs":n}), and everyone who waits on it wakes as if the time had passed.
// Only the date of a signature is checked against the machine's own clock.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>

#include "base/clock.h"

namespace localcloud {

using boost::asio::awaitable;

class LocalClock {
 public:
  explicit LocalClock(boost::asio::any_io_executor executor);
  ~LocalClock();

  base::WallTime now() const;     // the machine's time plus what was advanced
  void advance(base::Millis by);  // by 100 years in all at most

  // Returns when now() >= `until`; ends early with operation_aborted when cancelled.
  awaitable<void> sleep_until(base::WallTime until);
  awaitable<void> sleep_for(base::Millis duration) { return sleep_until(now() + duration); }

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace localcloud
