#include "project/local_program.h"

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
  bool found(const app::Function& function = {.logical_id = "F", .runtime = "provided.al2023"}) const {
    return has_local_program(function, folder_.path() + "/app/fn", folder_.path() + "/bin");
  }

  os::TemporaryDirectory folder_{"local-program-test"};
};

TEST_F(LocalProgram, IsABootstrapOrWhatAToolOfThisMachineBuilds) {
  make("app/.git/HEAD");
  EXPECT_FALSE(found());
  make("app/go.mod");
  EXPECT_FALSE(found()) << "there is no Go";
  make("bin/go");
  EXPECT_TRUE(found());
  make("app/fn/Cargo.toml");
  EXPECT_FALSE(found()) << "there is no Cargo";
  make("app/fn/bootstrap");
  EXPECT_TRUE(found());
  EXPECT_FALSE(found({.logical_id = "F", .runtime = "java21"}));
}

TEST_F(LocalProgram, OfAModuleOutsideOfTheRepositoryIsNone) {
  make("bin/go");
  make("go.mod");
  make("app/.git/HEAD");
  EXPECT_FALSE(found());
}

TEST_F(LocalProgram, OfDotnetIsAnAssemblyAndNoClassLibrary) {
  const app::Function function{.logical_id = "F", .runtime = "dotnet8", .handler = "Shop"};
  make("app/fn/Shop.csproj");
  EXPECT_FALSE(found(function)) << "there is no dotnet";
  make("bin/dotnet");
  EXPECT_TRUE(found(function));
  EXPECT_FALSE(found({.logical_id = "F", .runtime = "dotnet8", .handler = "Shop::Shop.Orders::Take"}));
}

TEST_F(LocalProgram, AsTheAppSays) {
  EXPECT_TRUE(found({.logical_id = "F", .runtime = "provided.al2023", .build_command = "make"}));
  const app::Function by_make{.logical_id = "F", .runtime = "provided.al2023", .build_method = "makefile"};
  EXPECT_FALSE(found(by_make));
  make("bin/make");
  make("app/fn/Makefile");
  EXPECT_TRUE(found(by_make));
}

}  // namespace
}  // namespace project
