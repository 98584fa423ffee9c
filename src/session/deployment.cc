#include "session/deployment.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <iterator>

#include "app/rewrite.h"
#include "aws/cloudformation.h"
#include "aws/s3.h"
#include "deploy/debug_stack.h"
#include "deploy/safety.h"
#include "deploy/stack_deployer.h"
#include "deploy/stack_order.h"
#include "deploy/uploads.h"
#include "project/cdk.h"
#include "session/app_stacks.h"
#include "session/confirm.h"
#include "session/deploy_progress.h"
#include "session/live_functions.h"
#include "session/processing.h"
#include "session/stack_parameters.h"

namespace session {
namespace {

namespace asio = boost::asio;
using Parameters = std::vector<std::pair<std::string, std::string>>;

// What of a stack is known before and after its deployment.
struct StackStep {
  const app::Stack* stack = nullptr;
  const PlannedStack* planned = nullptr;
  deploy::StackState state;
  Parameters parameters = {};
  std::string template_text = {};  // with its mark
  bool changed = false;            // from what is deployed
};

constexpr std::size_t kWorthAWord = 1'000'000;  // bytes of an upload

awaitable<base::Result<Plan>> as_result(Plan plan) {
  co_return plan;
}

awaitable<base::Result<Plan>> process_and_plan(Workspace& workspace, const Options& options, Surroundings with) {
  CO_TRY(co_await process_stacks(workspace, options, with));
  co_return plan_real(workspace.application());
}

// One deployment and what its steps share.
class Deployer {
 public:
  Deployer(Workspace& workspace, MakePlan make_plan, deploy::Content content, const Options& options, Surroundings with)
      : workspace_(workspace),
        make_plan_(std::move(make_plan)),
        content_(content),
        options_(options),
        with_(with),
        cloudformation_(aws::make_cloudformation(workspace.aws())),
        s3_(aws::make_s3(workspace.aws())),
        stacks_(*cloudformation_, *s3_, with.clock),
        app_stacks_(workspace),
        tags_(deploy::stack_tags(workspace.application().name, workspace.folder().stage)),
        uploads_(workspace.executor(), *s3_, [this](const deploy::UploadEvent& event) { tell(event); }) {}

