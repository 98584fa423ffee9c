// What files held when they were last seen to change, so that a file that was written and is the same touches nothing:
// an editor's second save, `touch`, a build that writes its result into the folder of its source.
//
// A file counts as changed the first time. Folders, and files over 8 MB, count every time. Reads files on the loop.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "os/watcher.h"

namespace worker {

class Contents {
 public:
  // The changes without the files that hold what they held before.
  os::Changes without_same(os::Changes changes);

 private:
  std::map<std::string, std::optional<std::size_t>> seen_;  // hashes; nothing: the file was gone
};

}  // namespace worker
