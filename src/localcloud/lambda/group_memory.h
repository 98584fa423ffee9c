// What the processes of a group have in memory, read from /proc. What the kernel could drop at any time (pages of
// files) is told, but does not count against a limit; what several processes share counts once.
#pragma once

#include <sys/types.h>

#include <map>
#include <vector>

#include "base/clock.h"

namespace localcloud {

struct GroupMemory {
  long resident_kb = 0;
  long own_kb = 0;  // of that, what cannot be dropped. Of the group's leader: the most it ever had
};

class ProcessGroups {
 public:
  // Looks at every process of the machine, which takes milliseconds; no more than four times a second. A member that
  // came later is not counted until the next look.
  void look();
  GroupMemory memory_of(pid_t leader) const;

 private:
  std::map<pid_t, std::vector<pid_t>> members_;  // by leader, without it; only of groups that have others
  base::SteadyTime looked_{};
};

}  // namespace localcloud
