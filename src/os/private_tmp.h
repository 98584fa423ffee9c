// A /tmp of a child's own: a folder, or a tmpfs of some size that lives as long as a process is in it, in a mount
// namespace; and, where this machine has an /opt to lay it over, a folder as the child's /opt, which it cannot write;
// or that /opt alone. It needs no privileges, but a kernel that allows unprivileged user namespaces. Prepared in the
// parent; entered between fork and exec, where only async-signal-safe calls may stand.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace os {

struct PrivateTmp {
  std::string folder = {};     // the child's /tmp; empty: a tmpfs
  std::int64_t megabytes = 0;  // of the tmpfs, more is ENOSPC. 0, and no folder: /tmp is the machine's, and the child
                               // fails without its /opt
  std::vector<std::string> keeps = {};  // what the child sees, although it is in the machine's /tmp; nothing if it is
                                        // elsewhere. Must be there
  std::string opt = {};                 // the folder that is its /opt, if that can be; empty: the machine's
};

class PrivateTmpPlan {
 public:
  explicit PrivateTmpPlan(const PrivateTmp& wanted);
  // In the child, while it has one thread. False: errno says why; the child must not go on.
  bool enter() const;

 private:
  struct Kept {
    std::vector<std::string> folders;  // around it, below /tmp, from the outermost
    std::string path;
  };
  static bool keep(const Kept& kept, int machines_tmp);

  std::string options_;
  std::string users_;
  std::string groups_;
  std::vector<Kept> kept_;
  std::string folder_;
  std::string opt_;
};

}  // namespace os
