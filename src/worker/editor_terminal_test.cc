#include "worker/editor_terminal.h"

#include <gtest/gtest.h>

namespace worker {
namespace {

const Variables kTerminal = {{"NODE_OPTIONS", " --require \"/x/boot loader.js\" "},
                             {"VSCODE_INSPECTOR_OPTIONS", ":::{}"},
                             {"DEBUGPY_ADAPTER_ENDPOINTS", "/x/endpoint.txt"},
                             {"BUNDLED_DEBUGPY_PATH", "/x/debugpy"}};

TEST(EditorTerminal, TheModuleOfTheDebuggerComesBeforeTheFunctionsOwnOptions) {
  Variables environment = {{"NODE_OPTIONS", "--stack-trace-limit=5"}};
  add_editor_variables(environment, kTerminal, "nodejs22.x");
  EXPECT_EQ(environment["NODE_OPTIONS"], " --require \"/x/boot loader.js\"  --stack-trace-limit=5");
  EXPECT_EQ(environment["VSCODE_INSPECTOR_OPTIONS"], ":::{}");
  EXPECT_FALSE(environment.contains("DEBUGPY_ADAPTER_ENDPOINTS"));
}

TEST(EditorTerminal, PythonIsToldWhereToSayItsAddress) {
  Variables environment;
  add_editor_variables(environment, kTerminal, "python3.12");
  EXPECT_EQ(environment, (Variables{{"DEBUGPY_ADAPTER_ENDPOINTS", "/x/endpoint.txt"}}));
}

TEST(EditorTerminal, OptionsOfATerminalThatDoesNotDebugStayThere) {
  const Variables plain = {{"NODE_OPTIONS", "--max-old-space-size=100"}, {"BUNDLED_DEBUGPY_PATH", "/x/debugpy"}};
  for (const char* runtime : {"nodejs22.x", "python3.12", "java21"}) {
    Variables environment;
    add_editor_variables(environment, plain, runtime);
    EXPECT_TRUE(environment.empty());
    EXPECT_FALSE(editor_attaches(plain, runtime));
  }
  EXPECT_FALSE(editor_attaches(kTerminal, "java21"));
}

TEST(EditorTerminal, ToolsAreNotDebugged) {
  const auto tools = without_editor_variables(kTerminal);
  EXPECT_FALSE(tools.contains("VSCODE_INSPECTOR_OPTIONS"));
  EXPECT_TRUE(tools.contains("BUNDLED_DEBUGPY_PATH"));
}

}  // namespace
}  // namespace worker
