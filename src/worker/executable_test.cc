#include "worker/executable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/task_group.h"
#include "os/files.h"
#include "worker/esbuild.h"
#include "worker/testing/fake_spawner.h"

namespace worker {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class FunctionFolder : public ::testing::Test {
 public:
  void make(const std::string& name) {
    const std::string path = folder_.path() + "/" + name;
    ASSERT_TRUE(os::make_directories(path.substr(0, path.rfind('/'))));
    ASSERT_TRUE(os::write_file(path, ""));
  }
  FunctionCode code(std::string runtime = "provided.al2023", std::string handler = "bootstrap") const {
    return {.function = "Nested/Fn",
            .runtime = std::move(runtime),
            .handler = std::move(handler),
            .source = folder_.path() + "/fn"};
  }
  std::string entry(const FunctionCode& of) const {
    const auto found = bundle_entry(of);
    return found ? found->substr(folder_.path().size() + 1) : "none";
  }

  os::TemporaryDirectory folder_{"sources-test"};
  worker::testing::FakeSpawner spawner_;
};

TEST_F(FunctionFolder, AProgramIsRunAsItsFolderHasIt) {
  auto language = make_executable(spawner_, {});
  auto program = [&](const FunctionCode& of) { return language->program(of, "/builds/fn", 0); };
  make("fn/main.go");
  make("go.mod");
  EXPECT_TRUE(language->is_built(code()));
  EXPECT_THAT(program(code()).command, ElementsAre("/builds/fn/bootstrap"));
  EXPECT_EQ(program(code()).task_root, folder_.path() + "/fn");
  make("fn/bootstrap");
  EXPECT_FALSE(language->is_built(code()));
  EXPECT_THAT(program(code()).command, ElementsAre(folder_.path() + "/fn/bootstrap"));
  auto by_make = code();
  by_make.build_method = "makefile";
  EXPECT_TRUE(language->is_built(by_make));
  EXPECT_EQ(program(by_make).task_root, "/builds/fn");
  auto any = code("dotnet8");
  EXPECT_FALSE(language->runs(any));
  any.run_command = "dotnet run";
  EXPECT_TRUE(language->runs(any));
  EXPECT_FALSE(language->is_built(any));
  EXPECT_THAT(program(any).command, ElementsAre("/bin/sh", "-c", "exec dotnet run"));
}

TEST_F(FunctionFolder, DotNetIsSaidToBeExperimental) {
  auto language = make_executable(spawner_, {});
  auto check = [&](const std::string& runtime) {
    auto any = code(runtime);
    any.run_command = "dotnet run";
    base::Result<std::string> note;
    boost::asio::io_context loop;
    base::run_until_done(loop, [](Language& of, FunctionCode with, auto& into) -> awaitable<void> {
      into = co_await of.check(std::move(with));
    }(*language, std::move(any), note));
    return *note;
  };
  EXPECT_EQ(check("dotnet8"), "experimental: .NET is not run in CI");
  EXPECT_EQ(check("provided.al2023"), "");
}

TEST_F(FunctionFolder, TypeScriptIsBundledAndPlainJavaScriptIsNot) {
  make("fn/a.ts");
  make("fn/b.mjs");
  make("fn/c.js");
  make("fn/c.ts");
  make("fn/src/entry.ts");
  EXPECT_EQ(entry(code("nodejs22.x", "a.handler")), "fn/a.ts");
  EXPECT_EQ(entry(code("nodejs22.x", "b.handler")), "none");
  EXPECT_EQ(entry(code("nodejs22.x", "c.handler")), "none") << "the file that Lambda would load is there";
  EXPECT_EQ(entry(code("nodejs22.x", "none.handler")), "none");
  auto asked = code("nodejs22.x", "b.handler");
  asked.build_method = "esbuild";
  EXPECT_EQ(entry(asked), "fn/b.mjs");
  asked.entry = folder_.path() + "/fn/src/entry.ts";
  EXPECT_EQ(entry(asked), "fn/src/entry.ts");
  asked.build_command = "tsc";
  EXPECT_EQ(entry(asked), "none");
}

TEST(ParseCargoOutput, FindsBinariesAndKeepsWhatIsForPeople) {
  const auto output = parse_cargo_output(
      "warning: unused\n"
      R"({"reason":"compiler-artifact","target":{"name":"serde"},"executable":null})"
      "\n"
      R"({"reason":"compiler-artifact","target":{"name":"orders"},"executable":"/t/debug/orders"})"
      "\n{broken\n"
      R"({"reason":"build-finished","success":true})");
  EXPECT_THAT(output.binaries, ElementsAre(Pair("orders", "/t/debug/orders")));
  EXPECT_EQ(output.text, "warning: unused\n{broken");
}

}  // namespace
}  // namespace worker
