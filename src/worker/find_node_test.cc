#include "worker/find_node.h"

#include <gtest/gtest.h>

#include "os/files.h"

namespace worker {
namespace {

// An app with a function in functions/api, a PATH with node, and a home with what version managers keep.
class FindNode : public ::testing::Test {
 public:
  FindNode() {
    make("bin/node");
    make("app/functions/api/app.mjs");
  }

  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  void make(const std::string& name, std::string_view text = "") {
    ASSERT_TRUE(os::make_directories(path(name).substr(0, path(name).rfind('/'))));
    ASSERT_TRUE(os::write_file(path(name), text, 0755));
  }
  NodeChoice choice() const {
    return find_node({.function = "Api",
                      .runtime = "nodejs22.x",
                      .handler = "app.handler",
                      .source = path("app/functions/api"),
                      .app_folder = path("app")},
                     own_environment_);
  }
  std::string found() const { return choice().program.substr(folder_.path().size() + 1); }

  os::TemporaryDirectory folder_{"node-test"};
  std::map<std::string, std::string> own_environment_{{"PATH", folder_.path() + "/bin"},
                                                      {"HOME", folder_.path() + "/home"}};
};

TEST_F(FindNode, TakesPathWhereTheProjectAsksForNothing) {
  EXPECT_EQ(found(), "bin/node");
  EXPECT_TRUE(choice().of_path);
  EXPECT_EQ(choice().wanted, "");
}

TEST_F(FindNode, TakesTheNearestFileAndTheNewestThatItNames) {
  make("home/.nvm/versions/node/v22.9.0/bin/node");
  make("home/.nvm/versions/node/v22.10.1/bin/node");
  make("home/.nvm/versions/node/v24.0.0/bin/node");
  make("app/.nvmrc", "# ours\nv22\n");
  EXPECT_EQ(found(), "home/.nvm/versions/node/v22.10.1/bin/node");
  make("app/functions/.node-version", "22.9.0\n");
  EXPECT_EQ(found(), "home/.nvm/versions/node/v22.9.0/bin/node");
  make("app/functions/api/package.json", R"({"volta": {"node": "24.0.0"}})");
  EXPECT_EQ(found(), "home/.nvm/versions/node/v24.0.0/bin/node");
  EXPECT_FALSE(choice().of_path);
}

TEST_F(FindNode, KnowsWhereVersionManagersKeepThem) {
  make("app/.tool-versions", "python 3.12.1\nnodejs 24.1.0\n");
  for (const char* place :
       {"home/.volta/tools/image/node/24.1.0/bin/node", "home/.local/share/mise/installs/node/24.1.0/bin/node",
        "home/.asdf/installs/nodejs/24.1.0/bin/node", "home/.nodenv/versions/24.1.0/bin/node",
        "home/.local/share/fnm/node-versions/v24.1.0/installation/bin/node"}) {
    make(place);
    EXPECT_EQ(found(), place);
  }
  own_environment_["NVM_DIR"] = path("elsewhere");
  make("elsewhere/versions/node/v24.1.0/bin/node");
  EXPECT_EQ(found(), "elsewhere/versions/node/v24.1.0/bin/node");
}

TEST_F(FindNode, KnowsTheWordsOfNvm) {
  make("home/.nvm/versions/node/v20.19.0/bin/node");
  make("home/.nvm/versions/node/v22.10.1/bin/node");
  make("app/.nvmrc", "lts/iron\n");
  EXPECT_EQ(found(), "home/.nvm/versions/node/v20.19.0/bin/node");
  make("app/.nvmrc", "lts/*\n");
  EXPECT_EQ(found(), "home/.nvm/versions/node/v22.10.1/bin/node");
  make("home/.nvm/alias/lts/*", "lts/old\n");
  make("home/.nvm/alias/lts/old", "v20.19.0\n");
  EXPECT_EQ(found(), "home/.nvm/versions/node/v20.19.0/bin/node");
  make("app/.nvmrc", "system\n");
  EXPECT_EQ(found(), "bin/node");
}

TEST_F(FindNode, FallsBackToPathAndKeepsWhatWasAskedFor) {
  make("home/.nvm/versions/node/v22.10.1/bin/node");
  make("app/.nvmrc", "22.11\n");
  EXPECT_EQ(found(), "bin/node");
  EXPECT_TRUE(choice().of_path);
  EXPECT_EQ(choice().wanted, "22.11");
  EXPECT_EQ(choice().file, path("app/.nvmrc"));
}

}  // namespace
}  // namespace worker
