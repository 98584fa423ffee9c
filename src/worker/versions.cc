#include "worker/versions.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "os/files.h"
#include "worker/folders.h"

namespace worker {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBlank = " \t\r";

// The words of the file's lines, comments left out.
std::vector<std::vector<std::string>> lines_of(const std::string& file) {
  std::vector<std::vector<std::string>> lines;
  auto text = os::read_file(file);
  if (!text) return lines;
  std::string_view rest = *text;
  while (!rest.empty()) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    line = line.substr(0, line.find('#'));
    std::vector<std::string> words;
    for (auto begin = line.find_first_not_of(kBlank); begin != std::string_view::npos;) {
      const auto end = std::min(line.find_first_of(kBlank, begin), line.size());
      words.emplace_back(line.substr(begin, end - begin));
      begin = line.find_first_not_of(kBlank, end);
    }
    if (!words.empty()) lines.push_back(std::move(words));
  }
  return lines;
}

}  // namespace

std::vector<int> version_numbers(std::string_view version) {
  if (version.starts_with('v')) version.remove_prefix(1);
  std::vector<int> numbers;
  for (;;) {
    const auto dot = version.find('.');
    const auto number = parse_number(version.substr(0, dot));
    if (!number) return {};
    numbers.push_back(*number);
    if (dot == std::string_view::npos) return numbers;
    version.remove_prefix(dot + 1);
  }
}

bool is_version(std::string_view version, std::string_view wanted) {
  const auto have = version_numbers(version);
  const auto want = version_numbers(wanted);
  return !want.empty() && have.size() >= want.size() && std::equal(want.begin(), want.end(), have.begin());
}

std::string first_word(const std::string& file) {
  const auto lines = lines_of(file);
  return lines.empty() ? std::string() : lines.front().front();
}

std::string tool_version(const std::string& file, std::string_view tool) {
  for (const auto& words : lines_of(file)) {
    if (words.front() == tool && words.size() > 1) return words[1];
  }
  return {};
}

std::string find_installed(std::span<const Installations> places, std::string_view wanted) {
  for (const auto& place : places) {
    std::vector<int> best;
    std::string found;
    std::error_code error;
    for (fs::directory_iterator at(place.folder, error), end; !error && at != end; at.increment(error)) {
      const std::string name = at->path().filename().string();
      const std::string program = (at->path() / place.program).string();
      if (!name.starts_with(place.prefix) || !is_file(program)) continue;
      std::string_view version = std::string_view(name).substr(place.prefix.size());
      if (place.has_suffix) version = version.substr(0, version.find('-'));
      const auto numbers = version_numbers(version);
      const bool named = numbers.empty() ? version == wanted : wanted.empty() || is_version(version, wanted);
      if (!named || (!found.empty() && numbers <= best)) continue;
      best = numbers;
      found = program;
    }
    if (!found.empty()) return found;
  }
  return {};
}

}  // namespace worker
