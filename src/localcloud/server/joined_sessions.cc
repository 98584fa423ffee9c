#include "localcloud/server/joined_sessions.h"

#include <tuple>

namespace localcloud {
namespace {

using namespace std::chrono_literals;

constexpr base::Millis kUnusedLimit = 10min;

}  // namespace

JoinedSessions::JoinedSessions(boost::asio::any_io_executor executor, LocalClock& clock)
    : clock_(clock), ended_(executor, boost::asio::steady_timer::time_point::max()), countdown_(executor) {
  countdown_.spawn(end_after_a_while());
}

awaitable<void> JoinedSessions::serve(net::Exchange& exchange, std::string name) {
  if (exchange.request().method == "GET") {
    names_.insert(name);
    countdown_.cancel();
    co_await exchange.client_gone();
    if (names_.erase(name) == 1 && names_.empty()) countdown_.spawn(end_after_a_while());
    std::ignore = co_await exchange.respond({.status = 204});  // to nobody; an exchange is answered all the same
    co_return;
  }
  bool is_delete = exchange.request().method == "DELETE";
  bool was_last = is_delete && names_.erase(name) == 1 && names_.empty();
  std::ignore = co_await exchange.respond({.status = is_delete ? 204 : 405});
  if (was_last) end();
}

awaitable<void> JoinedSessions::until_unused() {
  while (!has_ended_) co_await base::wait_on(ended_);
}

awaitable<void> JoinedSessions::end_after_a_while() {
  co_await clock_.sleep_for(kUnusedLimit);
  end();
}

void JoinedSessions::end() {
  has_ended_ = true;
  ended_.cancel();
}

}  // namespace localcloud
