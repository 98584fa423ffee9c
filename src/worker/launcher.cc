#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "os/files.h"
#include "worker/builds.h"
#include "worker/dotnet.h"
#include "worker/editor_terminal.h"
#include "worker/environment.h"
#include "worker/executable.h"
#include "worker/java.h"
#include "worker/language.h"
#include "worker/layers.h"
#include "worker/nodejs.h"
#include "worker/own_tmp.h"
#include "worker/python.h"
#include "worker/ruby.h"
#include "worker/worker.h"
#include "worker/worker_process.h"

namespace worker {

namespace asio = boost::asio;

namespace {

class ProcessLauncher final : public Launcher {
 public:
  ProcessLauncher(asio::any_io_executor executor, os::Spawner& spawner, const base::Clock& clock,
                  LauncherOptions options)
      : executor_(std::move(executor)), spawner_(spawner), clock_(clock), options_(std::move(options)) {
    if (!options_.tmp.empty()) os::remove_all(options_.tmp);  // of a session that was killed
    const auto tools = without_editor_variables(options_.own_environment);
    languages_.push_back(make_executable(spawner_, tools));
    languages_.push_back(make_nodejs(executor_, spawner_, tools, options_.loaders + "/nodejs"));
    languages_.push_back(make_python(spawner_, tools, options_.loaders + "/python"));
    languages_.push_back(make_ruby(spawner_, tools, options_.loaders + "/ruby"));
    languages_.push_back(make_dotnet(spawner_, options_.own_environment));
    languages_.push_back(make_java(spawner_, tools, options_.loaders + "/java"));
  }

  awaitable<base::Result<std::string>> check(FunctionCode code) override {
    CO_TRY(auto* language, find_language(code));
    co_return co_await language->check(std::move(code));
  }

  awaitable<base::Result<std::vector<Download>>> missing(std::vector<FunctionCode> codes) override {
    std::map<Language*, std::vector<FunctionCode>> by_language;
    for (FunctionCode& code : codes) {
      CO_TRY(auto* language, find_language(code));
      by_language[language].push_back(std::move(code));
    }
    std::vector<Download> missing;
    for (const auto& language : languages_) {
      auto its = by_language.extract(language.get());
      if (its.empty()) continue;
      CO_TRY(auto downloads, co_await language->missing(std::move(its.mapped())));
      for (Download& download : downloads) {
        if (std::find(missing.begin(), missing.end(), download) == missing.end())
          missing.push_back(std::move(download));
      }
    }
    co_return missing;
  }

  awaitable<base::Result<Debugger>> debugger(FunctionCode code) override {
    CO_TRY(auto* language, find_language(code));
    co_return co_await language->debugger(std::move(code));
  }

  awaitable<base::Result<>> build(FunctionCode code, std::uint64_t revision) override {
    CO_TRY(auto* language, find_language(code));
    co_return co_await make(*language, std::move(code), revision, false);
  }

  std::set<std::string> inputs(const std::string& function) const override { return builds_.inputs(function); }

  awaitable<base::Result<std::unique_ptr<Worker>>> start(WorkerSpec spec, LogCallback log) override {
    CO_TRY(auto* language, find_language(spec.code));
    CO_TRY(co_await make(*language, spec.code, spec.revision, true));
    Program program = language->program(spec.code, folder_of(spec.code), spec.debug_port);
    if (spec.debugger_first) wait_for_client(program);
    CO_TRY(auto opt, co_await layers_.lay_out(spec.code, spec.revision));
    if (spec.code.runtime.starts_with("java")) add_to_class_path(program.command, opt);
    WorkerCommand command{.command = wrapped(spec, program, opt), .directory = program.task_root, .environment = {}};
    command.environment = [&](const std::string& runtime_api) {
      auto variables = make_environment(spec, options_, runtime_api, program, opt);
      add_editor_variables(variables, options_.own_environment, spec.code.runtime);
      return variables;
    };
    command.tmp = tmp_folder(options_.tmp, spec);
    command.opt = opt;
    command.account = options_.account;
    auto copy = spec;
    co_return start_worker_process(executor_, spawner_, clock_, std::move(copy), std::move(command), std::move(log));
  }

  awaitable<void> close() override {
    co_await builds_.close();
    for (const auto& language : languages_) co_await language->close();
    if (!options_.tmp.empty()) os::remove_all(options_.tmp);
  }

 private:
  // Checks and, if it is built, builds.
  awaitable<base::Result<>> make(Language& language, FunctionCode code, std::uint64_t revision, bool waited_for) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(code.source, ignored)) {
      co_return base::fail(base::ErrorKind::not_found,
                           fmt::format("the folder of the function {} does not exist: {}", code.function, code.source));
    }
    CO_TRY(co_await language.check(code));
    if (!language.is_built(code)) co_return base::Result<>{};
    auto folder = folder_of(code);
    co_return co_await builds_.build(language, std::move(code), std::move(folder), revision, waited_for);
  }

  // By the script that AWS_LAMBDA_EXEC_WRAPPER names, as managed runtimes start (developer guide, "Modifying the
  // runtime environment"); what is wrong with it is said as they say it.
  static std::vector<std::string> wrapped(const WorkerSpec& spec, const Program& program, const std::string& opt) {
    const auto named = spec.environment.find("AWS_LAMBDA_EXEC_WRAPPER");
    const bool managed = spec.code.run_command.empty() && !spec.code.runtime.starts_with("provided");
    if (!managed || named == spec.environment.end() || named->second.empty()) return program.command;
    constexpr const char* kStart =
        "[ -f \"$0\" ] || { echo \"$AWS_LAMBDA_EXEC_WRAPPER: does not exist\"; exit 127; }; "
        "[ -x \"$0\" ] || { echo \"$AWS_LAMBDA_EXEC_WRAPPER: is not an executable\"; exit 126; }; "
        "exec \"$0\" \"$@\"";
    std::vector<std::string> command = {"/bin/sh", "-c", kStart, path_here(named->second, opt, program.task_root)};
    command.insert(command.end(), program.command.begin(), program.command.end());
    return command;
  }

  // "/" of a nested stack's function is no folder of another's.
  std::string folder_of(const FunctionCode& code) const {
    std::string name = code.function;
    std::replace(name.begin(), name.end(), '/', '.');
    return options_.builds + "/" + name;
  }

  base::Result<Language*> find_language(const FunctionCode& code) const {
    for (const auto& language : languages_) {
      if (language->runs(code)) return language.get();
    }
    return base::fail(base::ErrorKind::usage,
                      fmt::format("{} cannot run here: livelambda does not run {} yet", code.function, code.runtime),
                      "docs/runtimes.md has the runtimes; `live: false` in livelambda.yaml leaves a function in AWS");
  }

  asio::any_io_executor executor_;
  os::Spawner& spawner_;
  const base::Clock& clock_;
  LauncherOptions options_;
  std::vector<std::unique_ptr<Language>> languages_;
  Builds builds_{executor_, std::thread::hardware_concurrency()};
  Layers layers_{options_.builds + "/.layers"};
};

}  // namespace

std::unique_ptr<Launcher> make_launcher(asio::any_io_executor executor, os::Spawner& spawner, const base::Clock& clock,
                                        LauncherOptions options) {
  return std::make_unique<ProcessLauncher>(std::move(executor), spawner, clock, std::move(options));
}

}  // namespace worker
