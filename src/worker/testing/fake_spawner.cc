#include "worker/testing/fake_spawner.h"

#include <utility>

namespace worker::testing {

namespace {

class FakeProcess final : public os::Process {
 public:
  FakeProcess(std::string output, os::ExitStatus status) : output_(std::move(output)), status_(status) {}

  pid_t pid() const override { return 4711; }
  os::awaitable<std::string> read_stdout() override { co_return std::exchange(output_, {}); }
  os::awaitable<std::string> read_stderr() override { co_return std::string(); }
  os::awaitable<os::ExitStatus> wait() override { co_return status_; }
  std::optional<os::ExitStatus> ended() const override { return status_; }
  void signal_group(int) override {}
  os::GroupMemory memory() const override { return {}; }

 private:
  std::string output_;
  os::ExitStatus status_;
};

}  // namespace

base::Result<std::unique_ptr<os::Process>> FakeSpawner::spawn(os::ProcessOptions options) {
  spawned.push_back(std::move(options));
  return std::make_unique<FakeProcess>(output, status);
}

}  // namespace worker::testing
