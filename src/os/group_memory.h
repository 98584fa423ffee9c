// What the processes of a group have in memory, read from /proc. What the kernel could drop at any time (pages of
// files) is told, but does not count against a limit; what several processes share counts once. There is no limit of
// address space in it: runtimes reserve more than they ever use.
#pragma once

#include <sys/types.h>

#include <map>
#include <vector>

#include "base/clock.h"

namespace os {

struct GroupMemory {
  long resident_kb = 0;
  long own_kb = 0;  // of that, what cannot be dropped. Of the group's leader: the most it ever had
};

// Whether to look again after what a group of processes did. A look takes a tenth of a millisecond, on the way of an
// answer: who ran for two has a few MB more at most, and is seen next time, for the kernel keeps the peak.
class LookPace {
 public:
  bool is_due(base::SteadyTime began, base::SteadyTime now) const {
    return now - began >= base::Millis(2) || now - last_ >= base::Millis(100);
  }
  void looked(base::SteadyTime now) { last_ = now; }

 private:
  base::SteadyTime last_{};
};

// One for all groups of interest.
class ProcessGroups {
 public:
  // Who is in a group is found by a look at every process of the machine, which takes milliseconds: no more than four
  // times a second, and no more than 2 % of the time. A member that came later is not counted until the next look.
  GroupMemory memory_of(pid_t leader);

 private:
  void look();

  std::map<pid_t, std::vector<pid_t>> members_;  // by leader, without it; only of groups that have others
  base::SteadyTime next_look_{};
};

}  // namespace os
