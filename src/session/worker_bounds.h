// How much of this machine the workers of a session may take. Only idle ones are bounded: one that runs is as many as
// Lambda has environments at that time, and one of them may be waiting for another. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"

namespace session {

struct WorkerBounds {
  std::size_t idle_per_function = 8;
  long idle_memory_mb = 2048;  // of all that are idle, together
  bool limit_memory = true;    // a worker with more resident than its function's MemorySize is killed, as in Lambda
};

struct IdleWorker {
  std::string function;
  base::SteadyTime last_used{};
  long memory_mb = 0;
};

// Which of them have to end, as places in `idle`: those that were used longest ago.
std::vector<std::size_t> beyond(const WorkerBounds& bounds, std::span<const IdleWorker> idle);

}  // namespace session
