#include "session/deployment.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/names.h"
#include "app/rewrite.h"
#include "aws/cloudformation.h"
#include "aws/s3.h"
#include "deploy/debug_stack.h"
#include "deploy/safety.h"
#include "deploy/stack_deployer.h"
#include "deploy/stub_package.h"

namespace session {
namespace {

namespace fs = std::filesystem;
using Parameters = std::vector<std::pair<std::string, std::string>>;

// What of a stack is known before and after its deployment.
struct StackStep {
  const app::Stack* stack = nullptr;
  const PlannedStack* planned = nullptr;
  deploy::StackState state;
};

void for_each_stack(const app::Stack& stack, const std::function<void(const app::Stack&)>& visit) {
  visit(stack);
  for (const app::Stack& nested : stack.nested) for_each_stack(nested, visit);
}

// One deployment and what its steps share.
class Deployer {
 public:
  Deployer(Workspace& workspace, Plan plan, deploy::Content content, const Options& options, Surroundings with)
      : workspace_(workspace),
        plan_(std::move(plan)),
        content_(content),
        options_(options),
        with_(with),
        cloudformation_(aws::make_cloudformation(workspace.aws())),
        s3_(aws::make_s3(workspace.aws())),
        stacks_(*cloudformation_, *s3_, with.clock),
        tags_(deploy::stack_tags(workspace.application().name, workspace.folder().stage)) {}

  awaitable<base::Result<>> run() {
    tell_target();
    tell_diagnostics();
    CO_TRY(co_await look());
    CO_TRY(co_await check_safety());
    CO_TRY(co_await deploy_debug_stack());
    co_return co_await deploy_app_stacks();
  }

  // The framework deploys by itself; the tags that it gives its stacks make them known as ours.
  awaitable<base::Result<>> run_by_framework() {
    tell_target();
    CO_TRY(co_await look());
    CO_TRY(co_await check_safety());
    CO_TRY(co_await workspace_.toolchain().deploy_real(tags_));
    steps_.clear();
    co_return co_await look();
  }

  Deployment deployment() const {
    return {
        .bridge_url = bridge_.url, .bridge_table = bridge_.table, .outputs = outputs(), .functions = live_functions()};
  }

  std::vector<Outputs> outputs_of_stacks() const {
    std::vector<Outputs> all;
    for (const StackStep& step : steps_) all.push_back({step.stack->name, step.state.outputs});
    return all;
  }

 private:
  void tell_target() {
    Target target{.app = workspace_.application().name,
                  .stage = workspace_.folder().stage,
                  .account = workspace_.account_id(),
                  .region = workspace_.account().region,
                  .credentials = workspace_.account().source};
    for (const app::Stack& stack : workspace_.application().stacks) target.stacks.push_back(stack.name);
    target.stacks.push_back(debug_stack_name());
    with_.reporter.report(target);
  }

  void tell_diagnostics() {
    for (const PlannedStack& planned : plan_) tell_diagnostics(planned.rewritten);
  }

  void tell_diagnostics(const app::Rewritten& rewritten) {
    for (const app::Diagnostic& diagnostic : rewritten.diagnostics) {
      with_.reporter.report(Notice{diagnostic.logical_id.empty()
                                       ? diagnostic.message
                                       : fmt::format("{} {}", diagnostic.logical_id, diagnostic.message)});
    }
    for (const app::Rewritten& nested : rewritten.nested) tell_diagnostics(nested);
  }

  std::string debug_stack_name() const {
    return app::debug_stack_name(workspace_.folder().stage, workspace_.application().name);
  }

  awaitable<base::Result<>> look() {
    const auto& stacks = workspace_.application().stacks;
    for (std::size_t i = 0; i < stacks.size(); ++i) {
      CO_TRY(auto state, co_await stacks_.look(stacks[i].name));
      steps_.push_back({.stack = &stacks[i], .planned = &plan_[i], .state = std::move(state)});
    }
    co_return base::Result<>();
  }

  // Nothing is changed before all of it is known to be meant.
  awaitable<base::Result<>> check_safety() {
    const deploy::SafetyOptions safety{.take_over = options_.take_over, .yes_really = options_.yes_really};
    const std::string& stage = workspace_.folder().stage;
    CO_TRY(deploy::check_stage_is_meant(stage, safety));
    for (const StackStep& step : steps_) {
      CO_TRY(auto question, deploy::check_take_over(step.state, workspace_.application().name, stage, safety));
      if (!question || co_await confirmed(*question)) continue;
      co_return base::fail(base::ErrorKind::usage, fmt::format("stack {} is left as it is", step.stack->name),
                           "Type the stack's name to have it taken over.");
    }
    co_return base::Result<>();
  }

