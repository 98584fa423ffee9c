#include "project/on_disk.h"

namespace project {

bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

bool is_there_or_above(std::filesystem::path folder, const std::filesystem::path& name) {
  for (; !is_there(folder / name); folder = folder.parent_path()) {
    if (folder == folder.parent_path()) return false;
  }
  return true;
}

}  // namespace project
