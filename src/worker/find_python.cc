#include "worker/find_python.h"

#include <fmt/format.h>

#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "os/files.h"
#include "os/spawner.h"
#include "worker/folders.h"
#include "worker/tool.h"
#include "worker/versions.h"

namespace worker {

namespace {

using Environment = std::map<std::string, std::string>;

std::string python_in(const std::string& environment) {
  std::string program = environment + "/bin/python";
  return is_file(program) ? program : std::string();
}

// Without asking any tool.
std::string environment_of_project(const std::vector<std::string>& folders, const Environment& own) {
  const auto of_uv = variable(own, "UV_PROJECT_ENVIRONMENT");
  for (const auto& folder : folders) {
    std::vector<std::string> places = {folder + "/.venv", folder + "/venv"};
    if (!of_uv.empty() && is_file(folder + "/uv.lock")) {
      places.insert(places.begin(), of_uv.starts_with('/') ? of_uv : fmt::format("{}/{}", folder, of_uv));
    }
    for (const auto& place : places) {
      if (auto program = python_in(place); !program.empty()) return program;
    }
  }
  return {};
}

std::string active_environment(const Environment& own) {
  const auto active = variable(own, "VIRTUAL_ENV");
  return active.empty() ? active : python_in(active);
}

std::string of_version(const std::string& wanted, const Environment& own) {
  const auto data = variable_or_home(own, "XDG_DATA_HOME", "/.local/share");
  const std::vector<Installations> places = {
      {variable_or_home(own, "PYENV_ROOT", "/.pyenv") + "/versions", "", "bin/python"},
      {variable_or_home(own, "UV_PYTHON_INSTALL_DIR", "/.local/share/uv/python"), "cpython-", "bin/python3", true},
      {variable_or_home(own, "ASDF_DATA_DIR", "/.asdf") + "/installs/python", "", "bin/python"},
      {data + "/mise/installs/python", "", "bin/python"}};
  if (auto found = find_installed(places, wanted); !found.empty()) return found;
  const auto numbers = version_numbers(wanted);
  if (numbers.empty()) return {};
  const auto name =
      numbers.size() == 1 ? fmt::format("python{}", numbers[0]) : fmt::format("python{}.{}", numbers[0], numbers[1]);
  return os::find_program(name, variable(own, "PATH"));
}

// Of the nearest file that names one, and that file.
std::pair<std::string, std::string> wanted_version(const std::vector<std::string>& folders) {
  for (const auto& folder : folders) {
    auto file = folder + "/.python-version";
    if (auto wanted = first_word(file); !wanted.empty()) return {std::move(wanted), std::move(file)};
    file = folder + "/.tool-versions";
    if (auto wanted = tool_version(file, "python"); !wanted.empty()) return {std::move(wanted), std::move(file)};
  }
  return {};
}

bool is_poetry_project(const std::string& folder) {
  if (is_file(folder + "/poetry.lock")) return true;
  const auto project = os::read_file(folder + "/pyproject.toml");
  return project && project->find("[tool.poetry]") != std::string::npos;
}

}  // namespace

PythonChoice find_python(const FunctionCode& code, const std::string& poetry_environment, const Environment& own) {
  const auto folders = folders_up(code.source, code.app_folder);
  PythonChoice choice{.program = environment_of_project(folders, own)};
  if (choice.program.empty()) choice.program = active_environment(own);
  if (choice.program.empty() && !poetry_environment.empty()) choice.program = python_in(poetry_environment);
  if (choice.program.empty()) {
    std::tie(choice.wanted, choice.file) = wanted_version(folders);
    if (!choice.wanted.empty()) choice.program = of_version(choice.wanted, own);
  }
  if (!choice.program.empty()) return {.program = std::move(choice.program)};
  choice.program = os::find_program("python3", variable(own, "PATH"));
  return choice;
}

std::string poetry_project(const FunctionCode& code, const Environment& own) {
  const auto folders = folders_up(code.source, code.app_folder);
  if (!environment_of_project(folders, own).empty() || !active_environment(own).empty()) return {};
  for (const auto& folder : folders) {
    if (is_poetry_project(folder)) return folder;
  }
  return {};
}

std::string install_command(const FunctionCode& code, const std::string& program) {
  for (const auto& folder : folders_up(code.source, code.app_folder)) {
    if (is_file(folder + "/uv.lock")) return fmt::format("cd {} && uv sync", folder);
    if (is_poetry_project(folder)) return fmt::format("cd {} && poetry install", folder);
    if (is_file(folder + "/requirements.txt")) {
      return fmt::format("{} -m pip install -r {}/requirements.txt", program, folder);
    }
  }
  return {};
}

}  // namespace worker
