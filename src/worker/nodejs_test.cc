#include "worker/nodejs.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/task_group.h"
#include "os/files.h"
#include "worker/testing/fake_spawner.h"

namespace worker {
namespace {

TEST(ParseNodeVersion, ReadsWhatNodePrints) {
  const auto version = parse_node_version("v20.19.2\n");
  ASSERT_TRUE(version);
  EXPECT_EQ(version->major, 20);
  EXPECT_EQ(version->minor, 19);
  for (const char* other : {"20.1", "v20", "v.1.2", "v20.1", "v20.x.1", ""})
    EXPECT_FALSE(parse_node_version(other)) << other;
}

// A folder with a program called node, which the fake spawner plays.
class NodeJsCheck : public ::testing::Test {
 public:
  NodeJsCheck() { EXPECT_TRUE(os::write_file(folder_.path() + "/node", "", 0755)); }

  base::Result<std::string> check(Language& language, std::string runtime = "nodejs22.x") {
    std::optional<base::Result<std::string>> result;
    base::run_until_done(
        loop_, [](Language& of, std::string with, std::optional<base::Result<std::string>>& into) -> awaitable<void> {
          into = co_await of.check({.function = "F", .runtime = std::move(with), .handler = "a.b", .source = "/app"});
        }(language, std::move(runtime), result));
    return *result;
  }

  os::TemporaryDirectory folder_{"nodejs-test"};
  boost::asio::io_context loop_;
  worker::testing::FakeSpawner spawner_;
};

TEST_F(NodeJsCheck, AcceptsASufficientVersionAndAsksOnce) {
  spawner_.output = "v22.1.0\n/opt/node\n";
  auto language = make_nodejs(loop_.get_executor(), spawner_, {{"PATH", folder_.path()}}, "/loaders/nodejs");
  EXPECT_EQ(check(*language), std::string());
  EXPECT_EQ(check(*language, "nodejs24.x"), "declared nodejs24.x, runs on Node.js 22 here (/opt/node)");
  EXPECT_EQ(spawner_.spawned.size(), 1U);
  const auto program =
      language->program({.function = "F", .runtime = "nodejs22.x", .handler = "", .source = "/app"}, "", 0);
  EXPECT_EQ(program.command, (std::vector<std::string>{"/opt/node", "/loaders/nodejs/bootstrap.mjs"}));
  EXPECT_EQ(program.task_root, "/app");
}

TEST_F(NodeJsCheck, RefusesAnOldVersion) {
  spawner_.output = "v18.19.0\n/opt/node\n";
  auto language = make_nodejs(loop_.get_executor(), spawner_, {{"PATH", folder_.path()}}, "/loaders/nodejs");
  auto result = check(*language);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, base::ErrorKind::local_resource);
  EXPECT_NE(result.error().message.find("Node.js 18"), std::string::npos);
}

TEST_F(NodeJsCheck, SaysWhenThereIsNone) {
  auto language = make_nodejs(loop_.get_executor(), spawner_, {{"PATH", "/nowhere"}}, "/loaders/nodejs");
  auto result = check(*language);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("PATH"), std::string::npos);
  EXPECT_FALSE(result.error().hint.empty());
}

}  // namespace
}  // namespace worker
