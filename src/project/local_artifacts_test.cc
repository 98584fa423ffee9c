#include "project/local_artifacts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "os/files.h"

namespace project {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = app::LocalArtifact::Kind;

struct Folder {
  Folder() : temporary("livelambda-artifacts-test") {}
  void write(const std::string& name, std::string_view content, mode_t mode = 0644) {
    std::string path = temporary.path() + "/" + name;
    EXPECT_TRUE(os::make_directories(std::filesystem::path(path).parent_path().string()));
    EXPECT_TRUE(os::write_file(path, content, mode));
  }
  std::string template_file() const { return temporary.path() + "/template.yaml"; }
  base::Result<ArtifactContent> read(Kind kind, const std::string& path) const {
    return read_artifact({.kind = kind,
                          .path = path,
                          .logical_id = "Layer",
                          .type = "AWS::Serverless::LayerVersion",
                          .pointer = "/Resources/Layer/Properties/ContentUri",
                          .line = 12},
                         template_file());
  }

  os::TemporaryDirectory temporary;
};

TEST(LocalArtifacts, ZipAFolderWithThePermissionsOfItsFiles) {
  Folder folder;
  folder.write("layer/nodejs/index.js", "code");
  folder.write("layer/run", "#!/bin/sh", 0755);
  folder.write("layer/.git/config", "secret");
  auto content = folder.read(Kind::zip, "./layer");
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_TRUE(content->zipped);
  std::sort(content->entries.begin(), content->entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  ASSERT_EQ(content->entries.size(), 2U);
  EXPECT_EQ(content->entries[0].name, "nodejs/index.js");
  EXPECT_EQ(content->entries[0].mode & 0777U, 0644U);
  EXPECT_EQ(content->entries[1].name, "run");
  EXPECT_EQ(content->entries[1].mode & 0777U, 0755U);
}

TEST(LocalArtifacts, TakeArchivesAndDefinitionsAsTheyAre) {
  Folder folder;
  folder.write("code.zip", "PK");
  folder.write("code.jar", "PK");
  folder.write("api.yaml", "openapi: 3.0.1");
  folder.write("machine", "{}");
  for (const auto& [kind, path, extension] :
       {std::tuple(Kind::zip, "code.zip", "zip"), std::tuple(Kind::zip, "code.jar", "jar"),
        std::tuple(Kind::file, "api.yaml", "yaml"), std::tuple(Kind::file, "machine", "bin")}) {
    auto content = folder.read(kind, path);
    ASSERT_TRUE(content) << path;
    EXPECT_FALSE(content->zipped) << path;
    EXPECT_EQ(content->extension, extension);
    EXPECT_NE(content->file, "");
  }
}

TEST(LocalArtifacts, ZipASingleFileAlone) {
  Folder folder;
  folder.write("src/index.js", "code");
  auto content = folder.read(Kind::zip, "src/index.js");
  ASSERT_TRUE(content);
  EXPECT_TRUE(content->zipped);
  ASSERT_EQ(content->entries.size(), 1U);
  EXPECT_EQ(content->entries[0].name, "index.js");
  EXPECT_EQ(content->entries[0].content, "code");
}

TEST(LocalArtifacts, NameThePlaceOfWhatIsNotThere) {
  Folder folder;
  auto content = folder.read(Kind::zip, "./build");
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().kind, base::ErrorKind::invalid_input);
  EXPECT_THAT(content.error().message, HasSubstr("Layer names ./build"));
  EXPECT_EQ(content.error().file, folder.template_file());
  EXPECT_EQ(content.error().line, 12);
  EXPECT_NE(content.error().hint, "");
}

TEST(LocalArtifacts, LeaveNestedTemplatesToTheirStacks) {
  Folder folder;
  folder.write("nested.yaml", "Resources: {}");
  auto content = folder.read(Kind::template_, "nested.yaml");
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().kind, base::ErrorKind::internal);
}

TEST(LocalArtifacts, FollowLinksAndLeaveOutWhatIsNotForLambda) {
  Folder folder;
  folder.write("shared/tool.js", "tool");
  folder.write("layer/.livelambda/stage", "dev");
  folder.write("layer/.aws-sam/build.toml", "");
  folder.write("layer/.env", "kept");
  namespace fs = std::filesystem;
  fs::create_directory_symlink("../shared", folder.temporary.path() + "/layer/lib");
  auto content = folder.read(Kind::zip, "layer");
  ASSERT_TRUE(content) << content.error().message;
  std::vector<std::string> names;
  for (const auto& entry : content->entries) names.push_back(entry.name);
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("lib/tool.js", ".env"));
}

TEST(LocalArtifacts, NameALinkThatLeadsNowhereOrBack) {
  Folder folder;
  folder.write("layer/code.js", "");
  std::string link = folder.temporary.path() + "/layer/link";
  std::filesystem::create_symlink("nothing", link);
  auto content = folder.read(Kind::zip, "layer");
  ASSERT_FALSE(content);
  EXPECT_THAT(content.error().message, HasSubstr(link + " is a link to nothing"));
  std::filesystem::remove(link);
  std::filesystem::create_directory_symlink(".", link);
  content = folder.read(Kind::zip, "layer");
  ASSERT_FALSE(content);
  EXPECT_THAT(content.error().message, HasSubstr(link + " is a link to a folder above it"));
}

TEST(LocalArtifacts, SayThatCodeIsTooLargeBeforeReadingIt) {
  Folder folder;
  folder.write("layer/model.bin", "");
  std::filesystem::resize_file(folder.temporary.path() + "/layer/model.bin", std::uintmax_t{251} << 20);
  auto content = folder.read(Kind::zip, "layer");
  ASSERT_FALSE(content);
  EXPECT_THAT(content.error().message, HasSubstr("more than 250 MiB unzipped"));
  EXPECT_EQ(content.error().line, 12);
}

}  // namespace
}  // namespace project
