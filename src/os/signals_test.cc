#include "os/signals.h"

#include <gtest/gtest.h>

#include <csignal>

#include "base/task_group.h"

namespace os {
namespace {

boost::asio::awaitable<void> raise_and_wait(std::vector<int>& seen) {
  auto signals = catch_signals(co_await boost::asio::this_coro::executor);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) {
    std::raise(signal);
    seen.push_back(co_await signals->next());
  }
  std::raise(SIGPIPE);
}

TEST(Signals, AreWaitedForInsteadOfEndingTheProcess) {
  boost::asio::io_context loop;
  std::vector<int> seen;
  base::run_until_done(loop, raise_and_wait(seen));
  EXPECT_EQ(seen, (std::vector<int>{SIGTERM, SIGINT, SIGHUP}));
}

}  // namespace
}  // namespace os
