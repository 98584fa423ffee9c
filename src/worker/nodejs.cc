#include "worker/nodejs.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "worker/build_command.h"
#include "worker/build_helper.h"
#include "worker/esbuild.h"
#include "worker/folders.h"
#include "worker/tool.h"

namespace worker {

namespace {

constexpr int kOldestMajor = 20;
constexpr const char* kHint = "install Node.js 20 or later, from nodejs.org or your package manager";

class NodeJs final : public Language {
 public:
  NodeJs(boost::asio::any_io_executor executor, os::Spawner& spawner,
         std::map<std::string, std::string> own_environment, std::string loader_folder)
      : spawner_(spawner),
        own_environment_(std::move(own_environment)),
        loader_folder_(std::move(loader_folder)),
        helper_(std::move(executor), spawner, own_environment_) {}

  bool runs(const FunctionCode& code) const override { return code.runtime.starts_with("nodejs"); }
  bool is_built(const FunctionCode& code) const override { return !code.build_command.empty() || entry_of(code); }

  awaitable<BuildResult> build(FunctionCode code, std::string folder) override {
    if (!code.build_command.empty()) co_return co_await run_build_command(spawner_, own_environment_, code);
    const auto entry = entry_of(code).value_or("");
    auto answer = co_await helper_.ask({program_, loader_folder_ + "/build.mjs"},
                                       {{"function", code.function},
                                        {"esbuild", find_esbuild(entry, own_environment_)},
                                        {"entry", entry},
                                        {"source", code.source},
                                        {"folder", folder},
                                        {"handler", code.handler},
                                        {"properties", code.build_properties}});
    if (!answer) co_return BuildResult{.ok = false, .output = answer.error().message};
    BuildResult result{.ok = false, .output = codec::find_string(*answer, "output")};
    const auto* ok = answer->if_contains("ok");
    result.ok = ok != nullptr && ok->is_bool() && ok->get_bool();
    const auto* inputs = answer->if_contains("inputs");
    if (inputs == nullptr || !inputs->is_array()) co_return result;
    for (const auto& input : inputs->get_array()) {
      if (input.is_string()) result.inputs.emplace(input.get_string());
    }
    co_return result;
  }

  awaitable<void> close() override { co_await helper_.close(); }

  awaitable<base::Result<std::string>> check(FunctionCode code) override {
    if (program_.empty()) CO_TRY(co_await find_node());
    if (auto entry = entry_of(code); entry && find_esbuild(*entry, own_environment_).empty()) {
      co_return base::fail(base::ErrorKind::local_resource,
                           fmt::format("{} is bundled from {}, and there is no esbuild", code.function, *entry),
                           "npm install -D esbuild");
    }
    if (code.runtime == fmt::format("nodejs{}.x", version_.major)) co_return std::string();
    co_return fmt::format("{} is a {} function and runs on Node.js {} here ({})", code.function, code.runtime,
                          version_.major, program_);
  }

  Program program(const FunctionCode& code, const std::string& folder, std::uint16_t) const override {
    const bool bundled = entry_of(code).has_value();
    Program program{.command = {program_, loader_folder_ + "/bootstrap.mjs"},
                    .task_root = bundled ? folder : code.source,
                    .runtime_folder = loader_folder_};
    if (bundled) program.command.insert(program.command.begin() + 1, "--enable-source-maps");
    return program;
  }

 private:
  // What it is bundled from. Newer versions of Node.js run TypeScript as it is, which is all there is without esbuild.
  std::optional<std::string> entry_of(const FunctionCode& code) const {
    auto entry = bundle_entry(code);
    const bool strips_types = version_.major > 22 || (version_.major == 22 && version_.minor >= 18);
    if (!entry || !strips_types || code.build_method == "esbuild") return entry;
    return find_esbuild(*entry, own_environment_).empty() ? std::nullopt : entry;
  }

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
  BuildHelper helper_;
};

}  // namespace

std::unique_ptr<Language> make_nodejs(boost::asio::any_io_executor executor, os::Spawner& spawner,
                                      std::map<std::string, std::string> own_environment, std::string loader_folder) {
  return std::make_unique<NodeJs>(std::move(executor), spawner, std::move(own_environment), std::move(loader_folder));
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
