#include "worker/python.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/off_loop.h"
#include "worker/build_command.h"
#include "worker/find_python.h"
#include "worker/folders.h"
#include "worker/sdk_use.h"
#include "worker/tool.h"

namespace worker {

namespace {

constexpr int kOldestMinor = 10;
constexpr const char* kHint = "install Python 3.10 or later, or make a virtual environment in .venv";
constexpr const char* kQuestion =
    "import sys, importlib.util as u\n"
    "print(sys.executable, *sys.version_info[:2], *(int(u.find_spec(m) is not None) for m in ('boto3', 'pip', "
    "'debugpy')), "
    "sep='\\n')";

struct Interpreter {
  std::string program;  // itself, where what was found is a shim or a link to it
  int major = 0;
  int minor = 0;
  bool has_boto3 = false;
  bool has_pip = false;
  bool has_debugpy = false;
};

std::optional<Interpreter> parse_answer(std::string_view text) {
  std::vector<std::string> lines;
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  if (lines.size() != 6 || !lines[0].starts_with('/')) return std::nullopt;
  const auto major = parse_number(lines[1]);
  const auto minor = parse_number(lines[2]);
  if (!major || !minor) return std::nullopt;
  return Interpreter{lines[0], *major, *minor, lines[3] == "1", lines[4] == "1", lines[5] == "1"};
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
    const auto choice = find_python(code, co_await environment_of_poetry(code), own_environment_);
    if (choice.program.empty()) {
      co_return base::fail(base::ErrorKind::local_resource, "Python was not found: there is no `python3` on PATH",
                           kHint);
    }
    CO_TRY(auto interpreter, co_await ask(choice.program));
    const std::string version = fmt::format("{}.{}", interpreter.major, interpreter.minor);
    if (interpreter.major != 3 || interpreter.minor < kOldestMinor) {
      co_return base::fail(base::ErrorKind::local_resource,
                           fmt::format("{} is Python {}, and 3.{} is the oldest that can be used", choice.program,
                                       version, kOldestMinor),
                           kHint);
    }
    interpreters_[code.function] = interpreter;
    std::string warning;
    if (code.runtime != "python" + version) {
      warning = fmt::format("declared {}, runs on Python {} here ({})", code.runtime, version, choice.program);
    }
    if (!choice.wanted.empty()) {
      if (warning.empty()) warning = fmt::format("runs on {} here", choice.program);
      warning += fmt::format(": {} asks for {}, which is not installed", choice.file, choice.wanted);
    }
    co_return warning;
  }

  // boto3 and what it needs; each minor version of Python has its own.
  awaitable<base::Result<std::vector<Download>>> missing(std::vector<FunctionCode> codes) override {
    std::vector<Download> downloads;
    std::map<std::string, bool> uses;  // by folder, which functions share
    for (const auto& code : codes) {
      if (!interpreter_of(code).has_boto3) uses[code.source] = false;
    }
    base::OffLoop off_loop(1);  // it reads all sources of the app
    co_await off_loop.run([&uses] {
      for (auto& [folder, used] : uses) used = uses_boto3(folder) && !is_directory(folder + "/boto3");
    });
    for (const auto& code : codes) {
      lacks_boto3_.erase(code.function);
      const auto& interpreter = interpreter_of(code);
      if (code.debugged && !interpreter.has_debugpy && debugpy_folder(interpreter).empty())
        add_missing(downloads, package(interpreter, "debugpy"));
      if (interpreter.has_boto3 || !uses[code.source]) continue;
      lacks_boto3_.insert(code.function);
      add_missing(downloads, package(interpreter, "boto3"));
    }
    co_return downloads;
  }

  awaitable<base::Result<Debugger>> debugger(FunctionCode code) override {
    const auto& interpreter = interpreter_of(code);
    if (interpreter.has_debugpy || !debugpy_folder(interpreter).empty()) {
      co_return Debugger{.kind = Debugger::Kind::debugpy};
    }
    co_return base::fail(base::ErrorKind::local_resource, fmt::format("{} has no debugpy", interpreter.program),
                         interpreter.program + " -m pip install debugpy");
  }

  Program program(const FunctionCode& code, const std::string&, std::uint16_t debug_port) const override {
    const auto& interpreter = interpreter_of(code);
    Program program{.command = {interpreter.program, loader_folder_ + "/bootstrap.py"},
                    .task_root = code.source,
                    .runtime_folder = loader_folder_};
    if (debug_port != 0) {
      const auto arguments =
          debugpy_arguments(debug_port, interpreter.has_debugpy ? std::string() : debugpy_folder(interpreter));
      program.command.insert(program.command.begin() + 1, arguments.begin(), arguments.end());
    }
    // For the loader, which hides them from the function.
    if (auto command = install_command(code, interpreter.program); !command.empty())
      program.environment["LIVELAMBDA_INSTALL"] = std::move(command);
    if (lacks_boto3_.contains(code.function))
      program.environment["LIVELAMBDA_SDK"] = package(interpreter, "boto3").folder;
    return program;
  }

