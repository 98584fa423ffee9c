#include "worker/contents.h"

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>

#include "os/files.h"
#include "worker/sources.h"

namespace worker {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t kLargest = 8U << 20U;
constexpr auto kClockTick = base::Millis(20);  // the kernel dates files by its tick
constexpr std::size_t kMostFiles = 20'000;     // the rest counts as changed when it is written first

// Nothing if it is not to be hashed.
std::optional<std::size_t> hash_of(const std::string& path, const fs::file_status& status) {
  std::error_code error;
  if (!fs::is_regular_file(status) || fs::file_size(path, error) > kLargest) return std::nullopt;
  auto text = os::read_file(path);
  if (!text) return std::nullopt;
  return std::hash<std::string>()(*text);
}

// By its inode's time, which no tool sets back.
bool is_untouched_since(const std::string& path, base::WallTime time) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return false;
  const auto changed = std::chrono::seconds(about.st_ctim.tv_sec) + std::chrono::nanoseconds(about.st_ctim.tv_nsec);
  return changed < (time - kClockTick).time_since_epoch();
}

}  // namespace

Contents::Hashes Contents::known_before(base::WallTime time, const std::set<std::string>& folders) {
  Hashes hashes;
  for (const auto& folder : folders) {
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error), end;
         !error && at != end; at.increment(error)) {
      if (hashes.size() == kMostFiles) return hashes;
      const std::string path = at->path();
      std::error_code ignored;
      if (at->is_directory(ignored)) {
        if (skip_directory(at->path().filename().string())) at.disable_recursion_pending();
        continue;
      }
      const auto hash = hash_of(path, at->status(ignored));
      if (hash && is_untouched_since(path, time)) hashes.emplace(path, hash);
    }
  }
  return hashes;
}

os::Changes Contents::without_same(os::Changes changes) {
  if (changes.overflow) {  // files may have changed that are not told
    seen_.clear();
    overflowed_ = true;
  }
  std::erase_if(changes.paths, [this](const std::string& path) {
    std::error_code error;
    const auto status = fs::status(path, error);
    std::optional<std::size_t> hash;
    if (fs::exists(status)) {
      hash = hash_of(path, status);
      if (!hash) return false;
    }
    const auto [known, is_new] = seen_.try_emplace(path, hash);
    if (is_new) return false;
    const bool same = known->second == hash;
    known->second = hash;
    return same;
  });
  return changes;
}

}  // namespace worker