  // However it ends, nothing of it runs any more then.
  awaitable<base::Result<>> run() {
    base::Result<> outcome;
    std::exception_ptr failure;
    try {
      outcome = co_await run_steps();
    } catch (...) {
      failure = std::current_exception();
    }
    bool cancelled = (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none;
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await uploads_.close();
    co_await asio::this_coro::throw_if_cancelled(true);
    if (failure) std::rethrow_exception(failure);
    if (cancelled) throw boost::system::system_error(asio::error::operation_aborted);
    co_return outcome;
  }

  // The framework deploys by itself; the tags that it gives its stacks make them known as ours.
  awaitable<base::Result<>> run_by_framework() {
    tell_target();
    CO_TRY(co_await look());
    CO_TRY(co_await check_safety());
    CO_TRY(co_await workspace_.toolchain().deploy_real(tags_));
    co_return co_await look();
  }

  Deployment deployment() const {
    return {.bridge_url = parameters_->bridge().url,
            .bridge_table = parameters_->bridge().table,
            .outputs = outputs(),
            .functions = functions()};
  }

  std::vector<Outputs> outputs_of_stacks() const {
    std::vector<Outputs> all;
    for (const StackStep& step : steps_) all.push_back({step.stack->name, step.state.outputs});
    return all;
  }

 private:
  awaitable<base::Result<>> run_steps() {
    tell_target();
    CO_TRY(check_values());
    CO_TRY(co_await look());
    if (!workspace_.is_recalled()) co_await tell_left_behind(workspace_, with_.reporter);
    CO_TRY(co_await check_safety());
    CO_TRY(co_await make_plan());
    tell_diagnostics();
    CO_TRY(begin_uploads());
    CO_TRY(co_await deploy_debug_stack());
    CO_TRY(co_await uploads_.finish());
    co_return co_await deploy_app_stacks();
  }

  void tell_target() {
    Target target = workspace_.target();
    for (const app::Stack& stack : workspace_.application().stacks) target.stacks.push_back(stack.name);
    target.stacks.push_back(workspace_.debug_stack_name());
    with_.reporter.report(target);
  }

  // Stacks that CloudFormation has to expand first may need the bucket for that.
  awaitable<base::Result<>> make_plan() {
    bool has_bucket = deploy::read_debug_stack(debug_state_.outputs).has_value();
    if (needs_processing(workspace_) && !has_bucket) CO_TRY(co_await deploy_debug_stack());
    CO_TRY(plan_, co_await make_plan_());
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      steps_[i].stack = &workspace_.application().stacks[i];
      steps_[i].planned = &plan_[i];
    }
    co_return base::Result<>();
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

  // What takes a moment on a slow line is said.
  void tell(const deploy::UploadEvent& event) {
    if (event.done || event.bytes < kWorthAWord) return;
    with_.reporter.report(
        Notice{fmt::format("uploading {} ({:.1f} MB)", event.key, static_cast<double>(event.bytes) / 1e6)});
  }

  // What CloudFormation would say when the debug stack is there already.
  base::Result<> check_values() {
    if (workspace_.toolchain().deploys_live()) return {};  // with the values of before
    for (const app::Stack& stack : workspace_.application().stacks) TRY(check_values(stack));
    return {};
  }

  static base::Result<> check_values(const app::Stack& stack) {
    const codec::json::value* declared = codec::find(stack.document.value, "Parameters");
    if (declared == nullptr || !declared->is_object()) return {};
    for (const auto& [name, parameter] : declared->get_object()) {
      if (codec::find(parameter, "Default") != nullptr || stack.parameters.contains(std::string(name))) continue;
      return base::fail(base::ErrorKind::usage,
                        fmt::format("the parameter {} of {} has no value", std::string_view(name), stack.template_file),
                        fmt::format("Give one: --parameter {}=VALUE.", std::string_view(name)));
    }
    return {};
  }

  awaitable<base::Result<>> look() {
    steps_.clear();
    const auto& stacks = workspace_.application().stacks;
    for (std::size_t i = 0; i < stacks.size(); ++i) {
      CO_TRY(auto state, co_await app_stacks_.look(stacks[i]));
      const PlannedStack* planned = i < plan_.size() ? &plan_[i] : nullptr;
      steps_.push_back({.stack = &stacks[i], .planned = planned, .state = std::move(state)});
    }
    CO_TRY(debug_state_, co_await deploy::glance_at_stack(*cloudformation_, workspace_.debug_stack_name()));
    co_return deploy::check_debug_stack_version(debug_state_);
  }

  // Nothing is changed before all of it is known to be meant.
  awaitable<base::Result<>> check_safety() {
    const deploy::SafetyOptions safety{.take_over = options_.take_over, .yes_really = options_.yes_really};
    const std::string& stage = workspace_.folder().stage;
    CO_TRY(deploy::check_stage_is_meant(stage, safety));
    for (const StackStep& step : steps_) {
      CO_TRY(auto question, check_take_over(step.state, safety));
      if (!question || co_await confirm(with_, *question)) continue;
      co_return base::fail(base::ErrorKind::usage, fmt::format("stack {} is left as it is", step.stack->name),
                           "Type the stack's name to have it taken over.");
    }
    co_return workspace_.remember();
  }

  base::Result<std::optional<deploy::Question>> check_take_over(const deploy::StackState& state,
                                                                const deploy::SafetyOptions& safety) const {
    const project::AppFolder& folder = workspace_.folder();
    const std::string& app = workspace_.application().name;
    auto question = deploy::check_take_over(state, app, folder.stage, safety);
    bool is_other_stage = deploy::ownership(state, app, folder.stage) == deploy::Ownership::other_stage;
    if (question || folder.framework != app::Framework::cdk || !is_other_stage) return question;
    base::Error error = question.error();  // what a CDK app's stacks are called stands in its own code
    error.hint = fmt::format("Put the stage into the names of its stacks:\n{}", project::cdk_stage_lines(folder));
    return base::fail(std::move(error));
  }

  awaitable<base::Result<deploy::DeployedStack>> deploy_stack(deploy::StackRequest request) {
    return stacks_.deploy(std::move(request), tell_progress(with_.reporter));
  }

  // If the bucket is there, what goes into it is sent while stacks are deployed.
  base::Result<> begin_uploads() {
    if (!deploy::is_settled(debug_state_.status)) return {};
    auto known = deploy::read_debug_stack(debug_state_.outputs);
    if (!known) return {};
    return count_on(std::move(*known));
  }

  awaitable<base::Result<>> deploy_debug_stack() {
    auto roles = outside_roles(plan_, workspace_.partition(), workspace_.account_id());
    CO_TRY(auto deployed, co_await deploy_stack({.name = workspace_.debug_stack_name(),
                                                 .template_text = deploy::debug_stack_template(),
                                                 .parameters = deploy::debug_stack_parameters(std::move(roles)),
                                                 .tags = tags_}));
    CO_TRY(auto bridge, deploy::read_debug_stack(deployed.outputs));
    co_return count_on(std::move(bridge));
  }

  // With the bridge known, so is what has changed, and where packages go. Nothing new if it is the one of before.
  base::Result<> count_on(deploy::DebugStack bridge) {
    if (plan_.empty() || (parameters_ && parameters_->bridge() == bridge)) return {};
    parameters_.emplace(workspace_, options_.assets, std::move(bridge));
    TRY(find_changes());
    add_uploads();
    uploads_.start(parameters_->bridge().bucket);
    return {};
  }

  base::Result<> find_changes() {
    for (StackStep& step : steps_) {
      step.parameters = parameters_->of(*step.stack, step.planned->rewritten);
      TRY(auto marked, deploy::mark_template(step.planned->rewritten.text, step.parameters, content_));
      step.changed = !deploy::is_settled(step.state.status) || !deploy::same_template(step.state.mark, marked.mark) ||
                     !deploy::has_tags(step.state, tags_of(*step.stack));
      step.template_text = std::move(marked.text);
    }
    return {};
  }

  void add_uploads() {
    for (const StackStep& step : steps_) {
      if (!step.changed) continue;
      for (const deploy::Package* package : parameters_->stubs_of(step.planned->rewritten)) {
        uploads_.add(package->key, [entries = package->entries] { return codec::make_zip(entries); });
      }
      for (const auto& [key, upload] : step.planned->uploads) {
        uploads_.add(key, [upload] { return upload_body(upload); });
      }
      add_nested(step.planned->rewritten);
    }
  }

  void add_nested(const app::Rewritten& rewritten) {
    for (const app::Rewritten& nested : rewritten.nested) {
      uploads_.add(nested.key, [text = nested.text] { return text; });
      add_nested(nested);
    }
  }

  // Those of the app, and ours.
  std::map<std::string, std::string> tags_of(const app::Stack& stack) const {
    auto tags = tags_;
    tags.insert(stack.tags.begin(), stack.tags.end());
    return tags;
  }

  awaitable<base::Result<>> deploy_app_stacks() {
    if (!workspace_.toolchain().deploys_live()) {
      std::vector<deploy::StackNode> nodes;
      for (const StackStep& step : steps_) nodes.push_back({step.stack->id, step.stack->depends_on});
      co_return co_await deploy::run_in_order(std::move(nodes),
                                              [this](std::string id) { return deploy_app_stack(std::move(id)); });
    }
    std::vector<project::StackToDeploy> changed;
    for (StackStep& step : steps_) {
      if (step.changed) changed.push_back({step.stack->id, step.template_text, step.parameters, tags_of(*step.stack)});
    }
    if (changed.empty()) co_return base::Result<>();
    CO_TRY(co_await workspace_.toolchain().deploy_live(std::move(changed)));
    co_return co_await look();
  }

  awaitable<base::Result<>> deploy_app_stack(std::string id) {
    auto step = std::find_if(steps_.begin(), steps_.end(), [&](const StackStep& one) { return one.stack->id == id; });
    if (!step->changed) co_return base::Result<>();
    CO_TRY(auto deployed, co_await deploy_stack({.name = step->stack->name,
                                                 .template_text = step->planned->rewritten.text,
                                                 .parameters = step->parameters,
                                                 .tags = tags_of(*step->stack),
                                                 .bucket = parameters_->bridge().bucket,
                                                 .content = content_,
                                                 .take_over = options_.take_over}));
    step->state.outputs = std::move(deployed.outputs);
    step->state.resources = std::move(deployed.resources);
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

  std::vector<LiveFunction> functions() const {
    std::vector<LiveFunction> all;
    for (const StackStep& step : steps_) {
      auto of_stack = live_functions(*step.stack, step.state.resources, workspace_.folder().path);
      std::ranges::move(of_stack, std::back_inserter(all));
    }
    return all;
  }

  Workspace& workspace_;
  const MakePlan make_plan_;
  Plan plan_;
  const deploy::Content content_;
  const Options& options_;
  const Surroundings with_;
  std::unique_ptr<aws::CloudFormation> cloudformation_;
  std::unique_ptr<aws::S3> s3_;
  deploy::StackDeployer stacks_;
  AppStacks app_stacks_;
  std::map<std::string, std::string> tags_;
  deploy::StackState debug_state_;
  std::vector<StackStep> steps_;
  std::optional<StackParameters> parameters_;  // since the debug stack is known
  deploy::Uploads uploads_;
};

}  // namespace

MakePlan made_already(Plan plan) {
  return [plan = std::move(plan)] { return as_result(plan); };
}

awaitable<base::Result<Deployment>> deploy_live(Workspace& workspace, MakePlan make_plan, const Options& options,
                                                Surroundings with) {
  Deployer deployer(workspace, std::move(make_plan), deploy::Content::live, options, with);
  CO_TRY(co_await deployer.run());
  co_return deployer.deployment();
}

awaitable<base::Result<>> deploy_real(Workspace& workspace, const Options& options, Surroundings with) {
  bool by_framework = workspace.toolchain().deploys_real();
  MakePlan make_plan = made_already(Plan(workspace.application().stacks.size()));
  if (!by_framework && needs_processing(workspace)) {
    make_plan = [&] { return process_and_plan(workspace, options, with); };
  } else if (!by_framework) {
    CO_TRY(auto plan, plan_real(workspace.application()));
    make_plan = made_already(std::move(plan));
  }
  Deployer deployer(workspace, std::move(make_plan), deploy::Content::real, options, with);
  CO_TRY(by_framework ? co_await deployer.run_by_framework() : co_await deployer.run());
  for (Outputs& outputs : deployer.outputs_of_stacks()) with.reporter.report(std::move(outputs));
  co_return base::Result<>();
}

}  // namespace session
