#include "os/inotify_tree.h"

#include <gtest/gtest.h>
#include <sys/inotify.h>

#include <algorithm>
#include <cerrno>

namespace os {
namespace {

// A file system in memory, as far as the tree asks for it. Directories have an identity, so that a moved one keeps its
// watch.
class FakeWatches final : public DirectoryWatches {
 public:
  int add(const std::string& path) override {
    auto found = directories.find(path);
    if (found == directories.end()) return files.contains(path) ? -ENOTDIR : -ENOENT;
    for (const auto& [watch, identity] : watched) {
      if (identity == found->second) return watch;
    }
    if (watched.size() >= limit) return -ENOSPC;
    watched[++last_watch] = found->second;
    return last_watch;
  }
  void remove(int watch) override { watched.erase(watch); }
  std::vector<Entry> list(const std::string& path) override {
    std::vector<Entry> entries;
    auto add_if_child = [&](const std::string& child, bool directory) {
      auto slash = child.rfind('/');
      std::string parent = slash == 0 ? "/" : child.substr(0, slash);
      if (child != "/" && parent == path) entries.push_back({child.substr(slash + 1), directory});
    };
    for (const auto& [child, identity] : directories) add_if_child(child, true);
    for (const auto& child : files) add_if_child(child, false);
    return entries;
  }
  bool is_link(const std::string& path) override { return links.contains(path); }

  void make(const std::string& path) { directories[path] = ++last_identity; }
  void remove_directory(const std::string& path) {
    std::erase_if(directories, [&](const auto& entry) { return (entry.first + "/").starts_with(path + "/"); });
    std::erase_if(files, [&](const auto& file) { return file.starts_with(path + "/"); });
  }
  int watch_of(const std::string& path) const {
    for (const auto& [watch, identity] : watched) {
      auto found = directories.find(path);
      if (found != directories.end() && identity == found->second) return watch;
    }
    return -1;
  }

  std::map<std::string, int> directories{{"/", 0}};
  std::set<std::string> files;
  std::set<std::string> links;
  std::map<int, int> watched;
  std::size_t limit = 1000;
  int last_watch = 0;
  int last_identity = 0;
};

class Watching : public testing::Test {
 protected:
  Watching() {
    for (const char* path : {"/app", "/app/src", "/app/src/deep", "/app/node_modules", "/app/node_modules/x"}) {
      kernel.make(path);
    }
  }
  void event(const std::string& folder, std::uint32_t mask, const std::string& name = "") {
    int watch = kernel.watch_of(folder);
    ASSERT_GE(watch, 0) << folder << " is not watched";
    tree.handle({watch, mask, name});
  }
  std::set<std::string> changes() {
    Changes taken = tree.take();
    EXPECT_FALSE(taken.overflow);
    return taken.paths;
  }

