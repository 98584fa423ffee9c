// Who uses a local cloud that `start --local` began: each session holds a request open (GET /_local/sessions/{name}) as
// long as it lives, and says when it ends cleanly (DELETE). With --end-when-unused the cloud ends with the last session
// that leaves, and 10 minutes, by the local clock, after the last one died or when none ever came.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>
#include <string>

#include "base/task_group.h"
#include "localcloud/local_clock.h"
#include "net/http_server.h"

namespace localcloud {

class JoinedSessions {
 public:
  JoinedSessions(boost::asio::any_io_executor executor, LocalClock& clock);

  // Answers one of the two requests; a held one ends when its session's connection does.
  awaitable<void> serve(net::Exchange& exchange, std::string name);

  // Returns when the cloud is of no more use.
  awaitable<void> until_unused();

 private:
  awaitable<void> end_after_a_while();
  void end();

  LocalClock& clock_;
  std::set<std::string> names_;
  boost::asio::steady_timer ended_;  // cancelled by end()
  bool has_ended_ = false;
  base::TaskGroup countdown_;
};

}  // namespace localcloud
