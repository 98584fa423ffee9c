#include "worker/contents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/files.h"

namespace worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Contents, PassesOverWhatHoldsTheSameAsBefore) {
  const os::TemporaryDirectory folder("contents-test");
  const std::string file = folder.path() + "/a.py";
  Contents contents;
  auto left = [&] { return contents.without_same({.paths = {file}}).paths; };
  ASSERT_TRUE(os::write_file(file, "one"));
  EXPECT_THAT(left(), ElementsAre(file)) << "nobody knows what it held before";
  EXPECT_THAT(left(), IsEmpty());
  ASSERT_TRUE(os::write_file(file, "two"));
  EXPECT_THAT(left(), ElementsAre(file));
  os::remove_all(file);
  EXPECT_THAT(left(), ElementsAre(file));
  EXPECT_THAT(left(), IsEmpty());
  ASSERT_TRUE(os::write_file(file, "two"));
  EXPECT_THAT(left(), ElementsAre(file)) << "it is back";
}

TEST(Contents, PassesOverWhatHeldTheSameBeforeItWasWatched) {
  const os::TemporaryDirectory folder("contents-test");
  const std::string file = folder.path() + "/a.py";
  ASSERT_TRUE(os::write_file(file, "one"));
  ASSERT_TRUE(os::make_directories(folder.path() + "/node_modules"));
  ASSERT_TRUE(os::write_file(folder.path() + "/node_modules/b.js", "one"));
  auto left = [&](base::WallTime time) {
    Contents contents;
    contents.learn(Contents::known_before(time, {folder.path()}));
    return contents.without_same({.paths = {file}}).paths;
  };
  const auto now = std::chrono::system_clock::now();
  EXPECT_THAT(left(now + std::chrono::hours(1)), IsEmpty());
  EXPECT_THAT(left(now - std::chrono::hours(1)), ElementsAre(file)) << "it may have been written in the meantime";
  EXPECT_EQ(Contents::known_before(now + std::chrono::hours(1), {folder.path()}).size(), 1U) << "sources only";
}

TEST(Contents, ForgetsAllThatMayHaveChangedUnseen) {
  const os::TemporaryDirectory folder("contents-test");
  const std::string file = folder.path() + "/a.py";
  Contents contents;
  ASSERT_TRUE(os::write_file(file, "one"));
  contents.without_same({.paths = {file}});
  EXPECT_TRUE(contents.without_same({.overflow = true}).overflow);  // it was "two" for a while
  EXPECT_THAT(contents.without_same({.paths = {file}}).paths, ElementsAre(file));
}

TEST(Contents, AFolderCountsEveryTime) {
  const os::TemporaryDirectory folder("contents-test");
  Contents contents;
  for (int time = 0; time < 2; ++time) {
    EXPECT_THAT(contents.without_same({.paths = {folder.path()}, .overflow = true}).paths, ElementsAre(folder.path()));
  }
}

}  // namespace
}  // namespace worker
