#include "worker/python.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/task_group.h"
#include "os/files.h"
#include "worker/testing/fake_spawner.h"

namespace worker {
namespace {

// An app with a function in functions/api, a PATH with python3 and python3.12, and a home with pyenv's versions.
class FindPython : public ::testing::Test {
 public:
  FindPython() {
    make("bin/python3");
    make("bin/python3.12");
    make("home/.pyenv/versions/3.13.2/bin/python");
    make("app/functions/api/app.py");
  }

  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  void make(const std::string& name, std::string_view text = "") {
    ASSERT_TRUE(os::make_directories(path(name).substr(0, path(name).rfind('/'))));
    ASSERT_TRUE(os::write_file(path(name), text, 0755));
  }
  FunctionCode code(std::string runtime = "python3.12") const {
    return {.function = "Api",
            .runtime = std::move(runtime),
            .handler = "app.handler",
            .source = path("app/functions/api"),
            .app_folder = path("app")};
  }
  std::string found() const { return find_python(code(), own_environment_).substr(folder_.path().size() + 1); }

  os::TemporaryDirectory folder_{"python-test"};
  std::map<std::string, std::string> own_environment_{{"PATH", folder_.path() + "/bin"},
                                                      {"HOME", folder_.path() + "/home"}};
};

TEST_F(FindPython, TakesTheNearestEnvironmentThenTheActiveOneThenTheVersionThenPath) {
  EXPECT_EQ(found(), "bin/python3");
  make("app/.python-version", "# ours\n3.12.1\n");
  EXPECT_EQ(found(), "bin/python3.12");
  make("app/.python-version", "3.13\n");
  EXPECT_EQ(found(), "home/.pyenv/versions/3.13.2/bin/python");
  make("app/.python-version", "3.99\n");
  EXPECT_EQ(found(), "bin/python3") << "what is not there is no reason to fail";
  make("other/bin/python");
  own_environment_["VIRTUAL_ENV"] = path("other");
  EXPECT_EQ(found(), "other/bin/python");
  make("app/venv/bin/python");
  EXPECT_EQ(found(), "app/venv/bin/python");
  make("app/functions/api/.venv/bin/python");
  EXPECT_EQ(found(), "app/functions/api/.venv/bin/python");
}

TEST_F(FindPython, TellsOfAnotherVersionAndRefusesAnOldOne) {
  worker::testing::FakeSpawner spawner;
  boost::asio::io_context loop;
  auto check = [&](std::string output, std::string runtime) {
    spawner.output = std::move(output);
    auto language = make_python(spawner, own_environment_, "/loaders/python");
    std::optional<base::Result<std::string>> result;
    loop.restart();
    base::run_until_done(loop, [](Language& of, FunctionCode with, auto& into) -> awaitable<void> {
      into = co_await of.check(std::move(with));
    }(*language, code(std::move(runtime)), result));
    return *result;
  };
  EXPECT_EQ(check("/opt/python\n3\n12\n", "python3.12"), std::string());
  EXPECT_EQ(check("/opt/python\n3\n11\n", "python3.12"),
            "Api is a python3.12 function and runs on Python 3.11 here (" + path("bin/python3") + ")");
  auto old = check("/opt/python\n3\n9\n", "python3.9");
  ASSERT_FALSE(old);
  EXPECT_NE(old.error().message.find("3.10 is the oldest"), std::string::npos);
  EXPECT_FALSE(check("no python at all\n", "python3.12"));
}

}  // namespace
}  // namespace worker
