#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "aws/cloudformation.h"
#include "aws/s3.h"
#include "deploy/safety.h"
#include "deploy/stack_remover.h"
#include "session/confirm.h"
#include "session/deploy_progress.h"
#include "session/operations.h"
#include "session/workspace.h"

namespace session {
namespace {

namespace asio = boost::asio;

// Deletes what was found, after the user has said yes.
class Remover {
 public:
  Remover(Workspace& workspace, const Options& options, Surroundings with)
      : workspace_(workspace),
        options_(options),
        with_(with),
        safety_{.take_over = options.take_over, .yes_really = options.yes_really},
        cloudformation_(aws::make_cloudformation(workspace.aws())),
        s3_(aws::make_s3(workspace.aws())),
        debug_stack_(workspace.debug_stack_name()) {}

  awaitable<base::Result<>> run() {
    const std::string& stage = workspace_.folder().stage;
    CO_TRY(deploy::check_stage_is_meant(stage, safety_));
    CO_TRY(co_await look());
    if (found_.stacks.empty()) {
      with_.reporter.report(Notice{fmt::format("nothing of {} is deployed on stage {}", app_name(), stage)});
      co_return base::Result<>();
    }
    with_.reporter.report(found_);
    CO_TRY(co_await ask());
    deploy::StackRemover remover(*cloudformation_, *s3_, with_.clock,
                                 {.app = app_name(), .stage = stage, .safety = safety_}, tell_progress(with_.reporter));
    CO_TRY(co_await remover.remove_stacks(nodes_));
    CO_TRY(co_await remover.remove_debug_stack(debug_stack_));
    for (const deploy::DeployEvent& kept : remover.kept()) {
      with_.reporter.report(
          Notice{fmt::format("{} ({}) is kept, as its DeletionPolicy says", kept.resource, kept.type)});
    }
    co_return base::Result<>();
  }

 private:
  const std::string& app_name() const { return workspace_.application().name; }

  awaitable<base::Result<>> look() {
    found_ = workspace_.target();
    for (const app::Stack& stack : workspace_.application().stacks) {
      nodes_.push_back({stack.name, names_of(stack.depends_on)});
      CO_TRY(co_await look_at(stack.name));
    }
    co_return co_await look_at(debug_stack_);
  }

  awaitable<base::Result<>> look_at(std::string name) {
    CO_TRY(auto state, co_await deploy::glance_at_stack(*cloudformation_, name));
    CO_TRY(auto question, deploy::check_removal(state, app_name(), workspace_.folder().stage, safety_));
    if (question) questions_.push_back(std::move(*question));
    if (!state.id.empty()) found_.stacks.push_back(std::move(name));
    co_return base::Result<>();
  }

  std::vector<std::string> names_of(const std::vector<std::string>& ids) const {
    std::vector<std::string> names;
    for (const app::Stack& stack : workspace_.application().stacks) {
      if (std::find(ids.begin(), ids.end(), stack.id) != ids.end()) names.push_back(stack.name);
    }
    return names;
  }

  // The stage's name, and that of each stack that was there before livelambda.
  awaitable<base::Result<>> ask() {
    if (!options_.yes) {
      if (!with_.terminal.is_interactive()) {
        co_return base::fail(base::ErrorKind::usage, "nobody is there to be asked whether to remove the stage",
                             "Give --yes if you mean it.");
      }
      questions_.push_back({.words = fmt::format("All of this is deleted. Type the stage's name, {}, to go on",
                                                 workspace_.folder().stage),
                            .answer = workspace_.folder().stage});
    }
    for (const deploy::Question& question : questions_) {
      if (co_await confirm(with_, question)) continue;
      co_return base::fail(base::ErrorKind::usage, "nothing was removed", "Type the name as it is asked for.");
    }
    co_return base::Result<>();
  }

  Workspace& workspace_;
  const Options& options_;
  const Surroundings with_;
  const deploy::SafetyOptions safety_;
  std::unique_ptr<aws::CloudFormation> cloudformation_;
  std::unique_ptr<aws::S3> s3_;
  const std::string debug_stack_;
  Target found_;
  std::vector<deploy::StackNode> nodes_;
  std::vector<deploy::Question> questions_;
};

}  // namespace

awaitable<base::Result<>> remove(Options options, Surroundings with) {
  Workspace workspace(co_await asio::this_coro::executor, options, with);
  CO_TRY(co_await workspace.open());
  CO_TRY(co_await workspace.read(project::Purpose::live));
  Remover remover(workspace, options, with);
  co_return co_await remover.run();
}

}  // namespace session
