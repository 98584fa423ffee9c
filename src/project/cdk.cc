#include "project/cdk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <span>

#include "app/cdk_assembly.h"
#include "os/files.h"
#include "project/cdk_copy.h"
#include "project/cdk_hook.h"
#include "project/cdk_sdk.h"
#include "project/cdk_sources.h"
#include "project/cdk_tool.h"
#include "project/local_program.h"
#include "project/origin_mark.h"

namespace project {
namespace {

namespace fs = std::filesystem;

// A function that turned out to be deployed is built by a second synthesis; what that one shows is new only if the app
// changes with what is built.
constexpr int kMaxSyntheses = 3;

std::optional<std::string> file_text(const std::string& path) {
  auto text = os::read_file(path);
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

const app::Stack* find_stack(const std::vector<app::Stack>& stacks, const std::string& id) {
  auto found = std::ranges::find(stacks, id, &app::Stack::id);
  return found == stacks.end() ? nullptr : &*found;
}

// Whether the file that the handler names is in the function's folder, as far as its language tells how it is called.
bool has_handler_file(const app::Stack& stack, const app::Function& function) {
  constexpr const char* kNodejs[] = {".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx"};
  constexpr const char* kPython[] = {".py"};
  std::string language = app::language_of(function.runtime);
  std::span<const char* const> endings;
  if (language == "nodejs") endings = kNodejs;
  if (language == "python") endings = kPython;
  fs::path source = fs::path(stack.template_file).parent_path() / function.source;
  std::string module = function.handler.substr(0, function.handler.rfind('.'));
  std::error_code error;
  return endings.empty() || std::ranges::any_of(endings, [&](const char* ending) {
           return fs::is_regular_file(source / (module + ending), error);
         });
}

class CdkApp final : public Toolchain {
 public:
  explicit CdkApp(Workplace workplace)
      : workplace_(std::move(workplace)),
        tool_(workplace_),
        hook_(fmt::format("{}/{}-hook", workplace_.folder.state("cdk.out"), workplace_.folder.stage)) {}

  awaitable<base::Result<app::Application>> read(Purpose purpose) override {
    app::Application application{.name = {}, .framework = app::Framework::cdk, .stacks = {}};
    CO_TRY(application.name, app_name());
    if (purpose == Purpose::real) {
      CO_TRY(co_await synthesise_real());
    } else {
      CO_TRY(co_await synthesise_live());
    }
    application.stacks = assembly_.stacks;
    co_return application;
  }

  std::optional<app::Application> recall() override {
    auto known = os::read_file(mark_file());
    auto name = app_name();
    if (!known || !name || !interpret(output())) return std::nullopt;
    if (*known != mark() || !std::ranges::includes(hook_.built(), assembly_.deployed_code)) return std::nullopt;
    return app::Application{.name = *name, .framework = app::Framework::cdk, .stacks = assembly_.stacks};
  }

  std::vector<std::string> infrastructure() const override {
    auto loaded = hook_.loaded_files();
    return cdk_sources(workplace_.folder, loaded ? *loaded : std::vector<std::string>(), assembly_.stacks);
  }

  bool deploys_live() const override { return true; }
  bool deploys_real() const override { return true; }

  awaitable<base::Result<>> deploy_live(std::vector<StackToDeploy> stacks) override {
    std::map<std::string, CdkChange> changes;
    CdkDeployment deployment{.assembly = output("deploy"), .selectors = {}, .parameters = {}};
    for (const app::CdkArtifact& artifact : artifacts_) {
      const std::string id = artifacts_.size() == 1 ? std::string() : artifact.id;
      auto stack = std::ranges::find(stacks, id, &StackToDeploy::id);
      if (stack == stacks.end()) continue;
      deployment.selectors.push_back(artifact.selector);
      for (const auto& [name, value] : stack->parameters) {
        deployment.parameters.emplace_back(fmt::format("{}:{}", artifact.name, name), value);
      }
      changes[artifact.id] = {.tags = std::move(stack->tags),
                              .template_text = std::move(stack->template_text),
                              .stack = find_stack(assembly_.stacks, id)};
    }
    CO_TRY(copy_cdk_assembly(output(), deployment.assembly, changes));
    co_return co_await tool_.deploy(std::move(deployment));
  }

  awaitable<base::Result<>> deploy_real(std::map<std::string, std::string> tags) override {
    if (!is_built_) CO_TRY(co_await synthesise_real());
    std::map<std::string, CdkChange> changes;
    CdkDeployment deployment{.assembly = output("deploy"), .selectors = {}, .parameters = {}};
    for (const app::CdkArtifact& artifact : artifacts_) {
      changes[artifact.id] = {.tags = tags, .template_text = {}, .stack = nullptr};
      deployment.selectors.push_back(artifact.selector);
    }
    for (const auto& [name, value] : workplace_.parameters) deployment.parameters.emplace_back(name, value);
    CO_TRY(copy_cdk_assembly(output("real"), deployment.assembly, changes));
    co_return co_await tool_.deploy(std::move(deployment));
  }

 private:
  std::string output(std::string_view what = {}) const {
    return fmt::format("{}/{}{}{}", workplace_.folder.state("cdk.out"), workplace_.folder.stage,
                       what.empty() ? "" : "-", what);
  }

  base::Result<std::string> app_name() const {
    return app::choose_app_name(workplace_.folder.settings, std::nullopt,
                                fs::path(workplace_.folder.path).filename().string());
  }

  std::string mark_file() const { return output("hook") + "/mark"; }
  // Of what is in output().
  std::string mark() const {
    return origin_mark(workplace_, {.tool = tool_.program(),
                                    .ours = std::string(CdkHook::text()),
                                    .read = hook_.loaded_files().value_or(std::vector<std::string>()),
                                    .stacks = assembly_.stacks});
  }

  awaitable<base::Result<>> synthesise_live() {
    is_built_ = false;
    os::remove_all(mark_file());
    std::set<std::string> built = hook_.built();
    for (int i = 0; i < kMaxSyntheses; ++i) {
      CO_TRY(hook_.prepare(built));
      std::map<std::string, std::string> environment = workplace_.environment;
      hook_.add_to(environment);
      CO_TRY(co_await synthesise(output(), std::move(environment)));
      if (std::ranges::includes(built, assembly_.deployed_code)) {
        tell_missing_hook();
        tell_missing_sdk();
        co_return os::write_file(mark_file(), mark(), 0600);
      }
      built.merge(std::set<std::string>(assembly_.deployed_code));
    }
    co_return base::fail(base::ErrorKind::build, "the CDK app names other code each time that it is synthesised",
                         "Make what it synthesises depend on nothing but its stage.");
  }

  awaitable<base::Result<>> synthesise_real() {
    CO_TRY(co_await synthesise(output("real"), {}));
    for (app::Stack& stack : assembly_.stacks) make_real(stack);
    is_built_ = true;
    co_return base::Result<>();
  }

  static void make_real(app::Stack& stack) {
    for (app::Function& function : stack.functions) function.live = false;
    stack.artifacts.clear();
    for (app::Stack& nested : stack.nested) make_real(nested);
  }

  awaitable<base::Result<>> synthesise(std::string folder, std::map<std::string, std::string> environment) {
    os::remove_all(folder);
    CO_TRY(co_await tool_.synth(folder, std::move(environment)));
    co_return interpret(folder);
  }

  base::Result<> interpret(const std::string& folder) {
    TRY(artifacts_, app::read_cdk_manifest(folder, file_text));
    if (artifacts_.empty()) {
      return base::fail(base::ErrorKind::invalid_input,
                        fmt::format("the CDK app has no stack on stage {}", workplace_.folder.stage));
    }
    app::ReadOptions options{.parameters = workplace_.parameters,
                             .folder = workplace_.folder.path,
                             .functions = workplace_.folder.settings.functions,
                             .read_file = file_text};
    options.why_no_program = local_programs(workplace_.environment);
    auto region = workplace_.environment.find("AWS_REGION");
    if (region != workplace_.environment.end()) options.pseudo["AWS::Region"] = region->second;
    if (!workplace_.account.empty()) options.pseudo["AWS::AccountId"] = workplace_.account;
    TRY(assembly_, app::read_cdk_assembly(artifacts_, options));
    for (app::Stack& stack : assembly_.stacks) leave_unfound(stack);
    return {};
  }

  // Code that is bundled in a way that the hook does not know: what it is made from may be anywhere.
  void leave_unfound(app::Stack& stack) {
    for (app::Function& function : stack.functions) {
      bool is_known = !function.entry.empty() || !function.build_command.empty() || function.inline_code.has_value();
      if (!function.live || is_known || has_handler_file(stack, function)) continue;
      function.live = false;
      function.why_not = {app::StayReason::origin_unknown};
      assembly_.deployed_code.insert(function.source);
    }
    for (app::Stack& nested : stack.nested) leave_unfound(nested);
  }

  // Said, since every function then keeps its code in AWS.
  void tell_missing_hook() const {
    if (hook_.loaded_files() || !workplace_.on_output) return;
    workplace_.on_output(
        "The synthesis did not load livelambda's hook, so that it is not known where code comes from, and functions "
        "keep "
        "theirs in AWS: does the `app` command in cdk.json set NODE_OPTIONS, and run `node` by its full path? Let it "
        "run "
        "`node`, or set NODE_OPTIONS in the environment instead.");
  }

  // Lambda has it, and a local cloud of this session's own has what is in node_modules.
  void tell_missing_sdk() const {
    if (!workplace_.bootstrap || !workplace_.on_output) return;
    auto packages = missing_sdk_packages(assembly_.stacks, workplace_.folder.path, workplace_.sdk_folders);
    if (packages.empty()) return;
    workplace_.on_output(fmt::format(
        "Warning: handlers of custom resources use packages that Lambda brings along and the local cloud does not: the "
        "deployment may wait for them in vain. Run: npm install --save-dev {}",
        fmt::join(packages, " ")));
  }

  const Workplace workplace_;
  CdkTool tool_;
  const CdkHook hook_;
  std::vector<app::CdkArtifact> artifacts_;
  app::CdkAssembly assembly_;
  bool is_built_ = false;  // what is read is what the framework built
};

}  // namespace

std::unique_ptr<Toolchain> make_cdk_app(Workplace workplace) {
  return std::make_unique<CdkApp>(std::move(workplace));
}

std::string cdk_stage_lines(const AppFolder& folder) {
  if (cdk_language(folder) == "py") {
    return "  stage = app.node.try_get_context(\"stage\") or \"dev\"\n"
           "  MyStack(app, f\"{stage}-MyStack\")";
  }
  return "  const stage = app.node.tryGetContext('stage') ?? 'dev';\n"
         "  new MyStack(app, `${stage}-MyStack`);";
}

}  // namespace project
