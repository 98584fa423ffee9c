// What files held when they were last seen, so that a file that was written and is the same touches nothing: an
// editor's second save, `touch`, a build that writes its result into the folder of its source.
//
// A file that is not known counts as changed the first time, and every file the first time after an overflow. Folders,
// and files over 8 MB, count every time. Reads files on the loop, but for known_before().
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "os/watcher.h"

namespace worker {

class Contents {
 public:
  using Hashes = std::map<std::string, std::optional<std::size_t>>;  // by path; nothing: the file was gone

  // What the sources below these folders held at that time, when their changes began to be watched: of those that were
  // not touched since. Reads them all: not for the loop.
  static Hashes known_before(base::WallTime time, const std::set<std::string>& folders);
  // Nothing after an overflow.
  void learn(Hashes hashes) {
    if (!overflowed_) seen_.merge(hashes);
  }

  // The changes without the files that hold what they held before.
  os::Changes without_same(os::Changes changes);

 private:
  Hashes seen_;
  bool overflowed_ = false;
};

}  // namespace worker
