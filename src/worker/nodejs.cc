#include "worker/nodejs.h"

#include <fmt/format.h>
#include <signal.h>

#include <boost/asio/this_coro.hpp>
#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

#include "base/task_group.h"

namespace worker {

namespace {

constexpr int kOldestMajor = 20;
constexpr auto kVersionTimeout = std::chrono::seconds(10);
constexpr const char* kHint = "install Node.js 20 or later, from nodejs.org or your package manager";

awaitable<void> kill_after(os::Process& process, std::chrono::nanoseconds timeout) {
  co_await base::sleep_for(timeout);
  process.signal_group(SIGKILL);
}

// All that a program writes; what it wrote so far if it takes too long.
awaitable<std::string> output_of(os::Process& process) {
  base::TaskGroup watchdog(co_await boost::asio::this_coro::executor);
  watchdog.spawn(kill_after(process, kVersionTimeout));
  std::string output;
  for (;;) {
    auto piece = co_await process.read_stdout();
    if (piece.empty()) break;
    output += piece;
  }
  co_await process.wait();
  co_await watchdog.close();
  co_return output;
}

class NodeJs final : public Language {
 public:
  NodeJs(os::Spawner& spawner, std::map<std::string, std::string> own_environment, std::string loader_folder)
      : spawner_(spawner), own_environment_(std::move(own_environment)), loader_folder_(std::move(loader_folder)) {}

  bool runs(std::string_view runtime) const override { return runtime.starts_with("nodejs"); }

  awaitable<base::Result<>> check() override {
    if (!program_.empty()) co_return base::Result<>{};
    const auto path = own_environment_.find("PATH");
    auto program = os::find_program("node", path == own_environment_.end() ? "" : path->second);
    if (program.empty()) {
      co_return base::fail(base::ErrorKind::local_resource, "Node.js was not found: there is no `node` on PATH", kHint);
    }
    CO_TRY(auto process, spawner_.spawn({.command = {program, "--version"},
                                         .environment = own_environment_,
                                         .directory = {},
                                         .capture_stdout = true,
                                         .capture_stderr = true,
                                         .outlives_parent = false}));
    const auto version = co_await output_of(*process);
    const auto major = parse_node_major(version);
    if (!major) {
      co_return base::fail(base::ErrorKind::local_resource, fmt::format("{} --version tells no version", program),
                           kHint);
    }
    if (*major < kOldestMajor) {
      co_return base::fail(
          base::ErrorKind::local_resource,
          fmt::format("{} is Node.js {}, and {} is the oldest that can be used", program, *major, kOldestMajor), kHint);
    }
    program_ = std::move(program);
    co_return base::Result<>{};
  }

  std::vector<std::string> command() const override { return {program_, loader_folder_ + "/bootstrap.mjs"}; }
  std::string runtime_folder() const override { return loader_folder_; }

 private:
  os::Spawner& spawner_;
  std::map<std::string, std::string> own_environment_;
  std::string loader_folder_;
  std::string program_;  // once it has been checked
};

}  // namespace

std::unique_ptr<Language> make_nodejs(os::Spawner& spawner, std::map<std::string, std::string> own_environment,
                                      std::string loader_folder) {
  return std::make_unique<NodeJs>(spawner, std::move(own_environment), std::move(loader_folder));
}

std::optional<int> parse_node_major(std::string_view version) {
  if (!version.starts_with('v')) return std::nullopt;
  version.remove_prefix(1);
  int major = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), major);
  if (error != std::errc{} || end == version.data() + version.size() || *end != '.') return std::nullopt;
  return major;
}

}  // namespace worker
