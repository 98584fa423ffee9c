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

TEST(Contents, AFolderCountsEveryTime) {
  const os::TemporaryDirectory folder("contents-test");
  Contents contents;
  for (int time = 0; time < 2; ++time) {
    EXPECT_THAT(contents.without_same({.paths = {folder.path()}, .overflow = true}).paths, ElementsAre(folder.path()));
  }
}

}  // namespace
}  // namespace worker
