#include "session/infrastructure.h"

#include <fmt/format.h>

#include <algorithm>

#include "deploy/difference.h"
#include "session/app_stacks.h"
#include "session/processing.h"
#include "session/text.h"

namespace session {
namespace {

using namespace std::chrono_literals;

constexpr auto kSettled = 300ms;  // without another edit: an editor saves several files one after the other

// In the order of a plan.
std::vector<std::string> stack_names(const app::Application& application) {
  std::vector<std::string> names;
  for (const app::Stack& stack : application.stacks) names.push_back(stack.name);
  return names;
}

}  // namespace

InfrastructureEdits::InfrastructureEdits(Workspace& workspace, const Options& options, Surroundings with, Plan deployed,
                                         Callbacks callbacks)
    : workspace_(workspace),
      options_(options),
      with_(with),
      deployed_(std::move(deployed)),
      deployed_names_(stack_names(workspace.application())),
      callbacks_(std::move(callbacks)) {}

void InfrastructureEdits::changed(const os::Changes& changes) {
  for (const std::string& path : changes.paths) edited_ = edited_ || is_infrastructure(path);
  if (edited_ || changes.overflow) {
    edited_ = true;
    something_.notify_all();
  }
}

void InfrastructureEdits::check_recalled() {
  edited_ = true;
  quietly_ = true;
  something_.notify_all();
}

bool InfrastructureEdits::is_infrastructure(const std::string& path) const {
  if (path == workspace_.folder().path + "/livelambda.yaml") return true;
  for (const std::string& part : workspace_.toolchain().infrastructure()) {
    if (path == part || (path.starts_with(part) && path[part.size()] == '/')) return true;
  }
  return false;
}

awaitable<void> InfrastructureEdits::watch_edits() {
  while (true) {
    while (!edited_ && !enter_) co_await something_.wait();
    if (edited_) {
      do {
        edited_ = false;
        co_await base::sleep_for(kSettled);
      } while (edited_);
      co_await look_again();
    } else {
      enter_ = false;
      if (!pending_.empty()) co_await deploy();
    }
  }
}

awaitable<void> InfrastructureEdits::watch_keyboard() {
  while (true) {
    auto line = co_await with_.terminal.next_line();
    if (!line) co_return;
    enter_ = true;
    something_.notify_all();
  }
}

awaitable<void> InfrastructureEdits::look_again() {
  enter_ = false;  // what was typed before was no answer to this
  pending_.clear();
  auto plan = co_await plan_anew();
  if (plan) co_await tell_left_behind(workspace_, with_.reporter);
  if (!plan) {
    tell(plan.error());
  } else if (show(*plan)) {
    pending_ = std::move(*plan);
    with_.reporter.report(Notice{with_.terminal.is_interactive() ? "Press Enter to deploy this."
                                                                 : "Run `livelambda start` again to deploy this."});
  } else {
    callbacks_.nothing_to_deploy();
  }
}

awaitable<base::Result<Plan>> InfrastructureEdits::plan_anew() {
  CO_TRY(workspace_.read_settings());
  CO_TRY(co_await workspace_.read(project::Purpose::live, std::exchange(quietly_, false)));
  CO_TRY(co_await process_stacks(workspace_, options_, with_));
  CO_TRY(co_await callbacks_.check());
  co_return plan_live(workspace_.application(), options_.increase_timeout);
}

// False if nothing would change.
bool InfrastructureEdits::show(const Plan& plan) {
  bool any = false;
  const auto names = stack_names(workspace_.application());
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const PlannedStack& planned = plan[i];
    auto old = static_cast<std::size_t>(std::ranges::find(deployed_names_, names[i]) - deployed_names_.begin());
    const bool is_new = old == deployed_names_.size();
    static const PlannedStack kNothing{.rewritten = {.document = codec::json::object()}};
    const PlannedStack& before = is_new ? kNothing : deployed_[old];
    InfrastructureChange change{.stack = names[i],
                                .lines = deploy::difference_lines(deploy::template_difference(
                                    before.rewritten.document, planned.rewritten.document))};
    // Without the values: some are secret.
    for (const auto& [name, value] : planned.parameters) {
      auto known = before.parameters.find(name);
      bool same = known != before.parameters.end() && known->second == value;
      if (!same && !is_new) change.lines.push_back(fmt::format("~ value of the parameter {}", name));
    }
    if (change.lines.empty()) continue;
    with_.reporter.report(std::move(change));
    any = true;
  }
  return any;
}

awaitable<void> InfrastructureEdits::deploy() {
  Plan plan = std::exchange(pending_, {});
  auto deployment = co_await deploy_live(workspace_, made_already(plan), options_, with_);
  if (!deployment) {
    tell(deployment.error());
    pending_ = std::move(plan);
    enter_ = false;  // what was typed meanwhile was no answer to this
    with_.reporter.report(Notice{"Press Enter to try again."});
    co_return;
  }
  deployed_ = std::move(plan);
  deployed_names_ = stack_names(workspace_.application());
  callbacks_.deployed(*deployment);
}

void InfrastructureEdits::tell(const base::Error& error) {
  with_.reporter.report(Notice{place_text(error.file, error.line) + error.message});
  if (!error.hint.empty()) with_.reporter.report(Notice{error.hint});
}

}  // namespace session
