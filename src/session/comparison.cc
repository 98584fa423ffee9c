#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>

#include "aws/cloudformation.h"
#include "aws/s3.h"
#include "deploy/debug_stack.h"
#include "deploy/difference.h"
#include "deploy/stack_deployer.h"
#include "session/app_stacks.h"
#include "session/operations.h"
#include "session/plan.h"
#include "session/processing.h"
#include "session/stack_parameters.h"
#include "session/workspace.h"

namespace session {
namespace {

namespace asio = boost::asio;

// Compares what is deployed with what would be: live where stubs are deployed, else the real code.
class Comparison {
 public:
  Comparison(Workspace& workspace, const Options& options, Surroundings with)
      : workspace_(workspace),
        options_(options),
        with_(with),
        stacks_(workspace),
        cloudformation_(aws::make_cloudformation(workspace.aws())),
        s3_(aws::make_s3(workspace.aws())),
        deployer_(*cloudformation_, *s3_, with.clock) {}

  awaitable<base::Result<>> run() {
    CO_TRY(co_await look());
    if (content_ == deploy::Content::real) {
      CO_TRY(co_await workspace_.read(project::Purpose::real));
    }
    if (parameters_) CO_TRY(co_await process_stacks(workspace_, options_, with_));
    CO_TRY(auto plan, content_ == deploy::Content::live ? plan_live(workspace_.application(), options_.increase_timeout)
                                                        : plan_real(workspace_.application()));
    bool any = false;
    for (std::size_t i = 0; i < plan.size(); ++i) {
      const app::Stack& stack = workspace_.application().stacks[i];
      CO_TRY(auto differences, co_await compare(stack, plan[i].rewritten));
      if (differences.empty()) continue;
      any = true;
      with_.reporter.report(InfrastructureChange{stack.name, deploy::difference_lines(differences)});
    }
    any = co_await tell_left_behind(workspace_, with_.reporter) || any;
    if (!any) with_.reporter.report(Notice{fmt::format("stage {} is up to date", workspace_.folder().stage)});
    co_return base::Result<>();
  }

 private:
  awaitable<base::Result<>> look() {
    const auto& application = workspace_.application();
    for (const app::Stack& stack : application.stacks) {
      CO_TRY(auto state, co_await stacks_.glance(stack));
      if (state.exists && !state.mark.empty()) content_ = deploy::content_of(state.mark);
      states_[stack.name] = std::move(state);
    }
    CO_TRY(auto debug, co_await deploy::glance_at_stack(*cloudformation_, workspace_.debug_stack_name()));
    if (auto bridge = deploy::read_debug_stack(debug.outputs)) {
      parameters_.emplace(workspace_, options_.assets, std::move(*bridge));
    }
    co_return base::Result<>();
  }

  awaitable<base::Result<std::vector<deploy::Difference>>> compare(const app::Stack& stack,
                                                                   const app::Rewritten& rewritten) {
    const deploy::StackState& state = states_[stack.name];
    codec::json::value deployed = codec::json::object();
    if (state.exists) {
      CO_TRY(auto text, co_await stacks_.in(stack.region).get_template(state.id));
      CO_TRY(auto document, codec::parse_yaml(text));  // or JSON
      deployed = std::move(document.value);
    }
    auto of_templates = deploy::template_difference(deployed, rewritten.document);
    // CloudFormation's own word on it needs what the template names to be in the bucket.
    if (!state.exists || !parameters_ || !rewritten.nested.empty() || workspace_.toolchain().deploys_live()) {
      co_return of_templates;
    }
    auto changes = co_await deployer_.preview({.name = stack.name,
                                               .template_text = rewritten.text,
                                               .parameters = parameters_->of(stack, rewritten),
                                               .tags = state.tags,
                                               .bucket = parameters_->bridge().bucket,
                                               .content = content_});
    if (!changes) {  // what the templates tell is true all the same
      with_.reporter.report(Notice{"CloudFormation does not say what it would do: " + changes.error().message});
      co_return of_templates;
    }
    co_return deploy::join_differences(deploy::change_set_difference(*changes), std::move(of_templates));
  }

  Workspace& workspace_;
  const Options& options_;
  const Surroundings with_;
  AppStacks stacks_;
  std::unique_ptr<aws::CloudFormation> cloudformation_;
  std::unique_ptr<aws::S3> s3_;
  deploy::StackDeployer deployer_;
  deploy::Content content_ = deploy::Content::live;
  std::map<std::string, deploy::StackState> states_;
  std::optional<StackParameters> parameters_;
};

}  // namespace

awaitable<base::Result<>> diff(Options options, Surroundings with) {
  Workspace workspace(co_await asio::this_coro::executor, options, with);
  CO_TRY(co_await workspace.open());
  CO_TRY(co_await workspace.read(project::Purpose::live));
  Comparison comparison(workspace, options, with);
  co_return co_await comparison.run();
}

}  // namespace session
