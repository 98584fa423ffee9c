#include "session/until_signal.h"

#include <boost/asio/this_coro.hpp>
#include <exception>
#include <optional>

namespace session {
namespace {

namespace asio = boost::asio;
using base::awaitable;
using base::Result;

// An error of work that was cancelled is a consequence of that, and no outcome.
awaitable<void> keep_outcome(awaitable<Result<>> work, std::optional<Result<>>& outcome) {
  auto result = co_await std::move(work);
  auto state = co_await asio::this_coro::cancellation_state;
  if (result || state.cancelled() == asio::cancellation_type::none) outcome = std::move(result);
}

}  // namespace

awaitable<void> cancel_on_signal(os::Signals& signals, base::TaskGroup& group) {
  co_await signals.next();
  group.cancel();
}

awaitable<Result<>> until_signal(awaitable<Result<>> work, os::Signals& signals) {
  auto executor = co_await asio::this_coro::executor;
  std::optional<Result<>> outcome;
  base::TaskGroup working(executor);
  base::TaskGroup waiting(executor);
  working.spawn(keep_outcome(std::move(work), outcome));
  waiting.spawn(cancel_on_signal(signals, working));
  std::exception_ptr failure;
  try {
    co_await working.join();
  } catch (...) {
    failure = std::current_exception();
  }
  co_await waiting.close();
  if (failure) std::rethrow_exception(failure);
  if (outcome) co_return std::move(*outcome);
  co_return base::fail(base::ErrorKind::deployment, "interrupted",
                       "Run the command again: it picks up what CloudFormation has begun.");
}

}  // namespace session
