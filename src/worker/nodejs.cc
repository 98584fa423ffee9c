#include "worker/nodejs.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "worker/folders.h"
#include "worker/tool.h"

namespace worker {

namespace {

constexpr int kOldestMajor = 20;
constexpr const char* kHint = "install Node.js 20 or later, from nodejs.org or your package manager";

class NodeJs final : public Language {
 public:
  NodeJs(os::Spawner& spawner, std::map<std::string, std::string> own_environment, std::string loader_folder)
      : spawner_(spawner), own_environment_(std::move(own_environment)), loader_folder_(std::move(loader_folder)) {}

  bool runs(const FunctionCode& code) const override { return code.runtime.starts_with("nodejs"); }
  bool is_built(const FunctionCode&) const override { return false; }
  awaitable<BuildResult> build(FunctionCode, std::string) override { co_return BuildResult{}; }

  awaitable<base::Result<std::string>> check(FunctionCode code) override {
    if (program_.empty()) CO_TRY(co_await find_node());
    if (code.runtime == fmt::format("nodejs{}.x", version_.major)) co_return std::string();
    co_return fmt::format("{} is a {} function and runs on Node.js {} here ({})", code.function, code.runtime,
                          version_.major, program_);
  }

  Program program(const FunctionCode& code, const std::string&) const override {
    return {.command = {program_, loader_folder_ + "/bootstrap.mjs"},
            .task_root = code.source,
            .runtime_folder = loader_folder_};
  }

 private:
  awaitable<base::Result<>> find_node() {
    auto program = os::find_program("node", variable(own_environment_, "PATH"));
    if (program.empty()) {
      co_return base::fail(base::ErrorKind::local_resource, "Node.js was not found: there is no `node` on PATH", kHint);
    }
    CO_TRY(auto answer,
           co_await run_tool(spawner_, {.command = {program, "--version"}, .environment = own_environment_}));
    const auto version = parse_node_version(answer.text);
    if (!version) {
      co_return base::fail(base::ErrorKind::local_resource, fmt::format("{} --version tells no version", program),
                           kHint);
    }
    if (version->major < kOldestMajor) {
      co_return base::fail(
          base::ErrorKind::local_resource,
          fmt::format("{} is Node.js {}, and {} is the oldest that can be used", program, version->major, kOldestMajor),
          kHint);
    }
    version_ = *version;
    program_ = std::move(program);
    co_return base::Result<>{};
  }

  os::Spawner& spawner_;
  std::map<std::string, std::string> own_environment_;
  std::string loader_folder_;
  std::string program_;  // once it has been checked
  NodeVersion version_;
};

}  // namespace

std::unique_ptr<Language> make_nodejs(os::Spawner& spawner, std::map<std::string, std::string> own_environment,
                                      std::string loader_folder) {
  return std::make_unique<NodeJs>(spawner, std::move(own_environment), std::move(loader_folder));
}

std::optional<NodeVersion> parse_node_version(std::string_view version) {
  if (!version.starts_with('v')) return std::nullopt;
  const auto first = version.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = version.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto major = parse_number(version.substr(1, first - 1));
  const auto minor = parse_number(version.substr(first + 1, second - first - 1));
  if (!major || !minor) return std::nullopt;
  return NodeVersion{*major, *minor};
}

}  // namespace worker
