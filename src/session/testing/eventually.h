// Waiting in tests for what other tasks of the same loop bring about.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

namespace session::testing {

// True as soon as `predicate` holds; false if it does not within half a minute, which no healthy machine needs.
boost::asio::awaitable<bool> eventually(std::function<bool()> predicate);

// Gives every task that is ready its turn, often enough for what needs a few turns.
boost::asio::awaitable<void> let_others_run();

}  // namespace session::testing
