#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "os/files.h"
#include "os/group_memory.h"

namespace os {

namespace {

constexpr base::Millis kBetweenLooks{250};
constexpr int kTimeLooking = 50;  // a look is paid for with as many times its own time

// proc_pid_status(5); nothing of a process that is gone.
struct ProcessMemory {
  long peak_kb = 0;
  long anonymous_kb = 0;
  long file_kb = 0;
  long shared_kb = 0;
};

ProcessMemory read_memory(pid_t process) {
  auto status = read_file(fmt::format("/proc/{}/status", process));
  if (!status) return {};
  auto kilobytes = [&](std::string_view name) {
    std::size_t at = status->find(name);
    return at == std::string::npos ? 0L : std::strtol(status->c_str() + at + name.size(), nullptr, 10);
  };
  return {.peak_kb = kilobytes("VmHWM:"),
          .anonymous_kb = kilobytes("RssAnon:"),
          .file_kb = kilobytes("RssFile:"),
          .shared_kb = kilobytes("RssShmem:")};
}

// The fifth field of proc_pid_stat(5); the second, a name, ends with the last bracket. 0 if the process is gone.
pid_t group_of(std::string_view process) {
  auto stat = read_file(fmt::format("/proc/{}/stat", process));
  std::size_t bracket = stat ? stat->rfind(')') : std::string::npos;
  if (bracket == std::string::npos) return 0;
  char state = 0;
  int parent = 0;
  int group = 0;
  return std::sscanf(stat->c_str() + bracket + 1, " %c %d %d", &state, &parent, &group) == 3 ? group : 0;
}

}  // namespace

void ProcessGroups::look() {
  const auto begin = std::chrono::steady_clock::now();
  if (begin < next_look_) return;
  members_.clear();
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename();
    pid_t process = 0;
    auto [rest, wrong] = std::from_chars(name.data(), name.data() + name.size(), process);
    if (wrong != std::errc() || rest != name.data() + name.size()) continue;
    pid_t group = group_of(name);
    if (group != 0 && group != process) members_[group].push_back(process);
  }
  const auto end = std::chrono::steady_clock::now();
  next_look_ = end + std::max<base::SteadyTime::duration>(kBetweenLooks, (end - begin) * kTimeLooking);
}

GroupMemory ProcessGroups::memory_of(pid_t leader) {
  look();
  auto first = read_memory(leader);
  long anonymous = first.anonymous_kb;
  long file = first.file_kb;
  long shared = first.shared_kb;
  if (auto found = members_.find(leader); found != members_.end()) {
    for (pid_t member : found->second) {
      auto one = read_memory(member);
      anonymous += one.anonymous_kb;
      file = std::max(file, one.file_kb);
      shared = std::max(shared, one.shared_kb);
    }
  }
  GroupMemory memory;
  memory.own_kb = std::max(anonymous + shared, first.peak_kb - first.file_kb);
  memory.resident_kb = memory.own_kb + file;
  return memory;
}

}  // namespace os
