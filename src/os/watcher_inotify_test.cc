// The watcher on the real kernel.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/task_group.h"
#include "os/files.h"
#include "os/watcher.h"

namespace os {
namespace {

namespace fs = std::filesystem;

class InotifyWatcher : public testing::Test {
 protected:
  InotifyWatcher() { fs::create_directories(root_ + "/src"); }

  void start() {
    auto watcher = watch(loop_.get_executor(), {root_}, [](std::string_view name) { return name == "skipped"; });
    ASSERT_TRUE(watcher) << watcher.error().message;
    watcher_ = std::move(*watcher);
  }
  // Everything that is reported until `path` is.
  std::set<std::string> changes_until(const std::string& path) {
    std::set<std::string> seen;
    base::run_until_done(loop_, gather(*watcher_, path, seen));
    return seen;
  }
  static awaitable<void> gather(Watcher& watcher, std::string path, std::set<std::string>& seen) {
    while (!seen.contains(path)) seen.merge((co_await watcher.next()).paths);
  }
  static void write(const std::string& path, std::string_view content = "x") {
    auto written = write_file(path, content);
    ASSERT_TRUE(written) << written.error().message;
  }

  TemporaryDirectory folder_{"watcher-test"};
  std::string root_ = folder_.path() + "/app";
  boost::asio::io_context loop_;
  std::unique_ptr<Watcher> watcher_;
};

TEST_F(InotifyWatcher, SeesFilesWrittenRenamedAndRemoved) {
  write(root_ + "/src/old.js");
  start();
  ASSERT_TRUE(read_file(root_ + "/src/old.js"));
  fs::permissions(root_ + "/src/old.js", fs::perms::owner_all);
  write(root_ + "/a.js");
  EXPECT_FALSE(changes_until(root_ + "/a.js").contains(root_ + "/src/old.js"));
  fs::rename(root_ + "/a.js", root_ + "/src/b.js");
  EXPECT_TRUE(changes_until(root_ + "/src/b.js").contains(root_ + "/a.js"));
  fs::remove(root_ + "/src/old.js");
  changes_until(root_ + "/src/old.js");
  fs::create_symlink("b.js", root_ + "/src/link.js");
  changes_until(root_ + "/src/link.js");
  fs::create_hard_link(root_ + "/src/b.js", root_ + "/src/hard.js");
  changes_until(root_ + "/src/hard.js");
}

TEST_F(InotifyWatcher, EntersNewFoldersButNotSkippedOnes) {
  start();
  fs::create_directories(root_ + "/skipped/deep");
  write(root_ + "/skipped/deep/a.js");
  fs::create_directories(root_ + "/lib/deep");
  write(root_ + "/lib/deep/a.js");
  auto seen = changes_until(root_ + "/lib/deep/a.js");
  EXPECT_FALSE(seen.contains(root_ + "/skipped/deep/a.js"));
  write(root_ + "/lib/deep/b.js");
  changes_until(root_ + "/lib/deep/b.js");
}

TEST_F(InotifyWatcher, FollowsMovedFolders) {
  fs::create_directories(folder_.path() + "/outside/deep");
  write(folder_.path() + "/outside/deep/a.js");
  start();
  fs::rename(folder_.path() + "/outside", root_ + "/inside");
  changes_until(root_ + "/inside/deep/a.js");
  fs::rename(root_ + "/inside", root_ + "/elsewhere");
  changes_until(root_ + "/elsewhere/deep/a.js");
  write(root_ + "/elsewhere/deep/b.js");
  EXPECT_FALSE(changes_until(root_ + "/elsewhere/deep/b.js").contains(root_ + "/inside/deep/b.js"));
}

TEST_F(InotifyWatcher, FindsItsFolderAgainAfterRemoval) {
  start();
  fs::remove_all(root_);
  changes_until(root_);
  fs::create_directories(root_ + "/src");
  write(root_ + "/src/a.js");
  changes_until(root_ + "/src/a.js");
  write(root_ + "/src/b.js");
  changes_until(root_ + "/src/b.js");
}

// As many events as the kernel keeps, and more: nobody reads them meanwhile.
TEST_F(InotifyWatcher, SaysThatAnythingMayHaveChangedWhenTheKernelsQueueOverflows) {
  write(root_ + "/src/a.js");
  start();
  const long most = std::stol(read_file("/proc/sys/fs/inotify/max_queued_events").value());
  if (most > 200'000) GTEST_SKIP() << "the kernel keeps " << most << " events";
  for (long events = 0; events <= most; events += 4) {  // each renaming is two
    fs::rename(root_ + "/src/a.js", root_ + "/src/b.js");
    fs::rename(root_ + "/src/b.js", root_ + "/src/a.js");
  }
  fs::create_directories(root_ + "/lost/deep");
  bool overflow = false;
  base::run_until_done(loop_, [](Watcher& watcher, bool& into) -> awaitable<void> {
    while (!into) into = (co_await watcher.next()).overflow;
  }(*watcher_, overflow));
  EXPECT_TRUE(overflow);
  write(root_ + "/lost/deep/c.js");
  changes_until(root_ + "/lost/deep/c.js");
}

TEST_F(InotifyWatcher, RefusesAMissingFolder) {
  auto watcher = watch(loop_.get_executor(), {root_ + "/nothing"}, [](std::string_view) { return false; });
  ASSERT_FALSE(watcher);
  EXPECT_EQ(watcher.error().kind, base::ErrorKind::not_found);
}

}  // namespace
}  // namespace os