  using Paths = std::set<std::string>;
  FakeWatches kernel;
  InotifyTree tree{kernel, {"/app"}, [](std::string_view name) { return name == "node_modules"; }};
};

using Watcher = Watching;

TEST_F(Watcher, WatchesEveryFolderThatIsNotSkipped) {
  ASSERT_TRUE(tree.start());
  EXPECT_GE(kernel.watch_of("/app/src/deep"), 0);
  EXPECT_LT(kernel.watch_of("/app/node_modules"), 0);
  EXPECT_FALSE(tree.changed());
}

TEST_F(Watcher, CountsWhatChangesContents) {
  ASSERT_TRUE(tree.start());
  kernel.links.insert("/app/link");
  event("/app/src", IN_CREATE, "fresh.js");  // will be written and closed
  EXPECT_FALSE(tree.changed());
  event("/app/src", IN_CLOSE_WRITE, "a.js");
  event("/app/src/deep", IN_MOVED_TO, "b.js");
  event("/app", IN_DELETE, "c.js");
  event("/app", IN_CREATE, "link");
  EXPECT_EQ(changes(), (Paths{"/app/src/a.js", "/app/src/deep/b.js", "/app/c.js", "/app/link"}));
  EXPECT_FALSE(tree.changed());
}

TEST_F(Watcher, ReportsWhatANewFolderHoldsByThen) {
  ASSERT_TRUE(tree.start());
  kernel.make("/app/lib");
  kernel.make("/app/lib/node_modules");
  kernel.make("/app/lib/more");
  kernel.files = {"/app/lib/a.js", "/app/lib/more/b.js"};
  event("/app", IN_CREATE | IN_ISDIR, "lib");
  EXPECT_EQ(changes(), (Paths{"/app/lib", "/app/lib/a.js", "/app/lib/more", "/app/lib/more/b.js"}));
  event("/app/lib/more", IN_CLOSE_WRITE, "b.js");
  EXPECT_EQ(changes(), (Paths{"/app/lib/more/b.js"}));
}

TEST_F(Watcher, FollowsAFolderToItsNewName) {
  ASSERT_TRUE(tree.start());
  kernel.files = {"/app/lib/a.js"};
  kernel.directories["/app/lib"] = kernel.directories["/app/src"];
  kernel.directories["/app/lib/deep"] = kernel.directories["/app/src/deep"];
  kernel.remove_directory("/app/src");
  event("/app", IN_MOVED_FROM | IN_ISDIR, "src");
  event("/app", IN_MOVED_TO | IN_ISDIR, "lib");
  EXPECT_EQ(changes(), (Paths{"/app/src", "/app/lib", "/app/lib/a.js", "/app/lib/deep"}));
  event("/app/lib/deep", IN_CLOSE_WRITE, "x");
  EXPECT_EQ(changes(), (Paths{"/app/lib/deep/x"}));
}

TEST_F(Watcher, StopsWatchingAFolderThatLeft) {
  ASSERT_TRUE(tree.start());
  int src = kernel.watch_of("/app/src");
  event("/app", IN_MOVED_FROM | IN_ISDIR, "src");
  EXPECT_EQ(changes(), (Paths{"/app/src"}));
  tree.handle({src, IN_CLOSE_WRITE, "a.js"});  // was on its way
  EXPECT_FALSE(tree.changed());
  EXPECT_EQ(kernel.watched.size(), 1U);
}

TEST_F(Watcher, FindsARootThatWasRemovedAndCameBack) {
  ASSERT_TRUE(tree.start());
  int root = kernel.watch_of("/app");
  kernel.remove_directory("/app");
  kernel.watched.clear();
  tree.handle({root, IN_DELETE_SELF, ""});
  tree.handle({root, IN_IGNORED, ""});
  EXPECT_EQ(changes(), (Paths{"/app"}));
  kernel.make("/app");
  kernel.make("/app/src");
  kernel.files = {"/app/src/a.js"};
  event("/", IN_CREATE | IN_ISDIR, "app");
  EXPECT_EQ(changes(), (Paths{"/app", "/app/src", "/app/src/a.js"}));
  EXPECT_LT(kernel.watch_of("/"), 0);
  event("/app/src", IN_CLOSE_WRITE, "a.js");
  EXPECT_EQ(changes(), (Paths{"/app/src/a.js"}));
}

TEST_F(Watcher, FindsARootAmongSeveralMissingFolders) {
  kernel.make("/a");
  kernel.make("/a/b");
  kernel.make("/a/b/c");
  InotifyTree deep(kernel, {"/a/b/c"}, [](std::string_view) { return false; });
  ASSERT_TRUE(deep.start());
  int root = kernel.watch_of("/a/b/c");
  kernel.remove_directory("/a");
  kernel.watched.clear();
  deep.handle({root, IN_DELETE_SELF, ""});
  deep.take();
  kernel.make("/a");
  kernel.make("/a/b");
  deep.handle({kernel.watch_of("/"), IN_CREATE | IN_ISDIR, "a"});
  EXPECT_FALSE(deep.changed());
  kernel.make("/a/b/c");
  deep.handle({kernel.watch_of("/a/b"), IN_CREATE | IN_ISDIR, "c"});
  EXPECT_EQ(deep.take().paths, (Paths{"/a/b/c"}));
  EXPECT_EQ(kernel.watched.size(), 1U);
}

TEST_F(Watcher, WatchesAgainARootReplacedBeforeItWasSeen) {
  ASSERT_TRUE(tree.start());
  int root = kernel.watch_of("/app");
  kernel.remove_directory("/app");
  kernel.watched.clear();
  kernel.make("/app");
  kernel.files = {"/app/new.js"};
  tree.handle({root, IN_DELETE_SELF, ""});
  EXPECT_EQ(changes(), (Paths{"/app", "/app/new.js"}));
  event("/app", IN_CLOSE_WRITE, "new.js");
  EXPECT_TRUE(tree.changed());
}

TEST_F(Watcher, RescansAfterQueueOverflow) {
  ASSERT_TRUE(tree.start());
  kernel.remove_directory("/app/src");
  kernel.make("/app/lib");
  tree.handle({-1, IN_Q_OVERFLOW, ""});
  EXPECT_TRUE(tree.take().overflow);
  EXPECT_EQ(kernel.watched.size(), 2U);
  event("/app/lib", IN_CLOSE_WRITE, "a.js");
  EXPECT_EQ(changes(), (Paths{"/app/lib/a.js"}));
}

TEST_F(Watcher, FindsARootMissingAfterAnOverflow) {
  ASSERT_TRUE(tree.start());
  kernel.remove_directory("/app");
  kernel.watched.clear();
  tree.handle({-1, IN_Q_OVERFLOW, ""});
  EXPECT_TRUE(tree.take().overflow);
  kernel.make("/app");
  event("/", IN_CREATE | IN_ISDIR, "app");
  EXPECT_EQ(changes(), (Paths{"/app"}));
}

TEST_F(Watcher, TakesInAnotherFolderLater) {
  kernel.make("/lib");
  kernel.make("/lib/deep");
  ASSERT_TRUE(tree.start());
  ASSERT_TRUE(tree.add_root("/lib"));
  event("/lib/deep", IN_CLOSE_WRITE, "a.js");
  EXPECT_EQ(changes(), (Paths{"/lib/deep/a.js"}));
  ASSERT_TRUE(tree.add_root("/app/src")) << "a root of its own inside another";
  event("/app/src", IN_CLOSE_WRITE, "a.js");
  EXPECT_EQ(changes(), (Paths{"/app/src/a.js"}));
  kernel.directories["/alias"] = kernel.directories["/lib"];
  ASSERT_TRUE(tree.add_root("/alias"));
  event("/lib", IN_CLOSE_WRITE, "b.js");
  EXPECT_EQ(changes(), (Paths{"/lib/b.js"})) << "a folder keeps the name that it was watched by first";
  auto missing = tree.add_root("/nothing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, base::ErrorKind::not_found);
}

TEST_F(Watcher, RefusesAMissingFolder) {
  InotifyTree missing(kernel, {"/nowhere"}, [](std::string_view) { return false; });
  EXPECT_EQ(missing.start().error().kind, base::ErrorKind::not_found);
}

TEST_F(Watcher, NamesTheSysctlAtTheLimitOfWatches) {
  kernel.limit = 2;
  auto started = tree.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, base::ErrorKind::local_resource);
  EXPECT_NE(started.error().hint.find("fs.inotify.max_user_watches"), std::string::npos);
}

TEST_F(Watcher, SaysThatAnythingMayHaveChangedWhenWatchesRunOut) {
  ASSERT_TRUE(tree.start());
  kernel.limit = kernel.watched.size();
  kernel.make("/app/lib");
  event("/app", IN_CREATE | IN_ISDIR, "lib");
  EXPECT_TRUE(tree.take().overflow);
}

}  // namespace
}  // namespace os
