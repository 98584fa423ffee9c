#include "worker/sdk_cache.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "base/task_group.h"
#include "os/files.h"
#include "worker/testing/fake_spawner.h"

namespace worker {
namespace {

struct SdkCache : ::testing::Test {
  base::Result<> fetch_now() {
    base::Result<> result;
    boost::asio::io_context loop;
    base::run_until_done(loop, [](SdkCache& of, base::Result<>& into) -> awaitable<void> {
      into = co_await fetch(of.spawner, of.download, {{"PATH", "/bin"}});
    }(*this, result));
    return result;
  }
  std::size_t entries() const {
    std::size_t count = 0;
    for (const auto& ignored [[maybe_unused]] : std::filesystem::directory_iterator(home.path())) ++count;
    return count;
  }

  os::TemporaryDirectory home{"livelambda-test"};
  testing::FakeSpawner spawner;
  const Download download{"boto3", home.path() + "/boto3", {"/bin/pip", "install", "--target", ".", "boto3"}};
};

TEST_F(SdkCache, IsWhereXdgSaysOrBelowTheHomeFolder) {
  EXPECT_EQ(cache_folder({{"HOME", "/home/u"}}), "/home/u/.cache/livelambda");
  EXPECT_EQ(cache_folder({{"HOME", "/home/u"}, {"XDG_CACHE_HOME", "/var/c"}}), "/var/c/livelambda");
  EXPECT_EQ(cache_folder({{"HOME", "/home/u"}, {"XDG_CACHE_HOME", "relative"}}), "/home/u/.cache/livelambda");
  EXPECT_EQ(cache_folder({}), "");
}

TEST_F(SdkCache, RunsTheCommandInAFolderThatThenGetsItsName) {
  ASSERT_TRUE(fetch_now());
  ASSERT_EQ(spawner.spawned.size(), 1u);
  const auto& spawned = spawner.spawned.front();
  EXPECT_EQ(spawned.command.back(), "boto3");
  EXPECT_TRUE(spawned.directory.starts_with(download.folder + "."));
  EXPECT_TRUE(std::filesystem::is_directory(download.folder));
  EXPECT_EQ(entries(), 1u);
}

TEST_F(SdkCache, FetchesNothingThatIsThere) {
  std::filesystem::create_directory(download.folder);
  ASSERT_TRUE(fetch_now());
  EXPECT_TRUE(spawner.spawned.empty());
}

TEST_F(SdkCache, LeavesNothingOfACommandThatFailedAndSaysWhatItSaid) {
  spawner.output = "no such package\n";
  spawner.status = {.code = 1};
  const auto fetched = fetch_now();
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().kind, base::ErrorKind::local_resource);
  EXPECT_EQ(fetched.error().message, "boto3 could not be fetched:\nno such package\n");
  EXPECT_EQ(entries(), 0u);
}

}  // namespace
}  // namespace worker
