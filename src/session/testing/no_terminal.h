// A terminal at which nobody sits.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "os/terminal_input.h"

namespace session::testing {

class NoTerminal final : public os::TerminalInput {
 public:
  bool is_interactive() const override { return false; }
  boost::asio::awaitable<std::optional<std::string>> next_line() override { co_return std::nullopt; }
  void forget() override {}
};

}  // namespace session::testing
