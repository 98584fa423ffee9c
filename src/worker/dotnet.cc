#include "worker/dotnet.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "os/files.h"
#include "worker/build_command.h"
#include "worker/tool.h"

namespace worker {

namespace {

namespace fs = std::filesystem;

class Dotnet final : public Language {
 public:
  Dotnet(os::Spawner& spawner, std::map<std::string, std::string> own_environment)
      : spawner_(spawner), own_environment_(std::move(own_environment)) {}

  bool runs(const FunctionCode& code) const override { return code.runtime.starts_with("dotnet"); }
  bool is_built(const FunctionCode&) const override { return true; }

  awaitable<base::Result<std::string>> check(FunctionCode code) override {
    if (program_path().empty()) {
      co_return base::fail(base::ErrorKind::local_resource, ".NET was not found: there is no `dotnet` on PATH",
                           "install the .NET SDK");
    }
    co_return fmt::format("{} is experimental here: livelambda's own tests run no .NET", code.runtime);
  }

  // MSBuild writes to bin and obj, beside the sources.
  std::set<std::string> layout_inputs(const FunctionCode& code) const override {
    std::set<std::string> folders{code.source + "/"};
    std::error_code error;
    for (fs::recursive_directory_iterator at(code.source, error), end; !error && at != end; at.increment(error)) {
      if (!at->is_directory(error)) continue;
      const auto name = at->path().filename();
      if (name == "bin" || name == "obj" || name.string().starts_with('.')) {
        at.disable_recursion_pending();
      } else {
        folders.insert(at->path().string() + "/");
      }
    }
    return folders;
  }

  // Each build into a folder of its own, so that a worker that runs ends on the assemblies that it began with.
  awaitable<BuildResult> build(FunctionCode code, std::string folder) override {
    if (!code.build_command.empty()) co_return co_await run_build_command(spawner_, own_environment_, std::move(code));
    const int number = ++builds_[code.function];
    if (number == 1) os::remove_all(folder);
    const std::string output = output_folder(folder, number);
    auto built = co_await run_build_tool(
        spawner_, {program_path(), "build", "--nologo", "--verbosity", "quiet", "--output", output}, own_environment_,
        code.source);
    std::error_code ignored;
    if (built.ok && !fs::exists(assembly(code, output), ignored)) {
      built.ok = false;
      built.output += fmt::format("the build made no {}.dll, which the handler names", code.handler);
    }
    co_return built;
  }

  Program program(const FunctionCode& code, const std::string& folder, std::uint16_t) const override {
    const auto number = builds_.find(code.function);
    const std::string output = number == builds_.end() ? code.source : output_folder(folder, number->second);
    return {.command = {program_path(), assembly(code, output)}, .task_root = output, .runtime_folder = output};
  }

 private:
  static std::string output_folder(const std::string& folder, int number) {
    return fmt::format("{}/{}", folder, number);
  }
  static std::string assembly(const FunctionCode& code, const std::string& folder) {
    return fmt::format("{}/{}.dll", folder, code.handler);
  }
  std::string program_path() const { return os::find_program("dotnet", variable(own_environment_, "PATH")); }

  os::Spawner& spawner_;
  std::map<std::string, std::string> own_environment_;
  std::map<std::string, int> builds_;  // by function: how many there were
};

}  // namespace

std::unique_ptr<Language> make_dotnet(os::Spawner& spawner, std::map<std::string, std::string> own_environment) {
  return std::make_unique<Dotnet>(spawner, std::move(own_environment));
}

}  // namespace worker
