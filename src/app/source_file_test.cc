#include "app/source_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace app {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> candidates(const char* runtime, const char* handler) {
  return source_candidates({.logical_id = "F", .runtime = runtime, .handler = handler, .source = "code"});
}

TEST(SourceFile, FollowsTheConventionsOfTheRuntime) {
  EXPECT_EQ(candidates("nodejs22.x", "src/app.handler").front(), "code/src/app.js");
  EXPECT_THAT(candidates("nodejs22.x", "src/app.handler"), Contains("code/src/app.tsx"));
  EXPECT_EQ(candidates("nodejs22.x", "src/app.nested.handler").front(), "code/src/app.js");
  EXPECT_THAT(candidates("python3.13", "app.handler"), ElementsAre("code/app.py", "code/app/__init__.py"));
  EXPECT_EQ(candidates("python3.13", "pkg.mod.handler").front(), "code/pkg/mod.py");
  EXPECT_EQ(candidates("python3.13", "pkg/mod.handler").front(), "code/pkg/mod.py");
  EXPECT_THAT(candidates("ruby3.3", "lib/app.Module::Class.process"), ElementsAre("code/lib/app.rb"));
  EXPECT_EQ(candidates("java21", "com.example.App::handleRequest").front(), "code/src/main/java/com/example/App.java");
  EXPECT_EQ(candidates("dotnet8", "Hello::Hello.World.Function::Handle").front(), "code/Function.cs");
  EXPECT_THAT(candidates("provided.al2023", "bootstrap"), Contains("code/main.go"));
  EXPECT_THAT(candidates("fortran77", "a.b"), IsEmpty());
}

TEST(SourceFile, IsTheEntryWhereThereIsOne) {
  EXPECT_THAT(source_candidates({.runtime = "nodejs22.x", .handler = "a.b", .source = "x", .entry = "x/main.ts"}),
              ElementsAre("x/main.ts"));
  EXPECT_THAT(source_candidates({.runtime = "nodejs22.x", .handler = "a.b"}), IsEmpty());
}

}  // namespace
}  // namespace app
