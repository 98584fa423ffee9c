// Whole files in and out, and the folders of a run. Writing is atomic: a temporary file beside it, then rename.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace os {

// Errors: not_found; local_resource otherwise.
base::Result<std::string> read_file(const std::string& path);
base::Result<> write_file(const std::string& path, std::string_view content, mode_t mode = 0644);
base::Result<> make_directories(const std::string& path, mode_t mode = 0755);
void remove_all(const std::string& path);

// A fresh private directory (0700) under $TMPDIR or /tmp, removed with everything in it on destruction.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(std::string_view prefix);
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace os
