// The end of a stage: its stacks in the reverse order of their dependencies, then the debug stack with its bucket.
//
// What an interrupted removal left is picked up: a deletion under way is followed, a stack that is gone is passed over.
// Whose stacks they are is checked once more (check_removal in safety.h), for all before the first is deleted. Buckets
// of the app are the user's: one that is not empty is named with the command that empties it. Log groups that Lambda
// made for functions are no part of any stack, and stay.
//
// Cancelled, it leaves CloudFormation to its deletions, which cannot be stopped.
#pragma once

#include <string>
#include <vector>

#include "aws/cloudformation.h"
#include "aws/s3.h"
#include "base/clock.h"
#include "base/result.h"
#include "deploy/safety.h"
#include "deploy/stack_follower.h"
#include "deploy/stack_order.h"

namespace deploy {

struct Removal {
  std::string app;
  std::string stage;
  SafetyOptions safety = {};  // questions were asked by the caller
};

class StackRemover {
 public:
  // All of them outlive it.
  StackRemover(aws::CloudFormation& cloudformation, aws::S3& s3, const base::Clock& clock, Removal removal,
               OnDeployEvent on_event, Sleep sleep = base::sleep_for);

  // All stacks at once where nothing stands against it; ids are names. Errors: deployment for a stack that must not be
  // deleted and for what could not be, with the command that helps.
  base::awaitable<base::Result<>> remove_stacks(std::vector<StackNode> stacks);

  // Empties the bucket, every version in it, then removes the stack. Nothing of livelambda's own is left then.
  base::awaitable<base::Result<>> remove_debug_stack(std::string name);

  // Resources that their DeletionPolicy has kept.
  const std::vector<DeployEvent>& kept() const { return kept_; }

 private:
  base::awaitable<base::Result<StackState>> check(std::string name);
  base::awaitable<base::Result<>> remove(std::string name);
  base::awaitable<base::Result<StackOutcome>> follow(StackState state, std::string newest_event, bool begun);
  base::awaitable<base::Result<>> empty(std::string bucket);

  aws::CloudFormation& cloudformation_;
  aws::S3& s3_;
  Removal removal_;
  OnDeployEvent on_event_;
  StackFollower follower_;
  std::vector<DeployEvent> kept_;
};

}  // namespace deploy
