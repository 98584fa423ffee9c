// Real processes. Nothing here waits for a time to pass: an expected death shows as an end of file or an exit status.
#include "os/spawner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "base/task_group.h"
#include "os/descriptor.h"
#include "os/files.h"

namespace os {
namespace {

struct Outcome {
  std::string out;
  std::string err;
  ExitStatus status;
};

awaitable<void> read_all(Process& process, bool from_stderr, std::string& to) {
  while (true) {
    std::string piece = co_await (from_stderr ? process.read_stderr() : process.read_stdout());
    if (piece.empty()) co_return;
    to += piece;
  }
}

awaitable<void> finish(Process& process, Outcome& outcome) {
  base::TaskGroup tasks(co_await boost::asio::this_coro::executor);
  tasks.spawn(read_all(process, false, outcome.out));
  tasks.spawn(read_all(process, true, outcome.err));
  co_await tasks.join();
  outcome.status = co_await process.wait();
}

ProcessOptions shell(std::string script) {
  return {.command = {"/bin/sh", "-c", std::move(script)}, .environment = {{"PATH", "/usr/bin:/bin"}}};
}

class Spawned : public testing::Test {
 protected:
  std::unique_ptr<Process> start(ProcessOptions options) {
    auto process = spawner_->spawn(std::move(options));
    if (!process) throw std::runtime_error(process.error().message);
    return std::move(*process);
  }
  Outcome run(ProcessOptions options) {
    auto process = start(std::move(options));
    Outcome outcome;
    base::run_until_done(loop_, finish(*process, outcome));
    return outcome;
  }
  std::string read_piece(Process& process) {
    std::string piece;
    base::run_until_done(loop_, keep(process.read_stdout(), piece));
    return piece;
  }
  static awaitable<void> keep(awaitable<std::string> source, std::string& to) { to = co_await std::move(source); }

