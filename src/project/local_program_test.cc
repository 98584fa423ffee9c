#include "project/local_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/files.h"

namespace project {
namespace {

class LocalProgram : public ::testing::Test {
 public:
  void make(const std::string& name) {
    const std::string path = folder_.path() + "/" + name;
    ASSERT_TRUE(os::make_directories(path.substr(0, path.rfind('/'))));
    ASSERT_TRUE(os::write_file(path, "", 0755));
  }
  std::string lacks(const app::Function& function = {.logical_id = "F", .runtime = "provided.al2023"}) const {
    return why_no_local_program(function, folder_.path() + "/app/fn", folder_.path() + "/bin");
  }

  os::TemporaryDirectory folder_{"local-program-test"};
};

TEST_F(LocalProgram, IsABootstrapOrWhatAToolOfThisMachineBuilds) {
  make("app/.git/HEAD");
  EXPECT_THAT(lacks(), testing::HasSubstr("no bootstrap, go.mod or Cargo.toml"));
  make("app/go.mod");
  EXPECT_EQ(lacks(), "there is no `go` on PATH to build it");
  make("bin/go");
  EXPECT_EQ(lacks(), "");
  make("app/fn/Cargo.toml");
  EXPECT_EQ(lacks(), "there is no `cargo` on PATH to build it");
  make("app/fn/bootstrap");
  EXPECT_EQ(lacks(), "");
  EXPECT_EQ(lacks({.logical_id = "F", .runtime = "go1.x"}), "livelambda does not run go1.x yet");
}

TEST_F(LocalProgram, OfAModuleOutsideOfTheRepositoryIsNone) {
  make("bin/go");
  make("go.mod");
  make("app/.git/HEAD");
  EXPECT_NE(lacks(), "");
}

TEST_F(LocalProgram, OfDotnetIsAnAssemblyAndNoClassLibrary) {
  const app::Function function{.logical_id = "F", .runtime = "dotnet8", .handler = "Shop"};
  EXPECT_EQ(lacks(function), "its folder has no .csproj or .fsproj");
  make("app/fn/Shop.csproj");
  EXPECT_EQ(lacks(function), "there is no `dotnet` on PATH to build it");
  make("bin/dotnet");
  EXPECT_EQ(lacks(function), "");
  EXPECT_THAT(lacks({.logical_id = "F", .runtime = "dotnet8", .handler = "Shop::Shop.Orders::Take"}),
              testing::HasSubstr("no class library of dotnet8"));
}

TEST_F(LocalProgram, AsTheAppSays) {
  EXPECT_EQ(lacks({.logical_id = "F", .runtime = "provided.al2023", .build_command = "make"}), "");
  const app::Function by_make{.logical_id = "F", .runtime = "provided.al2023", .build_method = "makefile"};
  EXPECT_EQ(lacks(by_make), "its folder has no Makefile");
  make("app/fn/Makefile");
  EXPECT_EQ(lacks(by_make), "there is no `make` on PATH to build it");
  make("bin/make");
  EXPECT_EQ(lacks(by_make), "");
}

}  // namespace
}  // namespace project
