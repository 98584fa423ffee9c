#include "project/origin_mark.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "os/files.h"

namespace project {
namespace {

namespace fs = std::filesystem;

struct App {
  App() : temporary("livelambda-origin-mark-test"), path(temporary.path() + "/repository/app") {
    write("../.git/HEAD", "");
    write("../package-lock.json", "{}");
    write("serverless.yml", "");
    write("node_modules/tool/package.json", R"({"version": "1.0.0"})");
    write("node_modules/tool/run.js", "");
    write("src/api.js", "");
    function.source = ".";
    function.handler = "src/api.handler";
    function.runtime = "nodejs22.x";
    function.live = true;
  }
  void write(const std::string& name, const std::string& content) const {
    const std::string file = path + "/" + name;
    EXPECT_TRUE(os::make_directories(fs::path(file).parent_path().string()));
    EXPECT_TRUE(os::write_file(file, content));
  }
  std::string mark() const {
    std::vector<app::Stack> stacks(1);
    stacks[0].template_file = path + "/serverless.yml";
    stacks[0].functions = {function};
    return origin_mark(workplace(), {.tool = path + "/node_modules/tool/run.js", .ours = ours, .stacks = stacks});
  }
  Workplace workplace() const {
    Workplace made;
    made.folder = {.path = path, .stage = stage, .settings = {}, .entry_file = path + "/serverless.yml"};
    made.environment = environment;
    made.parameters = parameters;
    return made;
  }

  os::TemporaryDirectory temporary;
  std::string path;
  std::string stage = "dev";
  std::string ours;
  std::map<std::string, std::string> environment = {{"AWS_REGION", "eu-west-1"}};
  std::map<std::string, std::string> parameters;
  app::Function function;
};

// Whether the mark is another one after `change`.
template <typename Change>
bool changes(Change change) {
  App app;
  const std::string before = app.mark();
  change(app);
  return app.mark() != before;
}

TEST(OriginMark, IsAnotherOneForWhateverTheAppCouldBeMadeFrom) {
  EXPECT_TRUE(changes([](App& app) { app.write("serverless.yml", "service: x"); }));
  EXPECT_TRUE(changes([](App& app) { app.write("config/dev.yml", ""); }));
  EXPECT_TRUE(changes([](App& app) { app.write("../package-lock.json", "{ }"); }));
  EXPECT_TRUE(changes([](App& app) { app.write("node_modules/tool/package.json", R"({"version": "1.0.1"})"); }));
  EXPECT_TRUE(changes([](App& app) { app.write("node_modules/.package-lock.json", "{}"); }));
  EXPECT_TRUE(changes([](App& app) { app.stage = "other"; }));
  EXPECT_TRUE(changes([](App& app) { app.ours = "hook"; }));
  EXPECT_TRUE(changes([](App& app) { app.parameters["Size"] = "2"; }));
  EXPECT_TRUE(changes([](App& app) { app.environment["AWS_REGION"] = "us-east-1"; }));
  EXPECT_TRUE(changes([](App& app) { app.environment["TABLE"] = "orders"; }));
  EXPECT_TRUE(changes([](App& app) { app.write("src/other.js", ""); }));
}

TEST(OriginMark, IsTheSameForWhatIsNoPartOfTheApp) {
  EXPECT_FALSE(changes([](App& app) { app.write("../.git/HEAD", "x"); }));
  EXPECT_FALSE(changes([](App& app) { app.write(".livelambda/stage", "dev"); }));
  EXPECT_FALSE(changes([](App& app) { app.write("cdk.out/manifest.json", "{}"); }));
  EXPECT_FALSE(changes([](App& app) { app.environment["AWS_SESSION_TOKEN"] = "new"; }));
  EXPECT_FALSE(changes([](App& app) { app.environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"; }));
  EXPECT_FALSE(changes([](App& app) { app.environment["TERM"] = "xterm"; }));
}

TEST(OriginMark, HasTheCodeOfAFunctionUnlessItIsLive) {
  auto edit_code = [](App& app) { app.write("src/api.js", "edited"); };
  EXPECT_FALSE(changes(edit_code));
  App app;
  app.function.live = false;
  const std::string before = app.mark();
  edit_code(app);
  EXPECT_NE(app.mark(), before);
}

}  // namespace
}  // namespace project
