// Why fork() and not posix_spawn(): the death signal has to be asked for in the child. Everything is prepared before
// the fork; between fork and exec only async-signal-safe calls stand. A pipe that closes on exec tells the parent why
// there was no exec. The death signal comes when the *thread* that forked ends: spawn() is called on the loop's thread.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "os/descriptor.h"
#include "os/spawner.h"

namespace os {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// ---- in the child ----

enum class Step : int { private_tmp, descriptors, directory, program };

struct ChildFailure {
  Step step = Step::program;
  int code = 0;
};

struct ChildPlan {
  const char* program = nullptr;
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  const char* directory = nullptr;  // nullptr = stay
  std::array<int, 3> stdio{};       // -1 = the parent's
  bool outlives_parent = false;
  bool traceable = false;
  const PrivateTmpPlan* private_tmp = nullptr;  // nullptr = the machine's
  pid_t parent = 0;
  int report = -1;
};

[[noreturn]] void give_up(const ChildPlan& plan, Step step) {
  ChildFailure failure{step, errno};
  [[maybe_unused]] ssize_t written = ::write(plan.report, &failure, sizeof failure);
  ::_exit(127);
}

// All signals are blocked when the child begins, so that none of the parent's handlers runs in it.
void reset_signals() {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void place_stdio(const ChildPlan& plan) {
  std::array<int, 3> above = plan.stdio;  // out of the way of 0, 1 and 2, which the parent may have closed
  for (int& fd : above) {
    if (fd >= 0) fd = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  }
  for (int i = 0; i < 3; ++i) {
    auto at = static_cast<std::size_t>(i);
    if (plan.stdio[at] >= 0 && ::dup2(above[at], i) < 0) give_up(plan, Step::descriptors);
  }
}

[[noreturn]] void run_child(const ChildPlan& plan) {
  if (plan.outlives_parent) {
    ::setsid();
  } else {
    ::setpgid(0, 0);
  }
  if (plan.private_tmp != nullptr && !plan.private_tmp->enter()) give_up(plan, Step::private_tmp);
  if (!plan.outlives_parent) {
    ::prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(SIGKILL));
    if (::getppid() != plan.parent) ::_exit(127);  // it died before it could be watched
  }
  if (plan.traceable) ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);  // where Yama restricts it
  place_stdio(plan);
  if (plan.directory != nullptr && ::chdir(plan.directory) != 0) give_up(plan, Step::directory);
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  reset_signals();
  ::execve(plan.program, plan.arguments, plan.environment);
  give_up(plan, Step::program);
}

// ---- in the parent ----

base::Error resource_error(int code, std::string_view what) {
  base::Error error{.kind = base::ErrorKind::local_resource,
                    .message = fmt::format("cannot start {}: {}", what, std::generic_category().message(code))};
  if (code == EMFILE || code == ENFILE) error.hint = "raise the limit of open files (ulimit -n)";
  if (code == EAGAIN) error.hint = "raise the limit of processes (ulimit -u)";
  return error;
}

struct OutputStream {
  explicit OutputStream(const asio::any_io_executor& executor) : descriptor(executor) {}
  asio::posix::stream_descriptor descriptor;
  std::array<char, std::size_t{64} << 10> buffer{};
};

// Outlives the Process: the pending wait on the pidfd holds it until the child is reaped.
struct Child : std::enable_shared_from_this<Child> {
  Child(const asio::any_io_executor& executor, pid_t child, bool outlives)
      : pid(child), outlives_parent(outlives), pidfd(executor), end(executor) {
    end.expires_at(asio::steady_timer::time_point::max());
  }

  void watch() {
    pidfd.async_wait(asio::posix::stream_descriptor::wait_read, [self = shared_from_this()](error_code error) {
      if (!error) self->reap();
    });
  }

  void reap() {
    siginfo_t about{};
    int found = ::waitid(P_PID, static_cast<id_t>(pid), &about, WEXITED | WNOHANG | WNOWAIT);
    if (found == 0 && about.si_pid == 0) return watch();  // woken early
    // What is left of the group goes first, while the zombie still keeps its number from being given to others.
    if (!outlives_parent) ::kill(-pid, SIGKILL);
    int status = 0;
    rusage usage{};
    ExitStatus result{.code = -1};  // stays if somebody else has reaped it
    if (::wait4(pid, &status, 0, &usage) == pid) {
      result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
      result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
      result.max_rss_kb = usage.ru_maxrss;
    }
    ended = result;
    pidfd.close();
    end.cancel();
  }

  void signal_group(int signal) const {
    if (!ended) ::kill(-pid, signal);
  }

