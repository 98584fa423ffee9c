#include "worker/find_python.h"

#include <gtest/gtest.h>

#include "os/files.h"

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
  FunctionCode code() const {
    return {.function = "Api",
            .runtime = "python3.12",
            .handler = "app.handler",
            .source = path("app/functions/api"),
            .app_folder = path("app")};
  }
  PythonChoice choice(const std::string& of_poetry = {}) const {
    return find_python(code(), of_poetry, own_environment_);
  }
  std::string found() const { return choice().program.substr(folder_.path().size() + 1); }

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
  EXPECT_EQ(choice().wanted, "3.99");
  EXPECT_EQ(choice().file, path("app/.python-version"));
  make("app/functions/.tool-versions", "nodejs 20.1.0\npython 3.12.4 3.11.1\n");
  EXPECT_EQ(found(), "bin/python3.12");
  EXPECT_EQ(choice().wanted, "");
  make("poetry/bin/python");
  EXPECT_EQ(choice(path("poetry")).program, path("poetry/bin/python"));
  make("other/bin/python");
  own_environment_["VIRTUAL_ENV"] = path("other");
  EXPECT_EQ(found(), "other/bin/python");
  make("app/venv/bin/python");
  EXPECT_EQ(found(), "app/venv/bin/python");
  make("app/functions/api/.venv/bin/python");
  EXPECT_EQ(found(), "app/functions/api/.venv/bin/python");
}

TEST_F(FindPython, TakesTheEnvironmentThatUvIsToldOf) {
  own_environment_["UV_PROJECT_ENVIRONMENT"] = "of-uv";
  make("app/of-uv/bin/python");
  EXPECT_EQ(found(), "bin/python3");
  make("app/uv.lock");
  EXPECT_EQ(found(), "app/of-uv/bin/python");
}

TEST_F(FindPython, AsksPoetryOnlyInItsProjects) {
  EXPECT_EQ(poetry_project(code(), own_environment_), "");
  make("app/pyproject.toml", "[project]\nname = 'shop'\n[tool.poetry]\n");
  EXPECT_EQ(poetry_project(code(), own_environment_), path("app"));
  make("app/.venv/bin/python");
  EXPECT_EQ(poetry_project(code(), own_environment_), "");
}

TEST_F(FindPython, NamesTheCommandThatInstallsPackages) {
  EXPECT_EQ(install_command(code(), "/python"), "");
  make("app/requirements.txt");
  EXPECT_EQ(install_command(code(), "/python"), "/python -m pip install -r " + path("app/requirements.txt"));
  make("app/functions/uv.lock");
  EXPECT_EQ(install_command(code(), "/python"), "cd " + path("app/functions") + " && uv sync");
  make("app/functions/api/poetry.lock");
  EXPECT_EQ(install_command(code(), "/python"), "cd " + path("app/functions/api") + " && poetry install");
}

}  // namespace
}  // namespace worker
