#include "project/testing/fake_tools.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <optional>
#include <utility>

#include "base/task_group.h"

namespace project::testing {
namespace {

class FakeProcess final : public os::Process {
 public:
  FakeProcess(FakeRun run, std::vector<int>& signals) : run_(std::move(run)), signals_(signals) {
    if (!run_.hangs) ended_ = run_.status;
  }

  pid_t pid() const override { return 4711; }
  os::awaitable<std::string> read_stdout() override { co_return std::exchange(run_.output, {}); }
  os::awaitable<std::string> read_stderr() override { co_return std::exchange(run_.error_output, {}); }
  os::awaitable<os::ExitStatus> wait() override {
    while (!ended_) {
      boost::asio::steady_timer end(co_await boost::asio::this_coro::executor,
                                    boost::asio::steady_timer::time_point::max());
      end_ = &end;
      co_await base::wait_on(end);
      end_ = nullptr;
      if ((co_await boost::asio::this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none) {
        throw boost::system::system_error(boost::asio::error::operation_aborted);
      }
    }
    co_return *ended_;
  }
  std::optional<os::ExitStatus> ended() const override { return ended_; }
  void signal_group(int signal) override {
    if (ended_) return;
    signals_.push_back(signal);
    ended_ = os::ExitStatus{.signal = signal};
    if (end_ != nullptr) end_->cancel();
  }
  os::GroupMemory memory() const override { return {}; }

 private:
  FakeRun run_;
  std::vector<int>& signals_;
  std::optional<os::ExitStatus> ended_;
  boost::asio::steady_timer* end_ = nullptr;
};

}  // namespace

base::Result<std::unique_ptr<os::Process>> FakeTools::spawn(os::ProcessOptions options) {
  FakeRun run = answer_(options);
  spawned.push_back(std::move(options));
  if (run.missing) return base::fail(base::ErrorKind::not_found, "no program '" + spawned.back().command.at(0) + "'");
  return std::make_unique<FakeProcess>(std::move(run), signals);
}

}  // namespace project::testing
