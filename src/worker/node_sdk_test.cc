#include "worker/node_sdk.h"

#include <gtest/gtest.h>

#include "os/files.h"

namespace worker {
namespace {

// An app with functions a and b, Node.js with its npm, and a home.
struct NodeSdkTest : ::testing::Test {
  NodeSdkTest() {
    make("node/npm");
    make("app/a/app.mjs", "import '@aws-sdk/client-s3'; import '@smithy/types';");
    make("app/b/app.mjs", "import '@aws-sdk/client-sns';");
  }
  std::string path(const std::string& name) const { return folder.path() + "/" + name; }
  void make(const std::string& name, std::string_view text = "") {
    ASSERT_TRUE(os::make_directories(path(name).substr(0, path(name).rfind('/'))));
    ASSERT_TRUE(os::write_file(path(name), text, 0755));
  }
  FunctionCode code(const std::string& name, const std::string& runtime = "nodejs22.x") const {
    return {.function = name, .runtime = runtime, .handler = "app.handler", .source = path("app/" + name)};
  }
  std::optional<Download> missing() { return sdk.missing({code("a"), code("b")}, path("node/node")); }

  os::TemporaryDirectory folder{"node-sdk-test"};
  NodeSdk sdk{{{"HOME", folder.path() + "/home"}, {"PATH", "/nowhere"}}};
};

TEST_F(NodeSdkTest, FetchesWhatAllFunctionsLackByOneCommand) {
  const auto download = missing();
  ASSERT_TRUE(download);
  EXPECT_EQ(download->what, "@aws-sdk/client-s3, @aws-sdk/client-sns, @smithy/types");
  EXPECT_TRUE(download->folder.starts_with(path("home/.cache/livelambda/nodejs/")));
  EXPECT_EQ(download->command.front(), path("node/npm"));
  const std::vector<std::string> packages(download->command.end() - 3, download->command.end());
  EXPECT_EQ(packages, (std::vector<std::string>{"@aws-sdk/client-s3@3", "@aws-sdk/client-sns@3", "@smithy/types"}));
  EXPECT_EQ(sdk.search_path("a"), "") << "nothing is fetched yet";
}

TEST_F(NodeSdkTest, FetchesNothingThatTheProjectHas) {
  make("app/node_modules/@aws-sdk/client-s3/package.json", "{}");
  make("app/node_modules/@smithy/types/package.json", "{}");
  make("app/b/node_modules/@aws-sdk/client-sns/package.json", "{}");
  EXPECT_FALSE(missing());
  EXPECT_EQ(sdk.search_path("a"), "");
}

TEST_F(NodeSdkTest, FindsInTheCacheWhatWasFetchedBefore) {
  const std::string cache = "home/.cache/livelambda/nodejs/";
  make(cache + "1/node_modules/@aws-sdk/client-s3/package.json", "{}");
  make(cache + "2/node_modules/@smithy/types/package.json", "{}");
  make(cache + "2/node_modules/@aws-sdk/client-sns/package.json", "{}");
  make(cache + "3.0f/node_modules/@aws-sdk/client-sns/package.json", "{}");  // unfinished
  EXPECT_FALSE(missing());
  EXPECT_EQ(sdk.search_path("a"), path(cache + "1/node_modules") + ":" + path(cache + "2/node_modules"));
  EXPECT_EQ(sdk.search_path("b"), path(cache + "2/node_modules"));
  EXPECT_EQ(cached_node_modules({{"HOME", path("home")}}),
            (std::vector<std::string>{path(cache + "1/node_modules"), path(cache + "2/node_modules")}));
}

TEST_F(NodeSdkTest, IsOfVersion2ForOldRuntimes) {
  make("app/a/app.mjs", "const aws = require('aws-sdk'); import '@aws-sdk/client-s3';");
  const auto download = sdk.missing({code("a", "nodejs16.x")}, path("node/node"));
  ASSERT_TRUE(download);
  EXPECT_EQ(download->command.back(), "aws-sdk@2");
}

TEST_F(NodeSdkTest, CannotFetchWithoutNpm) {
  EXPECT_FALSE(sdk.missing({code("a")}, "/nowhere/node"));
}

}  // namespace
}  // namespace worker
