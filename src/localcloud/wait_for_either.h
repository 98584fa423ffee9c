// Two waits at once.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

namespace localcloud {

using boost::asio::awaitable;

// Returns when one of them has ended; the other is cancelled. Who is cancelled itself gets operation_aborted.
inline awaitable<void> wait_for_either(awaitable<void> one, awaitable<void> other) {
  using namespace boost::asio::experimental::awaitable_operators;
  bool cancelled = false;
  try {
    co_await (std::move(one) || std::move(other));
  } catch (const boost::asio::multiple_exceptions&) {
    cancelled = true;  // both were
  }
  if (cancelled) throw boost::system::system_error(boost::asio::error::operation_aborted);
}

}  // namespace localcloud
