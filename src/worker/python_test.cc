#include "worker/python.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>

#include "base/task_group.h"
#include "os/files.h"
#include "worker/testing/fake_spawner.h"

namespace worker {
namespace {

// An app with a function that imports boto3, and a folder with a program python3, which the fake spawner plays.
class PythonFunctions : public ::testing::Test {
 public:
  PythonFunctions() {
    EXPECT_TRUE(os::make_directories(path("app")));
    EXPECT_TRUE(os::write_file(path("python3"), "", 0755));
    EXPECT_TRUE(os::write_file(path("app/app.py"), "import boto3\n"));
  }
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  FunctionCode code(std::string runtime) const {
    return {.function = "Api", .runtime = std::move(runtime), .handler = "app.handler", .source = path("app")};
  }
  base::Result<std::string> check(std::string output, std::string runtime) {
    spawner_.output = std::move(output);
    language_ = make_python(spawner_, {{"PATH", folder_.path()}, {"HOME", path("home")}}, "/loaders/python");
    std::optional<base::Result<std::string>> result;
    loop_.restart();
    base::run_until_done(loop_, [](Language& of, FunctionCode with, auto& into) -> awaitable<void> {
      into = co_await of.check(std::move(with));
    }(*language_, code(std::move(runtime)), result));
    return *result;
  }
  std::vector<Download> missing() {
    std::vector<Download> downloads;
    loop_.restart();
    base::run_until_done(loop_, [](Language& of, FunctionCode with, auto& into) -> awaitable<void> {
      auto found = co_await of.missing({std::move(with)});
      if (found) into = std::move(*found);
    }(*language_, code("python3.12"), downloads));
    return downloads;
  }
  std::map<std::string, std::string> environment() { return language_->program(code("python3.12"), "", 0).environment; }

  os::TemporaryDirectory folder_{"python-test"};
  boost::asio::io_context loop_;
  worker::testing::FakeSpawner spawner_;
  std::unique_ptr<Language> language_;
};

TEST_F(PythonFunctions, TellOfAnotherVersionAndRefuseAnOldOne) {
  EXPECT_EQ(check("/opt/python\n3\n12\n1\n1\n1\n", "python3.12"), std::string());
  EXPECT_EQ(check("/opt/python\n3\n11\n1\n1\n1\n", "python3.12"),
            "declared python3.12, runs on Python 3.11 here (" + path("python3") + ")");
  auto old = check("/opt/python\n3\n9\n1\n1\n1\n", "python3.9");
  ASSERT_FALSE(old);
  EXPECT_NE(old.error().message.find("3.10 is the oldest"), std::string::npos);
  EXPECT_FALSE(check("no python at all\n", "python3.12"));
}

TEST_F(PythonFunctions, TellOfAVersionThatIsNotInstalled) {
  ASSERT_TRUE(os::write_file(path("app/.python-version"), "3.99\n"));
  EXPECT_EQ(check("/opt/python\n3\n12\n1\n1\n1\n", "python3.12"), "runs on " + path("python3") +
                                                                      " here: " + path("app/.python-version") +
                                                                      " asks for 3.99, which is not installed");
}

TEST_F(PythonFunctions, TakeBoto3FromTheCacheIfTheInterpreterHasItNot) {
  ASSERT_TRUE(check("/opt/python\n3\n12\n1\n1\n1\n", "python3.12"));
  EXPECT_TRUE(missing().empty());
  EXPECT_FALSE(environment().contains("LIVELAMBDA_SDK"));

  ASSERT_TRUE(check("/opt/python\n3\n12\n0\n1\n1\n", "python3.12"));
  const auto downloads = missing();
  ASSERT_EQ(downloads.size(), 1u);
  EXPECT_EQ(downloads[0].folder, path("home/.cache/livelambda/python3.12/boto3"));
  EXPECT_EQ(downloads[0].command,
            (std::vector<std::string>{"/opt/python", "-m", "pip", "install", "--quiet", "--target", ".", "boto3"}));
  EXPECT_EQ(environment().at("LIVELAMBDA_SDK"), downloads[0].folder);

  ASSERT_TRUE(os::make_directories(downloads[0].folder));
  EXPECT_TRUE(missing().empty());
  EXPECT_EQ(environment().at("LIVELAMBDA_SDK"), downloads[0].folder);
}

}  // namespace
}  // namespace worker
