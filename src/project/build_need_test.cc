#include "project/build_need.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/files.h"

namespace project {
namespace {

using ::testing::HasSubstr;

struct Folder {
  Folder() : temporary("livelambda-build-need-test") {}
  Folder& with(const std::string& name, std::string_view content = "") {
    std::string path = temporary.path() + "/" + name;
    EXPECT_TRUE(os::make_directories(path.substr(0, path.rfind('/'))));
    EXPECT_TRUE(os::write_file(path, content));
    return *this;
  }
  std::optional<BuildNeed> need(const std::string& runtime, const std::string& handler = "app.handler") const {
    return build_need({.logical_id = "Fn", .runtime = runtime, .handler = handler}, temporary.path());
  }
  // "required", "warned" or "none".
  std::string verdict(const std::string& runtime, const std::string& handler = "app.handler") const {
    auto found = need(runtime, handler);
    if (!found) return "none";
    return found->required ? "required" : "warned";
  }

  os::TemporaryDirectory temporary;
};

TEST(BuildNeed, IsNoneOfWhatRunsAsItIs) {
  EXPECT_EQ(Folder().with("app.js").verdict("nodejs22.x"), "none");
  EXPECT_EQ(Folder().with("app.py").with("requirements.txt", "# none\n\n").verdict("python3.13"), "none");
  EXPECT_EQ(Folder().with("bootstrap").with("go.mod").verdict("provided.al2023"), "none");
  EXPECT_EQ(Folder().with("com/acme/Handler.class").verdict("java21"), "none");
  EXPECT_EQ(Folder().with("Acme.dll").verdict("dotnet8"), "none");
}

TEST(BuildNeed, IsRequiredOfLanguagesThatAreCompiled) {
  EXPECT_THAT(Folder().with("go.mod").need("provided.al2023")->why, HasSubstr("Go"));
  EXPECT_THAT(Folder().with("Cargo.toml").need("provided.al2023")->why, HasSubstr("Rust"));
  EXPECT_EQ(Folder().with("main.go").verdict("go1.x"), "required");
  EXPECT_EQ(Folder().with("pom.xml").verdict("java21"), "required");
  EXPECT_EQ(Folder().with("build.gradle.kts").verdict("java21"), "required");
  EXPECT_EQ(Folder().with("Acme.csproj").verdict("dotnet8"), "required");
}

TEST(BuildNeed, IsWhatTheMetadataSays) {
  Folder folder;
  folder.with("app.js");
  app::Function function{.logical_id = "Fn", .runtime = "nodejs22.x", .build_method = "esbuild"};
  auto need = build_need(function, folder.temporary.path());
  ASSERT_TRUE(need);
  EXPECT_TRUE(need->required);
  EXPECT_TRUE(need->by_sam);
  EXPECT_THAT(need->install, HasSubstr("esbuild"));
  function.build_command = "make";
  EXPECT_FALSE(build_need(function, folder.temporary.path()));
}

TEST(BuildNeed, IsNothingThatSamMakesForTypeScriptWithoutABuildMethod) {
  auto need = Folder().with("src/app.ts").need("nodejs22.x", "src/app.handler");
  ASSERT_TRUE(need);
  EXPECT_TRUE(need->required);
  EXPECT_FALSE(need->by_sam);
  EXPECT_EQ(Folder().with("app.ts").with("app.js").verdict("nodejs22.x"), "none");
}

TEST(BuildNeed, IsAWarningWhereOnlyPackagesAreMissing) {
  std::string manifest = R"({"dependencies": {"is-odd": "3"}})";
  EXPECT_EQ(Folder().with("app.js").with("package.json", manifest).verdict("nodejs22.x"), "warned");
  EXPECT_EQ(Folder().with("app.js").with("package.json", manifest).with("node_modules/a/b").verdict("nodejs22.x"),
            "none");
  EXPECT_EQ(Folder().with("app.js").with("package.json", R"({"devDependencies": {"x": "1"}})").verdict("nodejs22.x"),
            "none");
  EXPECT_EQ(Folder().with("requirements.txt", "# packages\nsix==1.17.0\n").verdict("python3.13"), "warned");
  EXPECT_EQ(Folder().with("requirements.txt", "six").with("six-1.17.0.dist-info/RECORD").verdict("python3.13"), "none");
  EXPECT_EQ(Folder().with("Gemfile").verdict("ruby3.4"), "warned");
}

TEST(BuildNeed, IsNoneOfArchives) {
  Folder folder;
  folder.with("fn.jar");
  EXPECT_FALSE(build_need({.logical_id = "Fn", .runtime = "java21"}, folder.temporary.path() + "/fn.jar"));
}

}  // namespace
}  // namespace project
