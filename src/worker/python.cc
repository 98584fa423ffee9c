#include "worker/python.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "os/files.h"
#include "worker/build_command.h"
#include "worker/folders.h"
#include "worker/tool.h"

namespace worker {

namespace {

namespace fs = std::filesystem;

constexpr int kOldestMinor = 10;
constexpr const char* kHint = "install Python 3.10 or later, or make a virtual environment in .venv";
constexpr const char* kQuestion =
    "import sys; print(sys.executable, sys.version_info[0], sys.version_info[1], sep='\\n')";

struct Interpreter {
  std::string program;  // itself, where what was found is a shim or a link to it
  int major = 0;
  int minor = 0;
};

std::optional<Interpreter> parse_answer(std::string_view text) {
  std::vector<std::string> lines;
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  if (lines.size() != 3 || !lines[0].starts_with('/')) return std::nullopt;
  const auto major = parse_number(lines[1]);
  const auto minor = parse_number(lines[2]);
  if (!major || !minor) return std::nullopt;
  return Interpreter{lines[0], *major, *minor};
}

// The wanted version, "3.12.4" or "3.12", of a .python-version: its first line that says something.
std::string wanted_version(const fs::path& file) {
  auto text = os::read_file(file.string());
  if (!text) return {};
  std::string_view rest = *text;
  while (!rest.empty()) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos || line[begin] == '#') continue;
    line = line.substr(begin);
    return std::string(line.substr(0, line.find_first_of(" \t\r")));
  }
  return {};
}

std::string of_version(const std::string& wanted, const std::map<std::string, std::string>& own_environment) {
  std::string pyenv = variable(own_environment, "PYENV_ROOT");
  if (pyenv.empty()) pyenv = variable(own_environment, "HOME") + "/.pyenv";
  std::string best;
  std::error_code error;
  for (fs::directory_iterator at(pyenv + "/versions", error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name != wanted && !name.starts_with(wanted + ".")) continue;
    const std::string program = (at->path() / "bin/python").string();
    if (is_file(program) && program > best) best = program;
  }
  if (!best.empty()) return best;
  const auto second_dot = wanted.find('.', wanted.find('.') + 1);
  return os::find_program("python" + wanted.substr(0, second_dot), variable(own_environment, "PATH"));
}

class Python final : public Language {
 public:
  Python(os::Spawner& spawner, std::map<std::string, std::string> own_environment, std::string loader_folder)
      : spawner_(spawner), own_environment_(std::move(own_environment)), loader_folder_(std::move(loader_folder)) {}

  bool runs(const FunctionCode& code) const override { return code.runtime.starts_with("python"); }
  bool is_built(const FunctionCode& code) const override { return !code.build_command.empty(); }
  awaitable<BuildResult> build(FunctionCode code, std::string) override {
    co_return co_await run_build_command(spawner_, own_environment_, std::move(code));
  }

  awaitable<base::Result<std::string>> check(FunctionCode code) override {
    const std::string found = find_python(code, own_environment_);
    if (found.empty()) {
      co_return base::fail(base::ErrorKind::local_resource, "Python was not found: there is no `python3` on PATH",
                           kHint);
    }
    CO_TRY(auto interpreter, co_await ask(found));
    const std::string version = fmt::format("{}.{}", interpreter.major, interpreter.minor);
    if (interpreter.major != 3 || interpreter.minor < kOldestMinor) {
      co_return base::fail(
          base::ErrorKind::local_resource,
          fmt::format("{} is Python {}, and 3.{} is the oldest that can be used", found, version, kOldestMinor), kHint);
    }
    if (code.runtime == "python" + version) co_return std::string();
    co_return fmt::format("{} is a {} function and runs on Python {} here ({})", code.function, code.runtime, version,
                          found);
  }

  Program program(const FunctionCode& code, const std::string&, std::uint16_t) const override {
    const auto known = interpreters_.find(find_python(code, own_environment_));
    const std::string interpreter = known == interpreters_.end() ? std::string("python3") : known->second.program;
    return {.command = {interpreter, loader_folder_ + "/bootstrap.py"},
            .task_root = code.source,
            .runtime_folder = loader_folder_};
  }

 private:
  awaitable<base::Result<Interpreter>> ask(std::string found) {
    if (auto known = interpreters_.find(found); known != interpreters_.end()) co_return known->second;
    CO_TRY(auto answer,
           co_await run_tool(spawner_, {.command = {found, "-c", kQuestion}, .environment = own_environment_}));
    auto interpreter = answer.ok ? parse_answer(answer.text) : std::nullopt;
    if (!interpreter) {
      co_return base::fail(base::ErrorKind::local_resource,
                           fmt::format("{} does not run Python: {}", found, answer.text), kHint);
    }
    co_return interpreters_[found] = *interpreter;
  }

  os::Spawner& spawner_;
  std::map<std::string, std::string> own_environment_;
  std::string loader_folder_;
  std::map<std::string, Interpreter> interpreters_;  // by the path that was found
};

}  // namespace

std::unique_ptr<Language> make_python(os::Spawner& spawner, std::map<std::string, std::string> own_environment,
                                      std::string loader_folder) {
  return std::make_unique<Python>(spawner, std::move(own_environment), std::move(loader_folder));
}

std::string find_python(const FunctionCode& code, const std::map<std::string, std::string>& own_environment) {
  const auto folders = folders_up(code.source, code.app_folder);
  for (const auto& folder : folders) {
    for (const char* name : {".venv", "venv"}) {
      std::string program = fmt::format("{}/{}/bin/python", folder, name);
      if (is_file(program)) return program;
    }
  }
  if (const std::string active = variable(own_environment, "VIRTUAL_ENV"); !active.empty()) {
    std::string program = active + "/bin/python";
    if (is_file(program)) return program;
  }
  for (const auto& folder : folders) {
    const std::string wanted = wanted_version(folder + "/.python-version");
    if (wanted.empty()) continue;
    if (std::string program = of_version(wanted, own_environment); !program.empty()) return program;
    break;
  }
  return os::find_program("python3", variable(own_environment, "PATH"));
}

}  // namespace worker