  const pid_t pid;
  const bool outlives_parent;
  asio::posix::stream_descriptor pidfd;
  asio::steady_timer end;  // never expires; cancelled when the child has been reaped
  std::optional<ExitStatus> ended;
};

awaitable<std::string> read_some(std::shared_ptr<OutputStream> stream) {
  if (stream == nullptr) co_return std::string();
  error_code error;
  std::size_t size = co_await stream->descriptor.async_read_some(asio::buffer(stream->buffer),
                                                                 asio::redirect_error(asio::use_awaitable, error));
  if (error == asio::error::eof) co_return std::string();
  if (error) throw boost::system::system_error(error);
  co_return std::string(stream->buffer.data(), size);
}

awaitable<ExitStatus> wait_for(std::shared_ptr<Child> child) {
  while (!child->ended) {
    error_code ignored;
    co_await child->end.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      throw boost::system::system_error(asio::error::operation_aborted);
    }
  }
  co_return *child->ended;
}

class LinuxProcess final : public Process {
 public:
  LinuxProcess(std::shared_ptr<Child> child, std::shared_ptr<OutputStream> out, std::shared_ptr<OutputStream> err,
               std::shared_ptr<ProcessGroups> groups)
      : child_(std::move(child)), stdout_(std::move(out)), stderr_(std::move(err)), groups_(std::move(groups)) {}
  ~LinuxProcess() override {
    if (!child_->outlives_parent) child_->signal_group(SIGKILL);
    close(stdout_);
    close(stderr_);
  }
  LinuxProcess(const LinuxProcess&) = delete;
  LinuxProcess& operator=(const LinuxProcess&) = delete;

  pid_t pid() const override { return child_->pid; }
  awaitable<std::string> read_stdout() override { return read_some(stdout_); }
  awaitable<std::string> read_stderr() override { return read_some(stderr_); }
  awaitable<ExitStatus> wait() override { return wait_for(child_); }
  std::optional<ExitStatus> ended() const override { return child_->ended; }
  void signal_group(int signal) override { child_->signal_group(signal); }
  GroupMemory memory() const override { return child_->ended ? GroupMemory{} : groups_->memory_of(child_->pid); }

 private:
  static void close(const std::shared_ptr<OutputStream>& stream) {
    error_code ignored;
    if (stream != nullptr) stream->descriptor.close(ignored);
  }

  std::shared_ptr<Child> child_;
  std::shared_ptr<OutputStream> stdout_;
  std::shared_ptr<OutputStream> stderr_;
  std::shared_ptr<ProcessGroups> groups_;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

base::Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return base::fail(resource_error(errno, "a process"));
  return Pipe{Descriptor(fds[0]), Descriptor(fds[1])};
}

// Where the program is, so that it is the same file after the child has changed its folder.
base::Result<std::string> locate(const std::vector<std::string>& command) {
  if (command.empty()) return base::fail(base::ErrorKind::internal, "a process without a command");
  if (command[0].find('/') != std::string::npos) return command[0];
  const char* path = std::getenv("PATH");
  std::string program = find_program(command[0], path != nullptr ? path : "");
  if (program.empty()) {
    return base::fail(base::ErrorKind::not_found, fmt::format("no program '{}' in PATH", command[0]),
                      fmt::format("install {} or correct PATH", command[0]));
  }
  std::error_code error;
  auto absolute = std::filesystem::absolute(program, error);
  return error ? program : absolute.string();
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

base::Error start_error(const ChildFailure& failure, const std::string& program, const ProcessOptions& options) {
  if (failure.step == Step::private_tmp) {
    return {.kind = base::ErrorKind::permission,
            .message = fmt::format("no /tmp or /opt of its own for {}: {}", program,
                                   std::generic_category().message(failure.code)),
            .hint = "allow unprivileged user namespaces (user.max_user_namespaces, AppArmor, the container's seccomp)"};
  }
  bool missing = failure.code == ENOENT || failure.code == ENOTDIR;
  if (failure.step == Step::directory && missing) {
    return {.kind = base::ErrorKind::not_found, .message = fmt::format("no folder {}", options.directory)};
  }
  if (failure.step == Step::program && missing) {
    return {.kind = base::ErrorKind::not_found,
            .message = fmt::format("no program {}, or no interpreter for it", program)};
  }
  return resource_error(failure.code, failure.step == Step::directory ? options.directory : program);
}

// The fork itself: no signal handler of the parent may run in the child.
pid_t fork_child(const ChildPlan& plan) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = ::fork();
  if (pid == 0) run_child(plan);
  int code = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = code;
  return pid;
}

