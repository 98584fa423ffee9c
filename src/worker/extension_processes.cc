#include "worker/extension_processes.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "worker/layers.h"

namespace worker {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr auto kShutdown = 2000ms;
constexpr auto kRuntimesShare = 600ms;  // of it, between SIGTERM and SIGKILL
constexpr auto kAfterKill = 1000ms;

}  // namespace

class LateProcess final : public os::Process {
 public:
  void begin(std::unique_ptr<os::Process> process) {
    process_ = std::move(process);
    changed_.notify_all();
  }
  void give_up(os::ExitStatus status) {
    if (process_ || given_up_) return;
    given_up_ = status;
    changed_.notify_all();
  }
  bool given_up() const { return given_up_.has_value(); }

  pid_t pid() const override { return process_ ? process_->pid() : 0; }
  os::awaitable<std::string> read_stdout() override {
    co_await begun();
    if (!process_) co_return std::string();
    co_return co_await process_->read_stdout();
  }
  os::awaitable<std::string> read_stderr() override {
    co_await begun();
    if (!process_) co_return std::string();
    co_return co_await process_->read_stderr();
  }
  os::awaitable<os::ExitStatus> wait() override {
    co_await begun();
    if (!process_) co_return *given_up_;
    co_return co_await process_->wait();
  }
  std::optional<os::ExitStatus> ended() const override { return process_ ? process_->ended() : given_up_; }
  void signal_group(int signal) override {
    if (process_) {
      process_->signal_group(signal);
    } else {
      give_up({.code = 0, .signal = signal});
    }
  }
  os::GroupMemory memory() const override { return process_ ? process_->memory() : os::GroupMemory{}; }

 private:
  awaitable<void> begun() {
    while (!process_ && !given_up_) co_await changed_.wait();
  }

  std::unique_ptr<os::Process> process_;
  std::optional<os::ExitStatus> given_up_;
  base::Notifier changed_;
};

namespace {

// What Core holds, while the extensions hold the other end.
class SharedProcess final : public os::Process {
 public:
  explicit SharedProcess(std::shared_ptr<os::Process> process) : process_(std::move(process)) {}
  ~SharedProcess() override { process_->signal_group(SIGKILL); }
  SharedProcess(const SharedProcess&) = delete;
  SharedProcess& operator=(const SharedProcess&) = delete;

  pid_t pid() const override { return process_->pid(); }
  os::awaitable<std::string> read_stdout() override { return process_->read_stdout(); }
  os::awaitable<std::string> read_stderr() override { return process_->read_stderr(); }
  os::awaitable<os::ExitStatus> wait() override { return process_->wait(); }
  std::optional<os::ExitStatus> ended() const override { return process_->ended(); }
  void signal_group(int signal) override { process_->signal_group(signal); }
  os::GroupMemory memory() const override { return process_->memory(); }

 private:
  std::shared_ptr<os::Process> process_;
};

}  // namespace

std::vector<std::string> find_extensions(const std::string& opt) {
  std::vector<std::string> programs;
  if (opt.empty()) return programs;
  std::error_code error;
  for (fs::directory_iterator at(opt + "/extensions", error), end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file(error)) programs.push_back(at->path().string());
  }
  std::ranges::sort(programs);
  return programs;
}

ExtensionProcesses::ExtensionProcesses(asio::any_io_executor executor, os::Spawner& spawner, const base::Clock& clock,
                                       runtime_api::Endpoint& endpoint, Plan plan, Callbacks callbacks)
    : executor_(std::move(executor)),
      spawner_(spawner),
      clock_(clock),
      endpoint_(endpoint),
      plan_(std::move(plan)),
      callbacks_(std::move(callbacks)),
      runtime_(std::make_shared<LateProcess>()) {}

std::unique_ptr<os::Process> ExtensionProcesses::runtime() {
  return std::make_unique<SharedProcess>(runtime_);
}

awaitable<void> ExtensionProcesses::run() {
  auto self = shared_from_this();
  base::TaskGroup tasks(executor_);
  for (const auto& program : plan_.programs) start(program, tasks);
  tasks.spawn(start_runtime());
  tasks.spawn(watch_runtime());
  while (!reason_ && !runtime_ended_) co_await changed_.wait();
  if (!reason_) reason_ = "failure";
  const auto begin = clock_.now();
  co_await end_runtime(begin + kRuntimesShare);
  co_await end_extensions(begin + kShutdown);
  ended_ = true;
  changed_.notify_all();
  co_await tasks.close();
}

