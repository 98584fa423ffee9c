#include "worker/folders.h"

#include <charconv>
#include <filesystem>

namespace worker {

namespace {

bool is_below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) &&
         (folder.ends_with('/') || path[folder.size()] == '/');
}

}  // namespace

std::vector<std::string> folders_up(std::string_view folder, std::string_view top) {
  std::vector<std::string> folders{std::string(folder)};
  if (top.empty()) return folders;
  while (is_below(folder, top)) {
    folder = folder.substr(0, std::max(folder.rfind('/'), top.size()));
    folders.emplace_back(folder);
  }
  return folders;
}

bool is_file(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

bool is_directory(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

std::optional<int> parse_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace worker
