#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "aws/s3.h"
#include "deploy/safety.h"
#include "deploy/stack_remover.h"
#include "session/app_stacks.h"
#include "session/confirm.h"
#include "session/deploy_progress.h"
#include "session/operations.h"
#include "session/text.h"
#include "session/workspace.h"

namespace session {
namespace {

namespace asio = boost::asio;

// Deletes what was found, after the user has said yes.
class Remover {
 public:
  Remover(Workspace& workspace, const Options& options, Surroundings with, std::string app)
      : app_(std::move(app)),
        workspace_(workspace),
        options_(options),
        with_(with),
        safety_{.take_over = options.take_over, .yes_really = options.yes_really},
        stacks_(workspace),
        s3_(aws::make_s3(workspace.aws())),
        debug_stack_(workspace.debug_stack_name(app_)) {}

  // The stacks that the app has.
  awaitable<base::Result<>> run() {
    for (const app::Stack& stack : workspace_.application().stacks) {
      nodes_[stack.region].push_back({stack.name, names_of(stack.depends_on, stack.region)});
    }
    co_return co_await remove();
  }

  // The stacks with the app's tags. What depends on what is not known; what was made last goes first.
  awaitable<base::Result<>> run_by_tags() {
    CO_TRY(auto stacks, co_await stacks_.in("").list_stacks());
    const auto wanted = deploy::stack_tags(app_, workspace_.folder().stage);
    std::erase_if(stacks, [&](const aws::Stack& stack) {
      bool is_ours = std::ranges::all_of(wanted, [&](const auto& tag) {
        auto found = stack.tags.find(tag.first);
        return found != stack.tags.end() && found->second == tag.second;
      });
      return !is_ours || !stack.parent_id.empty() || stack.name == debug_stack_;
    });
    std::ranges::sort(stacks, {}, &aws::Stack::created);
    std::vector<std::string> before;
    for (const aws::Stack& stack : stacks) {
      nodes_[""].push_back({stack.name, before});
      before = {stack.name};
    }
    co_return co_await remove();
  }

 private:
  awaitable<base::Result<>> remove() {
    const std::string& stage = workspace_.folder().stage;
    CO_TRY(deploy::check_stage_is_meant(stage, safety_));
    CO_TRY(co_await look());
    if (found_.stacks.empty()) {
      with_.reporter.report(Notice{fmt::format("nothing of {} is deployed on stage {}", app_, stage)});
      co_return base::Result<>();
    }
    with_.reporter.report(found_);
    CO_TRY(co_await ask());
    for (const auto& [region, nodes] : nodes_) {
      if (!region.empty()) CO_TRY(co_await remove_from(region, nodes));
    }
    co_return co_await remove_from("", nodes_[""]);
  }

  // The debug stack is in the session's region.
  awaitable<base::Result<>> remove_from(std::string region, std::vector<deploy::StackNode> nodes) {
    deploy::StackRemover remover(stacks_.in(region), *s3_, with_.clock,
                                 {.app = app_, .stage = workspace_.folder().stage, .safety = safety_},
                                 tell_progress(with_.reporter));
    CO_TRY(co_await remover.remove_stacks(std::move(nodes)));
    if (region.empty()) CO_TRY(co_await remover.remove_debug_stack(debug_stack_));
    for (const deploy::DeployEvent& kept : remover.kept()) {
      with_.reporter.report(
          Notice{fmt::format("{} ({}) is kept, as its DeletionPolicy says", kept.resource, kept.type)});
    }
    co_return base::Result<>();
  }

  awaitable<base::Result<>> look() {
    found_ = workspace_.target();
    found_.app = app_;
    for (const auto& [region, nodes] : nodes_) {
      for (const deploy::StackNode& node : nodes) CO_TRY(co_await look_at(region, node.id));
    }
    co_return co_await look_at("", debug_stack_);
  }

  awaitable<base::Result<>> look_at(std::string region, std::string name) {
    CO_TRY(auto state, co_await deploy::glance_at_stack(stacks_.in(region), name));
    CO_TRY(auto question, deploy::check_removal(state, app_, workspace_.folder().stage, safety_));
    if (question) questions_.push_back(std::move(*question));
    if (!state.id.empty()) found_.stacks.push_back(std::move(name));
    co_return base::Result<>();
  }

  std::vector<std::string> names_of(const std::vector<std::string>& ids, const std::string& region) const {
    std::vector<std::string> names;
    for (const app::Stack& stack : workspace_.application().stacks) {
      if (stack.region != region) continue;
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

  const std::string app_;
  Workspace& workspace_;
  const Options& options_;
  const Surroundings with_;
  const deploy::SafetyOptions safety_;
  AppStacks stacks_;
  std::unique_ptr<aws::S3> s3_;
  const std::string debug_stack_;
  Target found_;
  std::map<std::string, std::vector<deploy::StackNode>> nodes_;  // by region, "" = the session's
  std::vector<deploy::Question> questions_;
};

}  // namespace

awaitable<base::Result<>> remove(Options options, Surroundings with) {
  Workspace workspace(co_await asio::this_coro::executor, options, with);
  CO_TRY(co_await workspace.open_remains());
  std::string why;  // it is removed by its tags
  if (!options.app.empty()) {
    why = "The app is named";
  } else if (workspace.folder().entry_file.empty()) {
    why = "The app is gone from its folder";
  } else if (auto read = co_await workspace.read(project::Purpose::live); !read) {
    with.reporter.report(Notice{place_text(read.error().file, read.error().line) + read.error().message});
    why = "The app cannot be read";
  }
  if (why.empty()) {
    Remover remover(workspace, options, with, workspace.application().name);
    co_return co_await remover.run();
  }
  CO_TRY(auto app, workspace.recall_name());
  with.reporter.report(Notice{fmt::format("{}: what goes are the stacks of {} with the tags {}={} and {}={}.", why,
                                          workspace.account().region, deploy::kAppTag, app, deploy::kStageTag,
                                          workspace.folder().stage)});
  Remover remover(workspace, options, with, std::move(app));
  co_return co_await remover.run_by_tags();
}

}  // namespace session
