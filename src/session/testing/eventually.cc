#include "session/testing/eventually.h"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "base/task_group.h"

namespace session::testing {

namespace asio = boost::asio;
using namespace std::chrono_literals;

asio::awaitable<bool> eventually(std::function<bool()> predicate) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (!predicate()) {
    if (std::chrono::steady_clock::now() > end) co_return false;
    co_await base::sleep_for(1ms);
  }
  co_return true;
}

asio::awaitable<void> let_others_run() {
  auto executor = co_await asio::this_coro::executor;
  for (int turn = 0; turn < 50; ++turn) co_await asio::post(executor, asio::use_awaitable);
}

}  // namespace session::testing