 private:
  // After check().
  const Interpreter& interpreter_of(const FunctionCode& code) const {
    static const Interpreter kUnknown{.program = "python3"};
    const auto known = interpreters_.find(code.function);
    return known == interpreters_.end() ? kUnknown : known->second;
  }

  static void add_missing(std::vector<Download>& downloads, Download download) {
    if (download.folder.empty() || is_directory(download.folder) || download.command.empty()) return;
    if (std::find(downloads.begin(), downloads.end(), download) == downloads.end()) downloads.push_back(download);
  }

  // Of the user's cache, else the one that VS Code brings along and names in its terminals; "" if there is neither.
  std::string debugpy_folder(const Interpreter& of) const {
    if (auto cached = package(of, "debugpy").folder; is_directory(cached)) return cached + "/debugpy";
    auto bundled = variable(own_environment_, "BUNDLED_DEBUGPY_PATH");
    return is_directory(bundled) ? bundled : std::string();
  }

  // By the interpreter's own pip, else by uv or the pip on PATH, which can do it for another interpreter.
  Download package(const Interpreter& of, const std::string& name) const {
    const auto path = variable(own_environment_, "PATH");
    std::vector<std::string> command;
    if (of.has_pip) {
      command = {of.program, "-m", "pip", "install"};
    } else if (auto uv = os::find_program("uv", path); !uv.empty()) {
      command = {uv, "pip", "install", "--python", of.program};
    } else if (auto pip = os::find_program("pip", path); !pip.empty()) {
      command = {pip, "--python", of.program, "install"};
    }
    if (!command.empty()) command.insert(command.end(), {"--quiet", "--target", ".", name});
    const auto cache = cache_folder(own_environment_);
    return {.what = fmt::format("{} for Python {}.{}", name, of.major, of.minor),
            .folder = cache.empty() ? cache : fmt::format("{}/python{}.{}/{}", cache, of.major, of.minor, name),
            .command = std::move(command)};
  }

  // The virtual environment of the function's Poetry project, wherever Poetry keeps it; "" if there is none.
  awaitable<std::string> environment_of_poetry(FunctionCode code) {
    const auto project = poetry_project(code, own_environment_);
    const auto poetry = os::find_program("poetry", variable(own_environment_, "PATH"));
    if (project.empty() || poetry.empty()) co_return std::string();
    if (auto known = poetry_.find(project); known != poetry_.end()) co_return known->second;
    auto answer = co_await run_tool(spawner_, {.command = {poetry, "env", "info", "--path", "--no-ansi"},
                                               .environment = own_environment_,
                                               .directory = project});
    // Warnings may stand before it.
    std::string environment;
    const auto line = answer && answer->ok ? ("\n" + answer->text).rfind("\n/") : std::string::npos;
    if (line != std::string::npos) environment = answer->text.substr(line, answer->text.find('\n', line) - line);
    co_return poetry_[project] = environment;
  }

  awaitable<base::Result<Interpreter>> ask(std::string found) {
    if (auto known = known_.find(found); known != known_.end()) co_return known->second;
    CO_TRY(auto answer,
           co_await run_tool(spawner_, {.command = {found, "-c", kQuestion}, .environment = own_environment_}));
    auto interpreter = answer.ok ? parse_answer(answer.text) : std::nullopt;
    if (!interpreter) {
      co_return base::fail(base::ErrorKind::local_resource,
                           fmt::format("{} does not run Python: {}", found, answer.text), kHint);
    }
    co_return known_[found] = *interpreter;
  }

  os::Spawner& spawner_;
  std::map<std::string, std::string> own_environment_;
  std::string loader_folder_;
  std::map<std::string, Interpreter> known_;         // by the path that was found
  std::map<std::string, Interpreter> interpreters_;  // by function
  std::map<std::string, std::string> poetry_;        // by project
  std::set<std::string> lacks_boto3_;                // functions
};

}  // namespace

std::unique_ptr<Language> make_python(os::Spawner& spawner, std::map<std::string, std::string> own_environment,
                                      std::string loader_folder) {
  return std::make_unique<Python>(spawner, std::move(own_environment), std::move(loader_folder));
}

}  // namespace worker