  awaitable<bool> confirmed(deploy::Question question) {
    if (!with_.terminal.is_interactive()) co_return true;  // the option was given: enough where nobody can be asked
    with_.terminal.forget();
    with_.reporter.report(Question{question.words});
    auto answer = co_await with_.terminal.next_line();
    co_return answer && *answer == question.answer;
  }

  awaitable<base::Result<deploy::DeployedStack>> deploy_stack(deploy::StackRequest request) {
    return stacks_.deploy(std::move(request), [this](const deploy::DeployEvent& event) {
      with_.reporter.report(DeployProgress{event.stack, event.resource, event.type, event.status, event.reason});
    });
  }

  awaitable<base::Result<>> deploy_debug_stack() {
    CO_TRY(auto deployed,
           co_await deploy_stack(
               {.name = debug_stack_name(), .template_text = deploy::debug_stack_template(), .tags = tags_}));
    CO_TRY(bridge_, deploy::read_debug_stack(deployed.outputs));
    co_return base::Result<>();
  }

  awaitable<base::Result<>> deploy_app_stacks() {
    std::vector<project::StackToDeploy> for_framework;
    for (StackStep& step : steps_) {
      const app::Rewritten& rewritten = step.planned->rewritten;
      Parameters parameters = parameters_of(*step.stack, rewritten);
      CO_TRY(auto marked, deploy::mark_template(rewritten.text, parameters, content_));
      if (deploy::is_settled(step.state.status) && deploy::same_template(step.state.mark, marked.mark)) continue;
      CO_TRY(co_await upload_stubs(rewritten));
      CO_TRY(co_await upload_artifacts(*step.planned));
      CO_TRY(co_await upload_nested(rewritten));
      if (workspace_.toolchain().deploys_live()) {
        for_framework.push_back({step.stack->id, std::move(marked.text), std::move(parameters), tags_});
        continue;
      }
      CO_TRY(auto deployed, co_await deploy_stack({.name = step.stack->name,
                                                   .template_text = rewritten.text,
                                                   .parameters = std::move(parameters),
                                                   .tags = tags_,
                                                   .bucket = bridge_.bucket,
                                                   .content = content_,
                                                   .take_over = options_.take_over}));
      step.state.outputs = std::move(deployed.outputs);
      step.state.resources = std::move(deployed.resources);
    }
    if (for_framework.empty()) co_return base::Result<>();
    CO_TRY(co_await workspace_.toolchain().deploy_live(std::move(for_framework)));
    steps_.clear();
    co_return co_await look();
  }

  // The template's own values, then those of the parameters that the rewrite has declared.
  Parameters parameters_of(const app::Stack& stack, const app::Rewritten& rewritten) {
    Parameters parameters(stack.parameters.begin(), stack.parameters.end());
    for (const std::string& name : rewritten.parameters) parameters.emplace_back(name, value_of(name));
    return parameters;
  }

  std::string value_of(std::string_view parameter) {
    if (parameter == app::kBucketParameter) return bridge_.bucket;
    if (parameter == app::kApiArnParameter) return bridge_.api_arn;
    if (parameter == app::kTableArnParameter) return bridge_.table_arn;
    return stub(parameter).key;
  }

  static bool is_stub(std::string_view parameter) {
    return parameter == app::kStubX8664Parameter || parameter == app::kStubArm64Parameter ||
           parameter == app::kBridgedStubX8664Parameter || parameter == app::kBridgedStubArm64Parameter;
  }

  // The package that a parameter of the rewrite stands for; made once.
  const deploy::Package& stub(std::string_view parameter) {
    auto found = stubs_.find(parameter);
    if (found != stubs_.end()) return found->second;
    bool arm = parameter == app::kStubArm64Parameter || parameter == app::kBridgedStubArm64Parameter;
    bool bridged = parameter == app::kBridgedStubX8664Parameter || parameter == app::kBridgedStubArm64Parameter;
    const Assets& assets = options_.assets;
    deploy::StubConfig config{.stage = workspace_.folder().stage,
                              .app = workspace_.application().name,
                              .region = workspace_.account().region,
                              .endpoint = bridge_.url,
                              .table = bridge_.table,
                              .bridge_role = bridged ? bridge_.bridge_role_arn : std::string(),
                              .ca_pem = workspace_.account().ca_pem};
    auto package = deploy::stub_package(std::string(arm ? assets.stub_arm64 : assets.stub_x86_64), config);
    return stubs_.emplace(parameter, std::move(package)).first->second;
  }

