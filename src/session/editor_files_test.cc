#include "session/editor_files.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "os/files.h"

namespace session {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = worker::Debugger::Kind;

DebuggedFunction function(Kind kind, std::string name = "Api") {
  return {.code = {.function = std::move(name),
                   .runtime = "nodejs22.x",
                   .handler = "api.handler",
                   .source = "/home/shop/src",
                   .app_folder = "/home/shop"},
          .debugger = {.kind = kind},
          .port = 9230};
}

std::string text_of(const fs::path& file) {
  return os::read_file(file.string()).value_or("");
}

TEST(EditorFiles, NodeAttachesAgainAfterAReloadAndFindsSources) {
  const auto entry = vscode_configuration(function(Kind::node), "/home");
  EXPECT_EQ(codec::to_text(entry.at("restart")), "true");
  EXPECT_EQ(codec::find_string(entry, "name"), "livelambda: Api");
  EXPECT_THAT(codec::to_text(entry.at("outFiles")),
              HasSubstr("${workspaceFolder}/shop/.livelambda/build/**/*.{js,cjs,mjs}"));
}

TEST(EditorFiles, EveryDebuggerHasAConfigurationOnTheLoopback) {
  for (const Kind kind : {Kind::node, Kind::debugpy, Kind::delve, Kind::jdwp, Kind::lldb}) {
    const std::string text = codec::to_text(vscode_configuration(function(kind), "/home/shop"));
    EXPECT_THAT(text, HasSubstr("127.0.0.1"));
    EXPECT_THAT(text, HasSubstr("9230"));
  }
}

TEST(EditorFiles, JetBrainsConfigurationsAreXml) {
  const std::string text = jetbrains_configuration(function(Kind::jdwp, "A\"<&"));
  EXPECT_THAT(text, HasSubstr("name=\"livelambda: A&quot;&lt;&amp;\" type=\"Remote\""));
  EXPECT_THAT(text, HasSubstr("\"AUTO_RESTART\" value=\"true\""));
  EXPECT_EQ(jetbrains_configuration(function(Kind::lldb)), "");
}

TEST(EditorFiles, AreWrittenOnceWhereTheEditorLooks) {
  os::TemporaryDirectory temporary("editors");
  const fs::path root = temporary.path();
  const std::string app = (root / "apps/shop").string();
  fs::create_directories(app);
  fs::create_directories(root / ".git");
  fs::create_directories(root / ".vscode");
  fs::create_directories(fs::path(app) / ".idea");
  const auto functions = {function(Kind::node, "Nested/Api")};
  const auto launch = (root / ".vscode/launch.json").string();
  const auto idea = (fs::path(app) / ".idea/runConfigurations/livelambda__Nested_Api.xml").string();
  EXPECT_THAT(write_editor_files(functions, app).value(), ElementsAre(launch, idea));
  EXPECT_THAT(text_of(launch), HasSubstr("livelambda: Nested/Api"));
  EXPECT_THAT(write_editor_files(functions, app).value(), ElementsAre());
}

TEST(EditorFiles, AFileThatIsBrokenIsLeftAsItIs) {
  os::TemporaryDirectory temporary("editors");
  const fs::path launch = fs::path(temporary.path()) / ".vscode/launch.json";
  fs::create_directories(launch.parent_path());
  ASSERT_TRUE(os::write_file(launch.string(), "{ oh"));
  const auto result = write_editor_files({function(Kind::node)}, temporary.path());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().file, launch.string());
  EXPECT_EQ(text_of(launch), "{ oh");
}

}  // namespace
}  // namespace session
