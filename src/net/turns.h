// PRIVATE to net/: a lock for coroutines of one thread, first come first served.
//
//   Turn turn(turns);
//   co_await turn.come();     // held until `turn` goes out of scope
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <memory>

namespace net {

class Turn;

struct Turns {
  bool taken = false;
  std::deque<Turn*> waiting;
};

class Turn {
 public:
  Turn(std::shared_ptr<Turns> turns, const boost::asio::any_io_executor& executor)
      : turns_(std::move(turns)), wake_(executor, boost::asio::steady_timer::time_point::max()) {}

  ~Turn() {
    if (!mine_) {
      std::erase(turns_->waiting, this);
    } else if (turns_->waiting.empty()) {
      turns_->taken = false;
    } else {
      Turn* next = turns_->waiting.front();
      turns_->waiting.pop_front();
      next->mine_ = true;
      next->wake_.cancel();
    }
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // Throws operation_aborted if the coroutine is cancelled meanwhile; the turn is then given up.
  boost::asio::awaitable<void> come() {
    if (!turns_->taken) {
      turns_->taken = mine_ = true;
      co_return;
    }
    turns_->waiting.push_back(this);
    while (!mine_) co_await wake_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }

 private:
  std::shared_ptr<Turns> turns_;
  boost::asio::steady_timer wake_;
  bool mine_ = false;
};

}  // namespace net