  awaitable<base::Result<>> upload_stubs(const app::Rewritten& rewritten) {
    for (const std::string& name : rewritten.parameters) {
      if (is_stub(name)) CO_TRY(co_await deploy::upload(*s3_, bridge_.bucket, stub(name)));
    }
    co_return base::Result<>();
  }

  awaitable<base::Result<>> upload_artifacts(const PlannedStack& planned) {
    for (const auto& [key, upload] : planned.uploads) {
      CO_TRY(auto content, project::read_artifact(upload.artifact, upload.template_file));
      if (content.zipped) {
        CO_TRY(co_await deploy::upload(*s3_, bridge_.bucket,
                                       deploy::make_package(kArtifactPrefix, std::move(content.entries))));
      } else {
        CO_TRY(co_await deploy::upload_file(*s3_, bridge_.bucket, kArtifactPrefix, content.extension,
                                            std::move(content.file)));
      }
    }
    co_return base::Result<>();
  }

  awaitable<base::Result<>> upload_nested(const app::Rewritten& rewritten) {
    for (const app::Rewritten& nested : rewritten.nested) {
      CO_TRY(co_await deploy::upload_file(*s3_, bridge_.bucket, "templates", "json", nested.text));
      CO_TRY(co_await upload_nested(nested));
    }
    co_return base::Result<>();
  }

  std::map<std::string, std::string> outputs() const {
    std::map<std::string, std::string> all;
    for (const StackStep& step : steps_) {
      for (const auto& [name, value] : step.state.outputs) {
        all[steps_.size() == 1 ? name : fmt::format("{}.{}", step.stack->name, name)] = value;
      }
    }
    return all;
  }

  std::vector<LiveFunction> live_functions() const {
    std::vector<LiveFunction> functions;
    for (const StackStep& step : steps_) {
      for_each_stack(*step.stack, [&](const app::Stack& stack) {
        for (const app::Function& function : stack.functions) {
          if (!function.live) continue;
          auto physical = step.state.resources.find(path_in(*step.stack, stack, function));
          if (physical == step.state.resources.end()) continue;  // not there: its condition was false
          functions.push_back(live_function(stack, function, physical->second));
        }
      });
    }
    return functions;
  }

  // "Nested/Fn", as deploy/ names a stack's resources.
  static std::string path_in(const app::Stack& root, const app::Stack& stack, const app::Function& function) {
    std::string path = stack.path_of(function);
    return root.id.empty() ? path : path.substr(root.id.size() + 1);
  }

  static LiveFunction live_function(const app::Stack& stack, const app::Function& function, std::string name) {
    std::string source = (fs::path(stack.template_file).parent_path() / function.source).lexically_normal().string();
    if (source.ends_with('/')) source.pop_back();
    return {.info = {.logical_id = stack.path_of(function),
                     .name = std::move(name),
                     .runtime = function.runtime,
                     .handler = function.handler,
                     .source = std::move(source)},
            .timeout = std::chrono::seconds(function.timeout_seconds)};
  }

  Workspace& workspace_;
  const Plan plan_;
  const deploy::Content content_;
  const Options& options_;
  const Surroundings with_;
  std::unique_ptr<aws::CloudFormation> cloudformation_;
  std::unique_ptr<aws::S3> s3_;
  deploy::StackDeployer stacks_;
  std::map<std::string, std::string> tags_;
  deploy::DebugStack bridge_;
  std::vector<StackStep> steps_;
  std::map<std::string, deploy::Package, std::less<>> stubs_;
};

}  // namespace

awaitable<base::Result<Deployment>> deploy_live(Workspace& workspace, Plan plan, const Options& options,
                                                Surroundings with) {
  Deployer deployer(workspace, std::move(plan), deploy::Content::live, options, with);
  CO_TRY(co_await deployer.run());
  co_return deployer.deployment();
}

awaitable<base::Result<>> deploy_real(Workspace& workspace, const Options& options, Surroundings with) {
  bool by_framework = workspace.toolchain().deploys_real();
  Plan plan(workspace.application().stacks.size());
  if (!by_framework) {
    CO_TRY(plan, plan_real(workspace.application()));
  }
  Deployer deployer(workspace, std::move(plan), deploy::Content::real, options, with);
  CO_TRY(by_framework ? co_await deployer.run_by_framework() : co_await deployer.run());
  for (Outputs& outputs : deployer.outputs_of_stacks()) with.reporter.report(std::move(outputs));
  co_return base::Result<>();
}

}  // namespace session
