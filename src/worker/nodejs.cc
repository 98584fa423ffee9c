#include "worker/nodejs.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/off_loop.h"
#include "worker/build_command.h"
#include "worker/build_helper.h"
#include "worker/esbuild.h"
#include "worker/find_node.h"
#include "worker/folders.h"
#include "worker/node_sdk.h"
#include "worker/tool.h"
#include "worker/versions.h"

namespace worker {

namespace {

constexpr int kOldestMajor = 20;
constexpr const char* kHint = "install Node.js 20 or later, from nodejs.org or your package manager";
constexpr const char* kQuestion = "console.log(process.version + '\\n' + process.execPath)";

// A Node.js of this machine.
struct Node {
  std::string program;  // itself, where what was found is a shim
  std::string text;     // "v20.11.1"
  NodeVersion version;
};

std::optional<Node> parse_answer(std::string_view text) {
  const auto line = text.find('\n');
  if (line == std::string_view::npos) return std::nullopt;
  std::string words(text.substr(0, line));
  const auto version = parse_node_version(words);
  text.remove_prefix(line + 1);
  std::string program(text.substr(0, text.find('\n')));
  if (!version || !program.starts_with('/')) return std::nullopt;
  return Node{std::move(program), std::move(words), *version};
}

std::string cannot_follow(const NodeChoice& choice) {
  if (!choice.of_path || choice.wanted.empty()) return {};
  return fmt::format("{} asks for {}, which is not installed", choice.file, choice.wanted);
}

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
    const Node& node = node_of(code);
    auto answer = co_await helper_.ask({node.program, loader_folder_ + "/build.mjs"},
                                       {{"function", code.function},
                                        {"esbuild", find_esbuild(entry, own_environment_)},
                                        {"entry", entry},
                                        {"source", code.source},
                                        {"folder", folder},
                                        {"handler", code.handler},
                                        {"runtime", code.runtime},
                                        {"target", fmt::format("node{}.{}", node.version.major, node.version.minor)},
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
    const auto choice = find_node(code, own_environment_);
    if (choice.program.empty()) {
      const auto wanted = cannot_follow(choice);
      co_return base::fail(
          base::ErrorKind::local_resource,
          "Node.js was not found: " + (wanted.empty() ? wanted : wanted + ", and ") + "there is no `node` on PATH",
          kHint);
    }
    CO_TRY(auto node, co_await ask(choice, code));
    nodes_[code.function] = node;
    if (auto entry = entry_of(code); entry && find_esbuild(*entry, own_environment_).empty()) {
      co_return base::fail(base::ErrorKind::local_resource,
                           fmt::format("{} is bundled from {}, and there is no esbuild", code.function, *entry),
                           "npm install -D esbuild");
    }
    const auto major = node.version.major;
    std::string warning;
    if (code.runtime != fmt::format("nodejs{}.x", major)) {
      warning = fmt::format("declared {}, runs on Node.js {} here ({})", code.runtime, major, node.program);
    }
    const bool as_asked = choice.version.empty() || is_version(node.text, choice.version);
    if (auto why = cannot_follow(choice); !why.empty() && !as_asked) {
      warning = warning.empty() ? fmt::format("runs on Node.js {} here: {}", node.text, why) : warning + ": " + why;
    }
    co_return warning;
  }

  awaitable<base::Result<std::vector<Download>>> missing(std::vector<FunctionCode> codes) override {
    std::vector<Download> downloads;
    if (codes.empty()) co_return downloads;
    const auto program = node_of(codes.front()).program;
    NodeSdk sdk(own_environment_);
    std::optional<Download> download;
    base::OffLoop off_loop(1);  // it reads all sources of the app
    co_await off_loop.run([&] { download = sdk.missing(codes, program); });
    sdk_ = std::move(sdk);
    if (download) downloads.push_back(std::move(*download));
    co_return downloads;
  }

  awaitable<base::Result<Debugger>> debugger(FunctionCode) override {
    co_return Debugger{.kind = Debugger::Kind::node};
  }

  Program program(const FunctionCode& code, const std::string& folder, std::uint16_t debug_port) const override {
    const bool bundled = entry_of(code).has_value();
    Program program{.command = {node_of(code).program, loader_folder_ + "/bootstrap.mjs"},
                    .task_root = bundled ? folder : code.source,
                    .runtime_folder = loader_folder_,
                    .environment = {{"LIVELAMBDA_HINTS", "1"}}};  // for the loader, which hides it from the function
    if (code.memory_mb > 0) {  // Lambda's own arguments, so that the heap is collected before it is too large
      const int young = code.memory_mb / 10;
      program.command.insert(program.command.begin() + 1,
                             {fmt::format("--max-semi-space-size={}", young / 2),
                              fmt::format("--max-old-space-size={}", code.memory_mb - young)});
    }
    if (bundled) program.command.insert(program.command.begin() + 1, "--enable-source-maps");
    if (debug_port != 0) {
      const auto arguments = node_arguments(debug_port);
      program.command.insert(program.command.begin() + 1, arguments.begin(), arguments.end());
    }
    if (auto path = sdk_.search_path(code.function); !path.empty()) program.environment["NODE_PATH"] = std::move(path);
    return program;
  }

 private:
  // What it is bundled from. Newer versions of Node.js run TypeScript as it is, which is all there is without esbuild.
  std::optional<std::string> entry_of(const FunctionCode& code) const {
    auto entry = bundle_entry(code);
    const auto [major, minor] = node_of(code).version;
    const bool strips_types = major > 22 || (major == 22 && minor >= 18);
    if (!entry || !strips_types || code.build_method == "esbuild") return entry;
    return find_esbuild(*entry, own_environment_).empty() ? std::nullopt : entry;
  }

  // After check().
  const Node& node_of(const FunctionCode& code) const {
    static const Node kUnknown{.program = "node", .text = {}, .version = {}};
    const auto known = nodes_.find(code.function);
    return known == nodes_.end() ? kUnknown : known->second;
  }

  awaitable<base::Result<Node>> ask(NodeChoice choice, FunctionCode code) {
    if (auto known = known_.find(choice.program); known != known_.end()) co_return known->second;
    // A shim looks for the version beside the code.
    CO_TRY(auto answer,
           co_await run_tool(spawner_, {.command = {choice.program, "-e", kQuestion},
                                        .environment = own_environment_,
                                        .directory = is_directory(code.source) ? code.source : std::string()}));
    const auto node = parse_answer(answer.text);
    if (!node) {
      co_return base::fail(base::ErrorKind::local_resource,
                           fmt::format("{} does not run Node.js: {}", choice.program, answer.text), kHint);
    }
    if (node->version.major < kOldestMajor) {
      co_return base::fail(base::ErrorKind::local_resource,
                           fmt::format("{} is Node.js {}, and {} is the oldest that can be used", choice.program,
                                       node->version.major, kOldestMajor),
                           choice.of_path ? kHint : fmt::format("{} asks for it", choice.file));
    }
    co_return known_[choice.program] = *node;
  }

  os::Spawner& spawner_;
  std::map<std::string, std::string> own_environment_;
  std::string loader_folder_;
  std::map<std::string, Node> known_;  // by the path that was found
  std::map<std::string, Node> nodes_;  // by function
  NodeSdk sdk_{own_environment_};
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
