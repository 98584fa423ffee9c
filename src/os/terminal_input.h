// Lines that a person types at the terminal this process runs on. Read from the terminal itself, not from standard
// input, so that no other descriptor of it changes its mode.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

namespace os {

class TerminalInput {
 public:
  virtual ~TerminalInput() = default;
  // Whether somebody is there to be asked: standard input and standard error are terminals.
  virtual bool is_interactive() const = 0;
  // The next line, without its end; nothing if nobody is there, or at the terminal's end. Of several readers the
  // last is answered first. Lines that were typed before the call count, unless forget() came between.
  virtual boost::asio::awaitable<std::optional<std::string>> next_line() = 0;
  // Drops what was typed so far, so that it answers no question asked later.
  virtual void forget() = 0;
};

// A process in the background never reads (it would be stopped): it waits until it is in the foreground.
std::unique_ptr<TerminalInput> read_terminal(boost::asio::any_io_executor executor);

}  // namespace os