  boost::asio::io_context loop_;
  std::unique_ptr<os::Spawner> spawner_ = make_spawner(loop_.get_executor());
};

using Spawner = Spawned;

TEST_F(Spawner, ReportsTheExitStatus) {
  Outcome outcome = run(shell("echo out; echo err >&2; exit 7"));
  EXPECT_EQ(outcome.status.code, 7);
  EXPECT_EQ(outcome.status.signal, 0);
  EXPECT_GT(outcome.status.max_rss_kb, 0);
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\n");
}

TEST_F(Spawner, ReportsTheSignalThatEndedIt) {
  Outcome outcome = run(shell("kill -TERM $$"));
  EXPECT_EQ(outcome.status.signal, SIGTERM);
  EXPECT_EQ(outcome.status.code, 0);
}

TEST_F(Spawner, CapturesAMegabyteOfEach) {
  Outcome outcome =
      run(shell("head -c 1048576 /dev/zero | tr '\\0' e >&2 & head -c 1048576 /dev/zero | tr '\\0' o; wait"));
  EXPECT_TRUE(outcome.out == std::string(1'048'576, 'o')) << outcome.out.size();
  EXPECT_TRUE(outcome.err == std::string(1'048'576, 'e')) << outcome.err.size();
}

TEST_F(Spawner, GivesExactlyTheEnvironmentItWasTold) {
  Outcome outcome = run({.command = {"env"}, .environment = {{"A", "1"}, {"B", "x=y z"}, {"EMPTY", ""}}});
  std::set<std::string> lines;
  std::istringstream text(outcome.out);
  for (std::string line; std::getline(text, line);) lines.insert(line);
  EXPECT_EQ(lines, (std::set<std::string>{"A=1", "B=x=y z", "EMPTY="}));
}

TEST_F(Spawner, StartsInTheFolderWithEmptyInput) {
  TemporaryDirectory folder("spawner-test");
  ProcessOptions options = shell("pwd -P; cat");
  options.directory = folder.path();
  EXPECT_EQ(run(options).out, folder.path() + "\n");
}

TEST_F(Spawner, HandsOnNoDescriptorAndNoSignalState) {
  auto* before = std::signal(SIGPIPE, SIG_IGN);
  Descriptor open_one(::open("/dev/null", O_RDONLY));  // without O_CLOEXEC
  Outcome outcome = run(shell("ls /proc/self/fd; grep -E 'Sig(Ign|Blk)' /proc/self/status"));
  std::signal(SIGPIPE, before);
  // Signals 32 and 33 are glibc's own: its posix_spawn ignores them in what it starts (make does), and no sigaction
  // reaches them.
  constexpr std::string_view kOfGlibc = "0000000180000000";
  if (auto at = outcome.out.find(kOfGlibc); at != std::string::npos) {
    outcome.out.replace(at, kOfGlibc.size(), kOfGlibc.size(), '0');
  }
  EXPECT_EQ(outcome.out, "0\n1\n2\n3\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");  // 3 is what ls opened
}

TEST_F(Spawner, GivesATmpOfItsOwn) {
  TemporaryDirectory kept("spawner-test-");
  TemporaryDirectory hidden("spawner-test-");
  auto options = shell(fmt::format(
      "test -d {0} && touch {0}/kept && ! test -e {1} && echo private > /tmp/only-here && cat /tmp/only-here && "
      "! head -c 2M /dev/zero > /tmp/much",
      kept.path(), hidden.path()));
  options.private_tmp = PrivateTmp{.megabytes = 1, .keeps = {kept.path(), "/usr"}};
  auto process = spawner_->spawn(options);
  if (!process && process.error().kind == base::ErrorKind::permission)
    GTEST_SKIP() << "no user namespaces here: " << process.error().message;
  auto outcome = run(options);
  EXPECT_EQ(outcome.status.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "private\n");
  EXPECT_NE(outcome.err.find("No space left on device"), std::string::npos) << outcome.err;
  EXPECT_TRUE(read_file(kept.path() + "/kept"));
  EXPECT_FALSE(read_file("/tmp/only-here"));
}

TEST_F(Spawner, GivesAFolderAsTmp) {
  TemporaryDirectory folder("spawner-test-");
  TemporaryDirectory kept("spawner-test-");
  ASSERT_TRUE(write_file(folder.path() + "/before", "there\n"));
  ASSERT_TRUE(write_file(kept.path() + "/file", "kept\n"));
  ASSERT_TRUE(write_file(kept.path() + "/other", "hidden\n"));
  auto options =
      shell(fmt::format("cat /tmp/before && echo after > /tmp/after; cat {0}/file; cat {0}/other", kept.path()));
  options.private_tmp = PrivateTmp{.folder = folder.path(), .keeps = {kept.path() + "/file"}};
  auto process = spawner_->spawn(options);
  if (!process && process.error().kind == base::ErrorKind::permission)
    GTEST_SKIP() << "no user namespaces here: " << process.error().message;
  auto outcome = run(options);
  EXPECT_EQ(outcome.out, "there\nkept\n") << outcome.err;
  EXPECT_EQ(read_file(folder.path() + "/after").value_or(""), "after\n");
  EXPECT_FALSE(read_file("/tmp/after"));
}

TEST_F(Spawner, LaysAFolderOverOptThatIsNotWritable) {
  if (!std::filesystem::is_directory("/opt")) GTEST_SKIP() << "this machine has no /opt";
  TemporaryDirectory folder("spawner-test-");
  ASSERT_TRUE(write_file(folder.path() + "/word", "layered\n"));
  auto options = shell("cat /opt/word && echo other > /opt/word");
  options.private_tmp = PrivateTmp{.megabytes = 1, .opt = folder.path()};
  auto process = spawner_->spawn(options);
  if (!process && process.error().kind == base::ErrorKind::permission)
    GTEST_SKIP() << "no user namespaces here: " << process.error().message;
  auto outcome = run(options);
  EXPECT_EQ(outcome.out, "layered\n");
  EXPECT_NE(outcome.err.find("Read-only file system"), std::string::npos) << outcome.err;
  EXPECT_EQ(read_file(folder.path() + "/word").value_or(""), "layered\n");
  options.private_tmp->megabytes = 0;
  options.command.back() += "; echo shared >> " + folder.path() + "/shared";  // in the machine's /tmp
  EXPECT_EQ(run(options).out, "layered\n");
  EXPECT_TRUE(read_file(folder.path() + "/shared"));
  options.private_tmp->opt += "/missing";
  EXPECT_FALSE(spawner_->spawn(options));
  auto without = shell("test -d /opt && echo kept");
  without.private_tmp = PrivateTmp{.megabytes = 1, .opt = folder.path() + "/missing"};
  EXPECT_EQ(run(without).out, "kept\n");
}

TEST_F(Spawner, TellsWhatIsMissing) {
  auto in_path = spawner_->spawn({.command = {"no-such-program-anywhere"}});
  ASSERT_FALSE(in_path);
  EXPECT_EQ(in_path.error().kind, base::ErrorKind::not_found);
  auto absolute = spawner_->spawn({.command = {"/no/such/program"}});
  ASSERT_FALSE(absolute);
  EXPECT_EQ(absolute.error().kind, base::ErrorKind::not_found);
  ProcessOptions options = shell("exit 0");
  options.directory = "/no/such/folder";
  auto folder = spawner_->spawn(options);
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().kind, base::ErrorKind::not_found);
  EXPECT_NE(folder.error().message.find("/no/such/folder"), std::string::npos);
  auto not_executable = spawner_->spawn({.command = {"/etc/passwd"}});
  ASSERT_FALSE(not_executable);
  EXPECT_EQ(not_executable.error().kind, base::ErrorKind::local_resource);
}

awaitable<void> count_end(Process& process, int& ends) {
  ExitStatus status = co_await process.wait();
  EXPECT_EQ(status.signal, SIGTERM);
  ++ends;
}

awaitable<void> wait_thrice(Process& process, int& ends) {
  base::TaskGroup tasks(co_await boost::asio::this_coro::executor);
  tasks.spawn(count_end(process, ends));
  tasks.spawn(count_end(process, ends));
  co_await base::sleep_for(std::chrono::nanoseconds(0));
  process.signal_group(SIGTERM);
  co_await tasks.join();
  EXPECT_TRUE(process.ended());
  co_await count_end(process, ends);
}

TEST_F(Spawner, LetsSeveralWaitDuringAndAfterTheEnd) {
  auto process = start({.command = {"sleep", "600"}});
  EXPECT_FALSE(process->ended());
  int ends = 0;
  base::run_until_done(loop_, wait_thrice(*process, ends));
  EXPECT_EQ(ends, 3);
}

TEST_F(Spawner, SignalsGrandchildrenToo) {
  auto process = start(shell("sleep 600 & sleep 600 & echo ready; wait"));
  EXPECT_EQ(read_piece(*process), "ready\n");
  EXPECT_EQ(::getpgid(process->pid()), process->pid());
  process->signal_group(SIGKILL);
  Outcome outcome;
  base::run_until_done(loop_, finish(*process, outcome));  // the end of file comes when no grandchild holds the pipe
  EXPECT_EQ(outcome.status.signal, SIGKILL);
  process->signal_group(SIGKILL);
}

TEST_F(Spawner, KillsWhatTheChildLeftBehind) {
  EXPECT_EQ(run(shell("sleep 600 & echo left; exit 3")).status.code, 3);
}

TEST_F(Spawner, KillsAndReapsTheChildOfADestroyedProcess) {
  auto process = start(shell("sleep 600 & echo ready; wait"));
  EXPECT_EQ(read_piece(*process), "ready\n");
  pid_t pid = process->pid();
  process.reset();
  loop_.restart();
  loop_.run();  // ends when the child has been reaped
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

// Forks a process that spawns `options`, says its pid, and is then killed. Returns the pid and the pipe that the
// spawned process holds as its standard output.
struct Orphan {
  pid_t pid = 0;
  Descriptor output;
};
Orphan spawn_from_a_parent_that_is_killed(const ProcessOptions& options) {
  int fds[2];
  if (::pipe(fds) != 0) throw std::runtime_error("pipe");
  pid_t parent = ::fork();
  if (parent == 0) {
    ::dup2(fds[1], 1);
    ::close(fds[0]);
    ::close(fds[1]);
    boost::asio::io_context loop;
    auto process = make_spawner(loop.get_executor())->spawn(options);
    pid_t pid = process ? (*process)->pid() : 0;
    if (::write(1, &pid, sizeof pid) != sizeof pid) ::_exit(1);
    while (true) ::pause();
  }
  ::close(fds[1]);
  Orphan orphan{.output = Descriptor(fds[0])};
  EXPECT_EQ(::read(fds[0], &orphan.pid, sizeof orphan.pid), static_cast<ssize_t>(sizeof orphan.pid));
  EXPECT_GT(orphan.pid, 0);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  return orphan;
}

TEST(SpawnerDeath, OfTheParentKillsTheChild) {
  Orphan orphan = spawn_from_a_parent_that_is_killed({.command = {"tail", "-f", "/dev/null"}, .capture_stdout = false});
  char byte = 0;
  EXPECT_EQ(::read(orphan.output.get(), &byte, 1), 0);  // end of file: nobody holds the pipe any more
}

TEST(SpawnerDeath, OfTheParentSparesWhatOutlivesIt) {
  TemporaryDirectory folder("spawner-test");
  std::string fifo = folder.path() + "/fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  ProcessOptions options{.command = {"cat", fifo}, .capture_stdout = false, .outlives_parent = true};
  Orphan orphan = spawn_from_a_parent_that_is_killed(options);
  EXPECT_EQ(::getsid(orphan.pid), orphan.pid);
  Descriptor writer(::open(fifo.c_str(), O_RDWR));
  ASSERT_EQ(::write(writer.get(), "alive", 5), 5);
  char text[5] = {};
  EXPECT_EQ(::read(orphan.output.get(), text, sizeof text), 5);
  EXPECT_EQ(std::string(text, 5), "alive");
  ::kill(orphan.pid, SIGKILL);
}

TEST(FindProgram, SearchesThePathInOrder) {
  TemporaryDirectory folder("spawner-test");
  std::string a = folder.path() + "/a";
  std::string b = folder.path() + "/b";
  ASSERT_TRUE(make_directories(a + "/tool"));  // a folder is no program
  ASSERT_TRUE(make_directories(b));
  ASSERT_TRUE(write_file(b + "/tool", "", 0755));
  ASSERT_TRUE(write_file(a + "/text", "", 0644));
  EXPECT_EQ(find_program("tool", a + ":" + b), b + "/tool");
  EXPECT_EQ(find_program("text", a + ":" + b), "");
  EXPECT_EQ(find_program(b + "/tool", ""), b + "/tool");
  EXPECT_EQ(find_program("", b), "");
  EXPECT_EQ(find_program("tool", ""), "");
}

TEST(OwnEnvironment, HasTheVariablesOfThisProcess) {
  ::setenv("LIVELAMBDA_TEST_VARIABLE", "a=b", 1);
  EXPECT_EQ(own_environment().at("LIVELAMBDA_TEST_VARIABLE"), "a=b");
  ::unsetenv("LIVELAMBDA_TEST_VARIABLE");
}

}  // namespace
}  // namespace os
