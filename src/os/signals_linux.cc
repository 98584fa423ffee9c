#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

#include "os/signals.h"

namespace os {
namespace {

class SignalSet final : public Signals {
 public:
  explicit SignalSet(boost::asio::any_io_executor executor) : signals_(std::move(executor), SIGINT, SIGTERM, SIGHUP) {}

  boost::asio::awaitable<int> next() override { return signals_.async_wait(boost::asio::use_awaitable); }

 private:
  boost::asio::signal_set signals_;
};

}  // namespace

std::unique_ptr<Signals> catch_signals(boost::asio::any_io_executor executor) {
  // A peer that went is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(bugprone-signal-handler)
  return std::make_unique<SignalSet>(std::move(executor));
}

}  // namespace os
