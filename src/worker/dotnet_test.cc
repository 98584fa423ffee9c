#include "worker/dotnet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/task_group.h"
#include "os/files.h"
#include "worker/testing/fake_spawner.h"

namespace worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DotnetApp : public ::testing::Test {
 public:
  DotnetApp() {
    make("bin/dotnet");
    make("app/Shop.csproj");
    make("app/Models/Order.cs");
    make("app/obj/project.assets.json");
  }

  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  void make(const std::string& name) {
    ASSERT_TRUE(os::make_directories(path(name).substr(0, path(name).rfind('/'))));
    ASSERT_TRUE(os::write_file(path(name), "", 0755));
  }
  FunctionCode code() const {
    return {.function = "Fn", .runtime = "dotnet8", .handler = "Shop", .source = path("app")};
  }
  BuildResult build(Language& language) {
    boost::asio::io_context loop;
    std::optional<BuildResult> result;
    base::run_until_done(loop, [](Language& of, FunctionCode with, std::string into, auto& out) -> awaitable<void> {
      out = co_await of.build(std::move(with), std::move(into));
    }(language, code(), path("builds/Fn"), result));
    return *result;
  }

  os::TemporaryDirectory folder_{"dotnet-test"};
  worker::testing::FakeSpawner spawner_;
  std::map<std::string, std::string> own_environment_{{"PATH", folder_.path() + "/bin"}};
};

TEST_F(DotnetApp, IsBuiltIntoAFolderOfItsOwnAndRunAsItsAssembly) {
  auto language = make_dotnet(spawner_, own_environment_);
  EXPECT_EQ(language->layout_inputs(code()), (std::set<std::string>{path("app/"), path("app/Models/")}));
  auto built = build(*language);
  EXPECT_FALSE(built.ok);
  EXPECT_THAT(built.output, HasSubstr("no Shop.dll"));
  make("builds/Fn/2/Shop.dll");
  EXPECT_TRUE(build(*language).ok);
  EXPECT_EQ(spawner_.spawned.at(1).command.back(), path("builds/Fn/2"));
  EXPECT_THAT(language->program(code(), path("builds/Fn"), 0).command,
              ElementsAre(path("bin/dotnet"), path("builds/Fn/2/Shop.dll")));
}

TEST_F(DotnetApp, IsSaidToBeExperimental) {
  boost::asio::io_context loop;
  std::string said;
  auto language = make_dotnet(spawner_, own_environment_);
  base::run_until_done(loop, [](Language& of, FunctionCode with, std::string& out) -> awaitable<void> {
    out = (co_await of.check(std::move(with))).value();
  }(*language, code(), said));
  EXPECT_THAT(said, HasSubstr("experimental"));
}

}  // namespace
}  // namespace worker