// Nothing if the exec succeeded. Waits as long as the child takes to get there.
std::optional<ChildFailure> read_report(int fd) {
  ChildFailure failure;
  ssize_t got = 0;
  do {
    got = ::read(fd, &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof failure)) return std::nullopt;
  return failure;
}

void kill_and_reap(pid_t pid) {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

class LinuxSpawner final : public Spawner {
 public:
  explicit LinuxSpawner(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  base::Result<std::unique_ptr<Process>> spawn(ProcessOptions options) override {
    TRY(std::string program, locate(options.command));
    std::vector<std::string> environment;
    for (const auto& [name, value] : options.environment) environment.push_back(fmt::format("{}={}", name, value));
    std::vector<char*> arguments = pointers_to(options.command);
    std::vector<char*> variables = pointers_to(environment);

    Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!nothing) return base::fail(resource_error(errno, program));
    Descriptor child_stdout;
    Descriptor child_stderr;
    TRY(auto out, open_output(options.capture_stdout, child_stdout));
    TRY(auto err, open_output(options.capture_stderr, child_stderr));
    TRY(Pipe report, make_pipe());
    std::optional<PrivateTmpPlan> private_tmp;
    if (options.private_tmp) private_tmp.emplace(*options.private_tmp);

    ChildPlan plan{.program = program.c_str(),
                   .arguments = arguments.data(),
                   .environment = variables.data(),
                   .directory = options.directory.empty() ? nullptr : options.directory.c_str(),
                   .stdio = {nothing.get(), child_stdout.get(), child_stderr.get()},
                   .outlives_parent = options.outlives_parent,
                   .traceable = options.traceable,
                   .private_tmp = private_tmp ? &*private_tmp : nullptr,
                   .parent = ::getpid(),
                   .report = report.write.get()};
    pid_t pid = fork_child(plan);
    if (pid < 0) return base::fail(resource_error(errno, program));
    report.write.reset();
    if (auto failure = read_report(report.read.get())) {
      kill_and_reap(pid);
      return base::fail(start_error(*failure, program, options));
    }
    TRY(auto child, adopt(pid, options.outlives_parent, program));
    return std::make_unique<LinuxProcess>(std::move(child), std::move(out), std::move(err), groups_);
  }

 private:
  // The parent's end of a pipe as a stream, or nullptr if the output is not captured; the child's end goes to `child`.
  base::Result<std::shared_ptr<OutputStream>> open_output(bool capture, Descriptor& child) {
    if (!capture) return nullptr;
    TRY(Pipe pipe, make_pipe());
    auto stream = std::make_shared<OutputStream>(executor_);
    error_code error;
    stream->descriptor.assign(pipe.read.get(), error);
    if (error) return base::fail(resource_error(error.value(), "a process"));
    pipe.read.release();
    child = std::move(pipe.write);
    return stream;
  }

  base::Result<std::shared_ptr<Child>> adopt(pid_t pid, bool outlives_parent, const std::string& program) {
    auto child = std::make_shared<Child>(executor_, pid, outlives_parent);
    Descriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));  // glibc 2.36 declares it for C only
    error_code error(errno, boost::system::system_category());
    if (pidfd) child->pidfd.assign(pidfd.get(), error);
    if (error || !pidfd) {
      kill_and_reap(pid);
      return base::fail(resource_error(error.value(), program));
    }
    pidfd.release();
    child->watch();
    return child;
  }

  asio::any_io_executor executor_;
  std::shared_ptr<ProcessGroups> groups_ = std::make_shared<ProcessGroups>();
};

}  // namespace

std::unique_ptr<Spawner> make_spawner(asio::any_io_executor executor) {
  return std::make_unique<LinuxSpawner>(std::move(executor));
}

std::string find_program(std::string_view program, std::string_view path) {
  auto is_program = [](const std::string& file) {
    struct stat about{};
    return ::stat(file.c_str(), &about) == 0 && S_ISREG(about.st_mode) && ::access(file.c_str(), X_OK) == 0;
  };
  if (program.empty()) return {};
  if (program.find('/') != program.npos) {
    std::string file(program);
    return is_program(file) ? file : std::string();
  }
  while (true) {
    auto colon = path.find(':');
    std::string_view folder = path.substr(0, colon);
    std::string file = fmt::format("{}/{}", folder.empty() ? "." : folder, program);
    if (is_program(file)) return file;
    if (colon == path.npos) return {};
    path.remove_prefix(colon + 1);
  }
}

std::map<std::string, std::string> own_environment() {
  std::map<std::string, std::string> variables;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    std::string_view text = *variable;
    auto equals = text.find('=');
    if (equals != text.npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace os
