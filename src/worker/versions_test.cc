#include "worker/versions.h"

#include <gtest/gtest.h>

#include "os/files.h"

namespace worker {
namespace {

TEST(Versions, AreNamedByTheirFirstNumbers) {
  EXPECT_TRUE(is_version("v20.11.1", "20"));
  EXPECT_TRUE(is_version("20.11.1", "v20.11.1"));
  EXPECT_FALSE(is_version("20.11.1", "20.1"));
  EXPECT_FALSE(is_version("20", "20.11"));
  EXPECT_FALSE(is_version("20", "lts/iron"));
  EXPECT_TRUE(version_numbers("20..1").empty());
}

TEST(Versions, AreFoundByNumberNotByLetter) {
  const os::TemporaryDirectory folder("versions-test");
  for (const char* name : {"cpython-3.9.1-linux", "cpython-3.10.2-linux", "cpython-3.11.0-linux", "mine"}) {
    ASSERT_TRUE(os::make_directories(folder.path() + "/" + name));
    ASSERT_TRUE(os::write_file(folder.path() + "/" + name + "/python", ""));
  }
  ASSERT_TRUE(os::make_directories(folder.path() + "/cpython-3.12.0-linux"));  // without its program
  const std::vector<Installations> places = {{folder.path() + "/nowhere", "", "python"},
                                             {folder.path(), "cpython-", "python", true}};
  EXPECT_EQ(find_installed(places, "3"), folder.path() + "/cpython-3.11.0-linux/python");
  EXPECT_EQ(find_installed(places, "3.9"), folder.path() + "/cpython-3.9.1-linux/python");
  EXPECT_EQ(find_installed(places, "3.12"), "");
  const std::vector<Installations> plain = {{folder.path(), "", "python"}};
  EXPECT_EQ(find_installed(plain, "mine"), folder.path() + "/mine/python");
}

}  // namespace
}  // namespace worker
