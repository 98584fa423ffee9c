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
  std::string keeps = {};      // a folder that the child sees, even if it is in the machine's /tmp; empty: none
  std::string opt = {};        // the folder that is its /opt, if that can be; empty: the machine's
};

class PrivateTmpPlan {
 public:
  explicit PrivateTmpPlan(const PrivateTmp& wanted);
  // In the child, while it has one thread. False: errno says why; the child must not go on.
  bool enter() const;

 private:
  std::string options_;
  std::string users_;
  std::string groups_;
  std::vector<std::string> kept_;  // its folders below /tmp, from the outermost to itself
  std::string folder_;
  std::string opt_;
};

}  // namespace os
