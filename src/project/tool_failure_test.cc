#include "project/tool_failure.h"

#include <gtest/gtest.h>

#include "os/files.h"

namespace project {
namespace {

struct App {
  App() : temporary("livelambda-tool-failure-test"), path(temporary.path()) {
    for (const char* file : {"app.js", "app.py", "stack.ts"}) EXPECT_TRUE(os::write_file(path + "/" + file, ""));
  }
  // "reason @ file:line", the file in the app.
  std::string read(const std::vector<std::string>& lines) const {
    auto failure = read_tool_failure(lines, path);
    if (!failure) return "nothing";
    if (failure->file.empty()) return failure->reason;
    return failure->reason + " @ " + failure->file.substr(path.size() + 1) + ":" + std::to_string(failure->line);
  }

  os::TemporaryDirectory temporary;
  std::string path;
};

TEST(ToolFailure, IsReadFromWhatNodePrints) {
  App app;
  EXPECT_EQ(app.read({app.path + "/app.js:25", "const x = ;", "          ^", "", "SyntaxError: Unexpected token ';'",
                      "    at wrapSafe (node:internal/modules/cjs/loader:1464:18)", "", "Node.js v20.20.2"}),
            "SyntaxError: Unexpected token ';' @ app.js:25");
  EXPECT_EQ(app.read({"node:internal/modules/cjs/loader:1210", "  throw err;", "", "Error: Cannot find module 'x'",
                      "Require stack:"}),
            "Error: Cannot find module 'x'");
  EXPECT_EQ(app.read({"/elsewhere/node_modules/x/a.js:1", "TypeError: no"}), "TypeError: no");
}

TEST(ToolFailure, IsReadFromWhatTypeScriptPrints) {
  App app;
  EXPECT_EQ(app.read({"TSError: ⨯ Unable to compile TypeScript:", "stack.ts(5,3): error TS2322: not assignable."}),
            "TSError: ⨯ Unable to compile TypeScript: stack.ts(5,3): error TS2322: not assignable. @ stack.ts:5");
}

TEST(ToolFailure, IsReadFromWhatPythonPrints) {
  App app;
  EXPECT_EQ(
      app.read({"Traceback (most recent call last):", "  File \"" + app.path + "/app.py\", line 3, in <module>",
                "    nam", "  File \"/usr/lib/python3/x.py\", line 9, in f", "NameError: name 'nam' is not defined"}),
      "NameError: name 'nam' is not defined @ app.py:3");
}

TEST(ToolFailure, IsReadFromWhatServerlessPrints) {
  EXPECT_EQ(App().read({"Environment: linux", "", "Error:", "Cannot resolve serverless.yml: Variables", "", "1 error"}),
            "Error: Cannot resolve serverless.yml: Variables");
}

TEST(ToolFailure, IsNotInventedWhereNoLineTells) {
  EXPECT_EQ(App().read({"something went wrong", "no Errors: here is a word"}), "nothing");
  EXPECT_EQ(App().read({}), "nothing");
  EXPECT_EQ(App().read({"Error: " + std::string(1'000'000, 'x')}), "nothing");
}

}  // namespace
}  // namespace project
