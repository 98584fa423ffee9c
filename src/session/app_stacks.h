// The app's stacks as CloudFormation has them, each in the region that it is in: a CDK app may bind a stack to another
// region than the session's. And stacks that were the app's once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aws/cloudformation.h"
#include "base/result.h"
#include "deploy/stack_state.h"
#include "session/workspace.h"

namespace session {

class AppStacks {
 public:
  // `workspace` outlives this.
  explicit AppStacks(const Workspace& workspace) : workspace_(workspace) {}

  // Of a region, "" for the session's; lives as long as this.
  aws::CloudFormation& in(const std::string& region);
  // As deploy/stack_state.h has them.
  awaitable<base::Result<deploy::StackState>> look(const app::Stack& stack);
  awaitable<base::Result<deploy::StackState>> glance(const app::Stack& stack);
  // Names of stacks in the session's region that carry the app's and the stage's tags, but are no part of the app.
  awaitable<base::Result<std::vector<std::string>>> left_behind();

 private:
  const Workspace& workspace_;
  std::map<std::string, std::unique_ptr<aws::CloudFormation>> clients_;
};

// Says which stacks are left behind, and how they are removed; whether there are any. A CDK app drops a stack by not
// making it; those of others have one. Nothing is said to who may not list stacks.
awaitable<bool> tell_left_behind(const Workspace& workspace, Reporter& reporter);

}  // namespace session
