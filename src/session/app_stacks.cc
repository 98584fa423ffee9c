#include "session/app_stacks.h"

#include <fmt/format.h>

#include <algorithm>

#include "deploy/safety.h"

namespace session {

aws::CloudFormation& AppStacks::in(const std::string& region) {
  auto& client = clients_[region];
  if (client) return *client;
  aws::ClientConfig config = workspace_.aws();
  if (!region.empty()) config.region = region;
  client = aws::make_cloudformation(config);
  return *client;
}

awaitable<base::Result<deploy::StackState>> AppStacks::look(const app::Stack& stack) {
  co_return co_await deploy::look_at_stack(in(stack.region), stack.name);
}

awaitable<base::Result<deploy::StackState>> AppStacks::glance(const app::Stack& stack) {
  co_return co_await deploy::glance_at_stack(in(stack.region), stack.name);
}

awaitable<base::Result<std::vector<std::string>>> AppStacks::left_behind() {
  const auto& application = workspace_.application();
  CO_TRY(auto stacks, co_await in("").list_stacks());
  std::vector<std::string> names;
  for (const aws::Stack& stack : stacks) {
    deploy::StackState state{.exists = true, .name = stack.name, .status = stack.status, .tags = stack.tags};
    bool is_ours = deploy::has_tags(state, deploy::stack_tags(application.name, workspace_.folder().stage));
    bool is_of_app = stack.name == workspace_.debug_stack_name() ||
                     std::ranges::any_of(application.stacks, [&](const app::Stack& one) {
                       return one.name == stack.name && one.region.empty();
                     });
    if (is_ours && !is_of_app && stack.parent_id.empty()) names.push_back(stack.name);
  }
  co_return names;
}

awaitable<bool> tell_left_behind(const Workspace& workspace, Reporter& reporter) {
  if (workspace.folder().framework != app::Framework::cdk) co_return false;
  AppStacks stacks(workspace);
  auto names = co_await stacks.left_behind();
  if (!names) co_return false;
  for (const std::string& name : *names) {
    reporter.report(Notice{fmt::format(
        "stack {} is no longer in the app; it stays as it is. Remove it with: aws cloudformation delete-stack "
        "--stack-name {} --region {}",
        name, name, workspace.account().region)});
  }
  co_return !names->empty();
}

}  // namespace session
