#include "session/worker_bounds.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace session {

std::vector<std::size_t> beyond(const WorkerBounds& bounds, std::span<const IdleWorker> idle) {
  std::vector<std::size_t> newest_first(idle.size());
  std::iota(newest_first.begin(), newest_first.end(), std::size_t{0});
  std::ranges::sort(newest_first, std::ranges::greater(), [&](std::size_t at) { return idle[at].last_used; });
  std::map<std::string, std::size_t> kept;
  std::vector<std::size_t> ending;
  long memory_mb = 0;
  for (const std::size_t at : newest_first) {
    const IdleWorker& worker = idle[at];
    const bool fits =
        kept[worker.function] < bounds.idle_per_function && memory_mb + worker.memory_mb <= bounds.idle_memory_mb;
    if (fits) {
      ++kept[worker.function];
      memory_mb += worker.memory_mb;
    } else {
      ending.push_back(at);
    }
  }
  return ending;
}

}  // namespace session