void ExtensionProcesses::start(const std::string& program, base::TaskGroup& tasks) {
  auto extension = std::make_shared<Extension>();
  extension->name = program.substr(program.rfind('/') + 1);
  os::ProcessOptions options{.command = {program},
                             .environment = plan_.environment,
                             .directory = "/",
                             .private_tmp = plan_.runtime.private_tmp};
  auto process = spawn_with_opt(spawner_, std::move(options), plan_.opt);
  if (!process) {
    callbacks_.output(
        fmt::format("livelambda: the extension {} does not run on this machine, the function runs without "
                    "it: {}",
                    extension->name, process.error().message),
        true);
    return;
  }
  extension->process = std::move(*process);
  endpoint_.expect_extension(extension->name);
  extensions_.push_back(extension);
  tasks.spawn(read_output(extension, false));
  tasks.spawn(read_output(extension, true));
  tasks.spawn(watch(extension));
}

awaitable<void> ExtensionProcesses::start_runtime() {
  auto self = shared_from_this();
  while (!endpoint_.extensions().all_registered() && !reason_) co_await changed_.wait();
  if (reason_ || runtime_->given_up()) co_return;
  auto process = spawn_with_opt(spawner_, std::move(plan_.runtime), plan_.opt);
  if (process) {
    runtime_->begin(std::move(*process));
    co_return;
  }
  callbacks_.output("livelambda: " + process.error().message, true);
  runtime_->give_up({.code = 127});
}

awaitable<void> ExtensionProcesses::read_output(ExtensionPtr extension, bool from_stderr) {
  auto self = shared_from_this();
  LineSplitter lines;
  for (;;) {
    auto bytes = co_await (from_stderr ? extension->process->read_stderr() : extension->process->read_stdout());
    if (bytes.empty()) break;
    for (auto& line : lines.feed(bytes)) callbacks_.output(std::move(line), from_stderr);
  }
  if (auto rest = lines.flush()) callbacks_.output(std::move(*rest), from_stderr);
}

awaitable<void> ExtensionProcesses::watch(ExtensionPtr extension) {
  auto self = shared_from_this();
  const auto status = co_await extension->process->wait();
  extension->ended = true;
  if (!reason_) {
    const auto told = endpoint_.extensions().failure_of(extension->name);
    reason_ = "failure";
    callbacks_.failed(told.empty() ? "Extension.Crash" : told, status);
  }
  endpoint_.extension_gone(extension->name);
  changed_.notify_all();
}

awaitable<void> ExtensionProcesses::watch_runtime() {
  auto self = shared_from_this();
  co_await runtime_->wait();
  runtime_ended_ = true;
  changed_.notify_all();
}

void ExtensionProcesses::shut_down(std::string reason) {
  if (!reason_) reason_ = std::move(reason);
  changed_.notify_all();
}

awaitable<void> ExtensionProcesses::end_runtime(base::SteadyTime until) {
  if (runtime_ended_) co_return;
  runtime_->signal_group(SIGTERM);
  while (!runtime_ended_ && clock_.now() < until) co_await changed_.wait(until);
  if (!runtime_ended_) runtime_->signal_group(SIGKILL);
}

awaitable<void> ExtensionProcesses::end_extensions(base::SteadyTime until) {
  endpoint_.shut_down_extensions(*reason_, clock_.wall_now() + (until - clock_.now()));
  for (const auto& extension : extensions_) {
    if (!endpoint_.extensions().awaits_shutdown(extension->name)) extension->process->signal_group(SIGKILL);
  }
  while (!all_ended() && clock_.now() < until) co_await changed_.wait(until);
  for (const auto& extension : extensions_) extension->process->signal_group(SIGKILL);
  const auto limit = clock_.now() + kAfterKill;
  while (!all_ended() && clock_.now() < limit) co_await changed_.wait(limit);
}

bool ExtensionProcesses::all_ended() const {
  return runtime_ended_ && std::ranges::all_of(extensions_, [](const ExtensionPtr& one) { return one->ended; });
}

}  // namespace worker
