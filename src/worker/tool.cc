#include "worker/tool.h"

#include <fmt/format.h>
#include <signal.h>

#include <boost/asio/this_coro.hpp>
#include <iterator>
#include <utility>

#include "base/task_group.h"

namespace worker {

namespace {

awaitable<void> kill_after(os::Process& process, std::chrono::nanoseconds timeout, bool& killed) {
  co_await base::sleep_for(timeout);
  killed = true;
  process.signal_group(SIGKILL);
}

}  // namespace

awaitable<base::Result<ToolOutput>> run_tool(os::Spawner& spawner, ToolRun run) {
  std::vector<std::string> command = {"/bin/sh", "-c", "exec \"$@\" 2>&1", "sh"};  // one stream, in order
  command.insert(command.end(), std::make_move_iterator(run.command.begin()),
                 std::make_move_iterator(run.command.end()));
  CO_TRY(auto process, spawner.spawn({.command = std::move(command),
                                      .environment = std::move(run.environment),
                                      .directory = std::move(run.directory),
                                      .capture_stdout = true,
                                      .capture_stderr = false,
                                      .outlives_parent = false}));
  bool killed = false;
  base::TaskGroup watchdog(co_await boost::asio::this_coro::executor);
  watchdog.spawn(kill_after(*process, run.timeout, killed));
  ToolOutput output;
  for (;;) {
    auto piece = co_await process->read_stdout();
    if (piece.empty()) break;
    output.text += piece;
  }
  const auto status = co_await process->wait();
  co_await watchdog.close();
  if (killed) output.text += fmt::format("\nit took longer than {} seconds and was ended", run.timeout.count());
  output.ok = !killed && status.code == 0 && status.signal == 0;
  co_return output;
}

std::string variable(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::string variable_or_home(const std::map<std::string, std::string>& environment, const std::string& name,
                             const std::string& in_home) {
  auto value = variable(environment, name);
  return value.empty() ? variable(environment, "HOME") + in_home : value;
}

}  // namespace worker
