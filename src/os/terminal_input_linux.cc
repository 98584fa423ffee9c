#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/notifier.h"
#include "os/terminal_input.h"

namespace os {
namespace {

namespace asio = boost::asio;
using asio::awaitable;

constexpr auto kBackgroundCheck = std::chrono::seconds(1);
constexpr std::size_t kLongestLine = 4096;  // what a terminal holds in canonical mode

class Terminal final : public TerminalInput {
 public:
  explicit Terminal(asio::any_io_executor executor) : descriptor_(executor) {
    if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) return;
    int fd = ::open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0) descriptor_.assign(fd);
  }

  bool is_interactive() const override { return descriptor_.is_open(); }

  awaitable<std::optional<std::string>> next_line() override {
    Turn turn(*this);
    while (descriptor_.is_open()) {
      if (!turn.is_newest()) {
        co_await turns_.wait();
        continue;
      }
      if (std::size_t end = typed_.find('\n'); end != std::string::npos) {
        std::string line = typed_.substr(0, end);
        typed_.erase(0, end + 1);
        co_return line;
      }
      if (typed_.size() > kLongestLine || !co_await read_more()) break;
    }
    co_return std::nullopt;
  }

  void forget() override {
    typed_.clear();
    if (descriptor_.is_open()) ::tcflush(descriptor_.native_handle(), TCIFLUSH);
  }

 private:
  // Who asked last is answered first.
  class Turn {
   public:
    explicit Turn(Terminal& terminal) : terminal_(terminal), number_(++terminal.readers_) {}
    ~Turn() {
      --terminal_.readers_;
      terminal_.turns_.notify_all();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    bool is_newest() const { return number_ == terminal_.readers_; }

   private:
    Terminal& terminal_;
    const int number_;
  };

  // False at the terminal's end.
  awaitable<bool> read_more() {
    co_await descriptor_.async_wait(asio::posix::descriptor_base::wait_read, asio::use_awaitable);
    while (::tcgetpgrp(descriptor_.native_handle()) != ::getpgrp()) {
      asio::steady_timer timer(descriptor_.get_executor(), kBackgroundCheck);
      co_await timer.async_wait(asio::use_awaitable);
    }
    if (typed_.find('\n') != std::string::npos) co_return true;  // another reader took it in
    char bytes[512];
    boost::system::error_code error;
    std::size_t size =
        co_await descriptor_.async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
    typed_.append(bytes, size);
    co_return !error;
  }

  asio::posix::stream_descriptor descriptor_;
  std::string typed_;
  int readers_ = 0;
  base::Notifier turns_;
};

}  // namespace

std::unique_ptr<TerminalInput> read_terminal(asio::any_io_executor executor) {
  return std::make_unique<Terminal>(std::move(executor));
}

}  // namespace os
