#include "os/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace os {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat about{};
  EXPECT_EQ(::stat(path.c_str(), &about), 0);
  return about.st_mode & 07777;
}

TEST(Files, ReadsWhatWasWritten) {
  TemporaryDirectory folder("files-test");
  std::string path = folder.path() + "/file";
  std::string content(300'000, 'x');
  content[1000] = '\0';
  ASSERT_TRUE(write_file(path, content, 0640));
  EXPECT_TRUE(read_file(path).value() == content);
  EXPECT_EQ(mode_of(path), 0640U);
  ASSERT_TRUE(write_file(path, "", 0755));
  EXPECT_EQ(read_file(path).value(), "");
  EXPECT_EQ(mode_of(path), 0755U);
}

TEST(Files, LeavesNoTemporaryFileBehind) {
  TemporaryDirectory folder("files-test");
  std::filesystem::create_directories(folder.path() + "/taken/full");
  EXPECT_FALSE(write_file(folder.path() + "/taken", "x"));
  EXPECT_FALSE(write_file(folder.path() + "/missing/file", "x"));
  ASSERT_TRUE(write_file(folder.path() + "/file", "x"));
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) names.insert(entry.path().filename());
  EXPECT_EQ(names, (std::set<std::string>{"file", "taken"}));
}

TEST(Files, ReadsFilesOfUnknownSize) {
  EXPECT_TRUE(read_file("/proc/sys/fs/inotify/max_queued_events").value().ends_with('\n')) << "to be had at once only";
  EXPECT_NE(read_file("/proc/self/status").value().find("Pid:"), std::string::npos);
}

TEST(Files, TellsAMissingFileFromOtherFailures) {
  auto missing = read_file("/nonexistent/file");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, base::ErrorKind::not_found);
  EXPECT_EQ(missing.error().file, "/nonexistent/file");
  EXPECT_EQ(read_file("/").error().kind, base::ErrorKind::local_resource);
}

TEST(Files, MakesFoldersOnTheWay) {
  TemporaryDirectory folder("files-test");
  std::string path = folder.path() + "/a/b/c";
  ASSERT_TRUE(make_directories(path, 0700));
  EXPECT_EQ(mode_of(path), 0700U);
  EXPECT_TRUE(make_directories(path + "/"));
  ASSERT_TRUE(write_file(path + "/file", ""));
  EXPECT_FALSE(make_directories(path + "/file/d"));
}

TEST(Files, RemovesATemporaryDirectoryWithItsContents) {
  std::string path;
  {
    TemporaryDirectory folder("files-test");
    path = folder.path();
    EXPECT_EQ(mode_of(path), 0700U);
    ASSERT_TRUE(make_directories(path + "/a/b"));
    ASSERT_TRUE(write_file(path + "/a/b/file", "x"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace os
