#include "worker/nodejs.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/task_group.h"
#include "os/files.h"
#include "worker/testing/fake_spawner.h"

namespace worker {
namespace {

TEST(ParseNodeMajor, ReadsWhatNodePrints) {
  EXPECT_EQ(parse_node_major("v20.20.2\n"), 20);
  EXPECT_EQ(parse_node_major("v9.1.0"), 9);
  EXPECT_EQ(parse_node_major("20.1"), std::nullopt);
  EXPECT_EQ(parse_node_major("v20"), std::nullopt);
  EXPECT_EQ(parse_node_major("v.1"), std::nullopt);
  EXPECT_EQ(parse_node_major(""), std::nullopt);
}

// A folder with a program called node, which the fake spawner plays.
class NodeJsCheck : public ::testing::Test {
 public:
  NodeJsCheck() { EXPECT_TRUE(os::write_file(folder_.path() + "/node", "", 0755)); }

  base::Result<> check(Language& language) {
    std::optional<base::Result<>> result;
    base::run_until_done(loop_, [](Language& of, std::optional<base::Result<>>& into) -> awaitable<void> {
      into = co_await of.check();
    }(language, result));
    return *result;
  }

  os::TemporaryDirectory folder_{"nodejs-test"};
  boost::asio::io_context loop_;
  worker::testing::FakeSpawner spawner_;
};

TEST_F(NodeJsCheck, AcceptsASufficientVersionAndAsksOnce) {
  spawner_.output = "v22.1.0\n";
  auto language = make_nodejs(spawner_, {{"PATH", folder_.path()}}, "/loaders/nodejs");
  EXPECT_TRUE(check(*language));
  EXPECT_TRUE(check(*language));
  ASSERT_EQ(spawner_.spawned.size(), 1U);
  EXPECT_EQ(spawner_.spawned[0].command, (std::vector<std::string>{folder_.path() + "/node", "--version"}));
  EXPECT_EQ(language->command(), (std::vector<std::string>{folder_.path() + "/node", "/loaders/nodejs/bootstrap.mjs"}));
}

TEST_F(NodeJsCheck, RefusesAnOldVersion) {
  spawner_.output = "v18.19.0\n";
  auto language = make_nodejs(spawner_, {{"PATH", folder_.path()}}, "/loaders/nodejs");
  auto result = check(*language);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, base::ErrorKind::local_resource);
  EXPECT_NE(result.error().message.find("Node.js 18"), std::string::npos);
}

TEST_F(NodeJsCheck, SaysWhenThereIsNone) {
  auto language = make_nodejs(spawner_, {{"PATH", "/nowhere"}}, "/loaders/nodejs");
  auto result = check(*language);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("PATH"), std::string::npos);
  EXPECT_FALSE(result.error().hint.empty());
}

}  // namespace
}  // namespace worker
