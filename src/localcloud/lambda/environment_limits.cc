// The memory and the temporary folder of an environment, held against what its function may have.
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "localcloud/lambda/environment.h"

namespace localcloud {

namespace {

constexpr base::Millis kBetweenSamples{20};

// What a folder's files take on the disk; those that vanish meanwhile count nothing.
std::int64_t bytes_in(const std::string& folder) {
  std::int64_t bytes = 0;
  std::error_code error;
  std::filesystem::recursive_directory_iterator at(folder, error);
  for (; !error && at != std::filesystem::recursive_directory_iterator(); at.increment(error)) {
    struct stat about{};
    if (::lstat(at->path().c_str(), &about) == 0) bytes += about.st_blocks * 512;
  }
  return bytes;
}

}  // namespace

// Sets excess_. What a process had between two samples is seen too, in the peak that the kernel keeps.
void ExecutionEnvironment::measure() {
  auto memory = process_->memory();
  pace_.looked(std::chrono::steady_clock::now());
  peak_memory_kb_ = std::max(peak_memory_kb_, memory.resident_kb);
  if (memory.own_kb > version_->memory_mb * 1024L) {
    excess_ = "Error: Runtime exited with error: signal: killed";
  } else if (!private_tmp_ && bytes_in(temporary_directory_) > version_->ephemeral_storage_mb * 1024L * 1024L) {
    excess_ = fmt::format("Error: No space left on device: {} has more than EphemeralStorage of {} MB",
                          temporary_directory_, version_->ephemeral_storage_mb);
  }
}

// Costs nothing while the environment is stopped, and no more than a wake-up in 20 ms while it is not.
awaitable<void> ExecutionEnvironment::watch_limits(std::shared_ptr<os::Process> process) {
  while (process == process_ && !stopping()) {
    if (idle_) {
      co_await thawed_.wait();
      continue;
    }
    co_await base::sleep_for(kBetweenSamples);
    if (idle_ || process != process_ || stopping()) continue;
    measure();
    if (!excess_.empty()) process_->signal_group(SIGKILL);
  }
}

// Before an answer counts of what began at that time. Returns when the process is gone, if it has to go.
awaitable<void> ExecutionEnvironment::kill_if_too_large(base::SteadyTime began) {
  if (!process_ || stopping() || !pace_.is_due(began, std::chrono::steady_clock::now())) co_return;
  measure();
  if (excess_.empty()) co_return;
  process_->signal_group(SIGKILL);
  while (!stopping()) co_await changed_.wait();
}

}  // namespace localcloud
