#include "project/run_tool.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
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

// The last of what a tool says, on both of its streams in the order in which it came.
class LastLines {
 public:
  void add(const std::string& line) {
    if (!lines_.empty() || !line.empty()) lines_.push_back(line);
    if (lines_.size() > kMaxLastLines) lines_.pop_front();
  }
  std::string text() const {
    auto end = std::find_if(lines_.rbegin(), lines_.rend(), [](const auto& line) { return !line.empty(); }).base();
    return fmt::format("{}", fmt::join(lines_.begin(), end, "\n"));
  }

 private:
  std::deque<std::string> lines_;
};

// One of the tool's streams, cut into lines.
class OutputLines {
 public:
  OutputLines(std::function<void(const std::string&)> on_output, LastLines& last)
      : on_output_(std::move(on_output)), last_(last) {}

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

  std::string take_text() { return std::move(text_); }

 private:
  void end_line() {
    if (line_.ends_with('\r')) line_.pop_back();
    if (on_output_) on_output_(line_);
    last_.add(line_);
    line_.clear();
  }

  std::function<void(const std::string&)> on_output_;
  LastLines& last_;
  std::string text_;
  std::string line_;
};

// Outlives the caller for as long as its cancelled readers do.
struct Running {
  Running(std::unique_ptr<os::Process> started, const ToolRun& run, const asio::any_io_executor& executor)
      : process(std::move(started)),
        out(run.on_output, last),
        err(run.on_output, last),
        deadline(run.deadline),
        readers(executor) {}

  std::unique_ptr<os::Process> process;
  LastLines last;
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
  std::string said = running.last.text();
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
