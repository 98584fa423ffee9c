#include "worker/contents.h"

#include <cstdint>
#include <filesystem>
#include <functional>

#include "os/files.h"

namespace worker {

namespace {

constexpr std::uintmax_t kLargest = 8U << 20U;

}  // namespace

os::Changes Contents::without_same(os::Changes changes) {
  std::erase_if(changes.paths, [this](const std::string& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    std::optional<std::size_t> hash;
    if (std::filesystem::exists(status)) {
      const bool is_small =
          std::filesystem::is_regular_file(status) && std::filesystem::file_size(path, error) <= kLargest;
      auto text = is_small ? os::read_file(path) : base::fail(base::ErrorKind::not_found, "");
      if (!text) return false;
      hash = std::hash<std::string>()(*text);
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
