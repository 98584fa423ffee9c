// File changes under a set of folders, from the kernel, as sets of paths. Interface here; Linux is watcher_inotify.cc.
// New directories are watched as they appear, with what they hold by then; editors that write by renaming are seen as a
// change of the target; after an overflow of the kernel's queue every watched folder is reported as changed
// (`overflow`). A change is a file written and closed, renamed, removed or linked; reads and attributes are none. A
// folder that goes is reported as itself, without what it held. A watched folder may be removed and come back. Symbolic
// links are not followed.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace os {

using boost::asio::awaitable;

struct Changes {
  std::set<std::string> paths;  // absolute paths written, created, renamed or removed
  bool overflow = false;        // anything may have changed
};

class Watcher {
 public:
  virtual ~Watcher() = default;
  // Everything that changed since the last call; waits until there is something, then gathers what follows
  // within 3 ms, so that one save is one set.
  virtual awaitable<Changes> next() = 0;
  // Watches another folder too; nothing if it is watched already. Errors: as watch().
  virtual base::Result<> add(const std::string& folder) = 0;
};

// `skip(name)` says which directory names are not entered (".git", "node_modules", …).
// Errors: not_found; local_resource when the kernel's limit of watches is reached, with the sysctl that raises it.
base::Result<std::unique_ptr<Watcher>> watch(boost::asio::any_io_executor executor, std::vector<std::string> folders,
                                             std::function<bool(std::string_view name)> skip);

}  // namespace os
