#include "project/app_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "os/files.h"

namespace project {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTemplate = R"(
Resources:
  Api:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs22.x, Handler: api.handler, CodeUri: .}
)";

struct Folder {
  Folder() : temporary("livelambda-app-folder-test") {
    path = temporary.path() + "/my-app";
    EXPECT_TRUE(os::make_directories(path));
  }
  void write(const std::string& name, std::string_view content) {
    auto written = os::write_file(path + "/" + name, content);
    EXPECT_TRUE(written) << written.error().message;
  }
  AppFolder open(const std::optional<std::string>& stage = {}, std::string_view user = "tom") {
    auto folder = open_app_folder(path, stage, user);
    if (folder) return std::move(*folder);
    ADD_FAILURE() << folder.error().message;
    return {};
  }
  base::Error error(const std::optional<std::string>& stage = {}) {
    auto folder = open_app_folder(path, stage, "tom");
    if (!folder) return folder.error();
    ADD_FAILURE() << "no error";
    return {};
  }

  os::TemporaryDirectory temporary;
  std::string path;
};

TEST(AppFolder, FindsTheTemplateAndTheStage) {
  Folder folder;
  folder.write("template.yaml", kTemplate);
  auto opened = open_app_folder(folder.path + "/.", std::nullopt, "tom.b");
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->path, std::filesystem::canonical(folder.path).string());
  EXPECT_EQ(opened->stage, "tom-b");
  EXPECT_EQ(opened->framework, app::Framework::cloudformation);
  EXPECT_EQ(opened->entry_file, opened->path + "/template.yaml");
  EXPECT_EQ(opened->state("x"), opened->path + "/.livelambda/x");
}

TEST(AppFolder, TellsFrameworksByTheirFiles) {
  Folder folder;
  folder.write("template.yaml", kTemplate);
  folder.write("serverless.yml", "service: x\n");
  EXPECT_EQ(folder.open().framework, app::Framework::serverless);
  folder.write("cdk.json", "{}");
  EXPECT_EQ(folder.open().framework, app::Framework::cdk);
  auto named = open_app_folder(folder.path, {}, "tom", folder.path + "/template.yaml");
  ASSERT_TRUE(named) << named.error().message;
  EXPECT_EQ(named->framework, app::Framework::cloudformation);
}

TEST(AppFolder, TakesTheTemplateThatSamWasTold) {
  Folder folder;
  folder.write("template.yaml", kTemplate);
  folder.write("app.yaml", kTemplate);
  folder.write("samconfig.toml", "[default.global.parameters]\ntemplate_file = \"app.yaml\"\n");
  EXPECT_EQ(folder.open().entry_file, folder.path + "/app.yaml");
  folder.write("samconfig.toml", "[default.deploy.parameters]\ntemplate_file = \".aws-sam/build/template.yaml\"\n");
  EXPECT_EQ(folder.open().entry_file, folder.path + "/template.yaml");
}

TEST(AppFolder, RemembersTheStage) {
  Folder folder;
  folder.write("template.json", R"({"Resources":{"Topic":{"Type":"AWS::SNS::Topic"}}})");
  ASSERT_TRUE(folder.open("dev-tom", "tom").remember("shop"));
  EXPECT_EQ(folder.open({}, "tom").stage, "dev-tom");
  EXPECT_EQ(folder.open("other", "tom").stage, "other");
  EXPECT_EQ(folder.open({}, "somebody").stage, "dev-tom") << "nothing was deployed to the other";
}

TEST(AppFolder, KeepsItsStateOutOfGitAndToItself) {
  Folder folder;
  folder.write("template.yaml", kTemplate);
  ASSERT_TRUE(open_app_folder(folder.path, {}, "tom"));
  EXPECT_EQ(os::read_file(folder.path + "/.livelambda/.gitignore").value(), "*\n");
  struct stat about{};
  ASSERT_EQ(::stat((folder.path + "/.livelambda").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0700U);
}

TEST(AppFolder, SaysWhatItKeepsWhereItMayNotWrite) {
  Folder folder;
  folder.write("template.yaml", kTemplate);
  folder.write(".livelambda", "a file in its place");
  EXPECT_THAT(folder.error().hint, HasSubstr("has to be writable"));
}

TEST(AppFolder, NeedsATemplate) {
  Folder folder;
  base::Error error = folder.error();
  EXPECT_EQ(error.kind, base::ErrorKind::invalid_input);
  EXPECT_THAT(error.message, HasSubstr("has no template.yaml"));
  EXPECT_THAT(error.hint, HasSubstr("--app-dir"));
  EXPECT_FALSE(std::filesystem::exists(folder.path + "/.livelambda")) << "a wrong folder is left as it is";
}

TEST(AppFolder, KnowsWhatRemainsOfAnAppWhoseTemplateIsGone) {
  Folder folder;
  folder.write("template.yaml", kTemplate);
  ASSERT_TRUE(folder.open("dev-tom", "tom").remember("shop"));
  EXPECT_EQ(open_remains(folder.path, {}, "tom", {}, {})->entry_file, folder.path + "/template.yaml");
  std::filesystem::remove(folder.path + "/template.yaml");
  auto remains = open_remains(folder.path, {}, "tom", {}, {});
  ASSERT_TRUE(remains);
  EXPECT_EQ(remains->entry_file, "");
  EXPECT_EQ(remains->stage, "dev-tom");
  EXPECT_EQ(remains->known_name(), "shop");
  EXPECT_FALSE(open_remains(folder.path, {}, "tom", folder.path + "/typo.yaml", {}));
}

TEST(AppFolder, HasNoRemainsWhereNothingTellsTheName) {
  Folder folder;
  auto nothing = open_remains(folder.path, {}, "tom", {}, {});
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().kind, base::ErrorKind::invalid_input);
  EXPECT_THAT(nothing.error().hint, HasSubstr("--app"));
  EXPECT_EQ(open_remains(folder.path, "two", "tom", {}, "shop")->stage, "two");
  folder.write("livelambda.yaml", "name: shop\ntemplate: gone.yaml\n");
  EXPECT_EQ(open_remains(folder.path, {}, "tom", {}, {})->known_name(), "shop");
  EXPECT_FALSE(std::filesystem::exists(folder.path + "/.livelambda")) << "the folder is left as it is";
}

TEST(AppFolder, NeedsAFolder) {
  Folder folder;
  folder.write("file", "");
  for (const char* name : {"/file", "/nowhere"}) {
    auto opened = open_app_folder(folder.path + name, {}, "tom");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, base::ErrorKind::usage);
    EXPECT_THAT(opened.error().message, HasSubstr("is not a folder"));
  }
}

TEST(AppFolder, RefusesABadStageAndDoesNotRememberIt) {
  Folder folder;
  folder.write("template.yaml", kTemplate);
  ASSERT_TRUE(folder.open("good").remember("shop"));
  for (const char* stage : {"", "1dev", "dev_tom", "dev tom", "-x", "dev/../x"}) {
    base::Error error = folder.error(stage);
    EXPECT_EQ(error.kind, base::ErrorKind::usage) << stage;
    EXPECT_NE(error.hint, "");
  }
  EXPECT_EQ(folder.open({}, "tom").stage, "good");
}

}  // namespace
}  // namespace project
