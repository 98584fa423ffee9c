// A task of its own whose failure must not end its siblings, as TaskGroup would have it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <string>
#include <utility>

#include "base/log.h"

namespace localcloud {

using boost::asio::awaitable;

// Does the work; a failure is logged as `what`'s. Only cancellation escapes.
inline awaitable<void> log_failure(std::string what, awaitable<void> work) {
  try {
    co_await std::move(work);
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted) throw;
    base::log_error("{} failed: {}", what, error.what());
  } catch (const std::exception& error) {
    base::log_error("{} failed: {}", what, error.what());
  }
}

}  // namespace localcloud
