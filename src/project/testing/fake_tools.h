// A Spawner without processes: each spawn is recorded and answered by a function, which stands for the tool: it may
// write files, and says what the tool prints and how it ends.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "os/spawner.h"

namespace project::testing {

struct FakeRun {
  std::string output = {};
  std::string error_output = {};
  os::ExitStatus status = {};
  bool missing = false;  // there is no such program
  bool hangs = false;    // it ends by a signal only
};

class FakeTools final : public os::Spawner {
 public:
  explicit FakeTools(std::function<FakeRun(const os::ProcessOptions&)> answer) : answer_(std::move(answer)) {}

  std::vector<os::ProcessOptions> spawned;
  std::vector<int> signals;  // that running tools got

  base::Result<std::unique_ptr<os::Process>> spawn(os::ProcessOptions options) override;

 private:
  std::function<FakeRun(const os::ProcessOptions&)> answer_;
};

}  // namespace project::testing
