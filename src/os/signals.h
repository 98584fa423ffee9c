// SIGINT and SIGTERM as something to wait for.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>

namespace os {

class Signals {
 public:
  virtual ~Signals() = default;
  // The number of the next SIGINT, SIGTERM or SIGHUP.
  virtual boost::asio::awaitable<int> next() = 0;
};

// From now on these signals do not end the process.
std::unique_ptr<Signals> catch_signals(boost::asio::any_io_executor executor);

}  // namespace os
