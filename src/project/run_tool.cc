#include "project/run_tool.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/asio/this_coro.hpp>
#include <csignal>
#include <deque>
#include <memory>

#include "base/task_group.h"

namespace project {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxOutput = std::size_t{16} << 20;
constexpr std::size_t kMaxLastLines = 20;
constexpr auto kLastWords = std::chrono::seconds(2);

// One of the tool's streams: cut into lines, of which the last ones are kept.
class OutputLines {
 public:
  explicit OutputLines(std::function<void(const std::string&)> on_output) : on_output_(std::move(on_output)) {}

  void feed(std::string_view bytes) {
    if (text_.size() < kMaxOutput) text_.append(bytes.substr(0, kMaxOutput - text_.size()));
    for (char byte : bytes) {
      if (byte == '\n') {
        end_line();
      } else {
        line_ += byte;
      }
    }
  }
  void end() {
    if (!line_.empty()) end_line();
  }

  std::string last_lines() const { return fmt::format("{}", fmt::join(last_, "\n")); }
  std::string take_text() { return std::move(text_); }

 private:
  void end_line() {
    if (line_.ends_with('\r')) line_.pop_back();
    if (on_output_) on_output_(line_);
    if (!last_.empty() || !line_.empty()) last_.push_back(line_);
    if (last_.size() > kMaxLastLines) last_.pop_front();
    line_.clear();
  }

  std::function<void(const std::string&)> on_output_;
  std::string text_;
  std::string line_;
  std::deque<std::string> last_;
};

// Outlives the caller for as long as its cancelled readers do.
struct Running {
  Running(std::unique_ptr<os::Process> started, const ToolRun& run, const asio::any_io_executor& executor)
      : process(std::move(started)),
        out(run.on_output),
        err(run.on_output),
        deadline(run.deadline),
        readers(executor) {}

  std::unique_ptr<os::Process> process;
  OutputLines out;
  OutputLines err;
  std::chrono::seconds deadline;
  bool late = false;
  base::TaskGroup readers;
};

// Ends the group when the caller's frame goes, however it goes; after the tool's end that does nothing.
struct GroupEnd {
  ~GroupEnd() {
    running->process->signal_group(SIGKILL);
    running->readers.cancel();
  }
  std::shared_ptr<Running> running;
};

awaitable<void> read_stdout(std::shared_ptr<Running> running) {
  while (true) {
    std::string bytes = co_await running->process->read_stdout();
    if (bytes.empty()) co_return running->out.end();
    running->out.feed(bytes);
  }
}

awaitable<void> read_stderr(std::shared_ptr<Running> running) {
  while (true) {
    std::string bytes = co_await running->process->read_stderr();
    if (bytes.empty()) co_return running->err.end();
    running->err.feed(bytes);
  }
}

awaitable<void> end_late(std::shared_ptr<Running> running) {
  co_await base::sleep_for(running->deadline);
  running->late = true;
  running->process->signal_group(SIGKILL);
}

// What a tool leaves running outside of its group may hold its streams open.
awaitable<void> stop_reading_late(std::shared_ptr<Running> running) {
  co_await base::sleep_for(kLastWords);
  running->readers.cancel();
}

std::string name_of(const std::vector<std::string>& command) {
  return fmt::format("`{}`", fmt::join(command, " "));
}

base::Error failure(const Running& running, os::ExitStatus status, const std::vector<std::string>& command) {
  std::string how = fmt::format("ended with status {}", status.code);
  if (status.signal != 0) how = fmt::format("was ended by signal {}", status.signal);
  if (running.late) how = fmt::format("did not end within {} s", running.deadline.count());
  std::string said = running.err.last_lines();
  if (said.empty()) said = running.out.last_lines();
  return {.kind = base::ErrorKind::build,
          .message = fmt::format("{} {}{}{}", name_of(command), how, said.empty() ? "" : ":\n", said)};
}

}  // namespace

awaitable<base::Result<std::string>> run_tool(os::Spawner& spawner, ToolRun run) {
  auto process = spawner.spawn({.command = run.command, .environment = run.environment, .directory = run.directory});
  if (!process) {
    base::Error error = process.error();
    if (error.kind == base::ErrorKind::not_found && !run.install_hint.empty()) error.hint = run.install_hint;
    co_return base::fail(std::move(error));
  }
  auto executor = co_await asio::this_coro::executor;
  auto running = std::make_shared<Running>(std::move(*process), run, executor);
  GroupEnd group_end{running};
  running->readers.spawn(read_stdout(running));
  running->readers.spawn(read_stderr(running));
  base::TaskGroup limits(executor);
  limits.spawn(end_late(running));
  os::ExitStatus status = co_await running->process->wait();
  limits.spawn(stop_reading_late(running));
  co_await running->readers.join();
  co_await limits.close();
  if (status.code != 0 || status.signal != 0) co_return base::fail(failure(*running, status, run.command));
  co_return running->out.take_text();
}

}  // namespace project
