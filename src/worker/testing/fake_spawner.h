// A Spawner without processes: every spawn is recorded and gets a Process that has written a text and ended.
#pragma once

#include <string>
#include <vector>

#include "os/spawner.h"

namespace worker::testing {

class FakeSpawner final : public os::Spawner {
 public:
  // What the next processes print and how they end.
  std::string output;
  os::ExitStatus status;
  std::vector<os::ProcessOptions> spawned;

  base::Result<std::unique_ptr<os::Process>> spawn(os::ProcessOptions options) override;
};

}  // namespace worker::testing
