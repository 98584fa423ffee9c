// A Launcher without processes, for tests of what stands on workers: each invocation is answered by a function.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime_api/condition.h"
#include "worker/worker.h"

namespace worker::testing {

struct FakeLauncherState {
  // What a worker makes of an event. No value = it goes on running until stop().
  std::function<std::optional<runtime_api::Answer>(const WorkerSpec&, const runtime_api::InvocationEvent&)> handler;
  std::optional<runtime_api::Answer> init_failure;  // of workers that start from now on
  std::optional<base::Error> start_failure;
  std::vector<WorkerSpec> started;
  std::vector<pid_t> stopped;
};

class FakeLauncher final : public Launcher {
 public:
  explicit FakeLauncher(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  FakeLauncherState& state() { return *state_; }

  awaitable<base::Result<>> check(std::string runtime) override;
  awaitable<base::Result<std::unique_ptr<Worker>>> start(WorkerSpec spec, LogCallback log) override;

 private:
  boost::asio::any_io_executor executor_;
  std::shared_ptr<FakeLauncherState> state_ = std::make_shared<FakeLauncherState>();
};

}  // namespace worker::testing
