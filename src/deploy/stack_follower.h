// Follows what CloudFormation does to a stack, to its end: every event of the stack and of those nested in it is told
// once, in order for each stack, and the first failure that is a cause is kept. Only cancelled resources are none, nor
// is a nested stack whose own resource failed.
//
// Polls DescribeStackEvents: 20 ms apart at first (a local cloud answers in milliseconds), growing to a second.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "aws/cloudformation.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/task_group.h"

namespace deploy {

// One step of a deployment, for the terminal and --json.
struct DeployEvent {
  std::string stack;
  std::string resource;  // logical id, of a nested stack "Nested/LogicalId"; the stack's own events carry its name
  std::string type;
  std::string status;
  std::string reason;
  std::string physical_id = {};  // "" while the resource has none
};
using OnDeployEvent = std::function<void(const DeployEvent&)>;

// How a component waits; tests hand in one that only turns a clock.
using Sleep = std::function<base::awaitable<void>(std::chrono::nanoseconds)>;

// The wait between two polls.
class PollInterval {
 public:
  std::chrono::nanoseconds next();

 private:
  std::chrono::nanoseconds value_ = std::chrono::milliseconds(20);
};

struct FollowedStack {
  std::string name;
  std::string id;
  std::string known_event_id;  // the newest from before the operation
  bool begun = false;          // whether the operation is known to have begun; else its first event says so
};

// How what was followed ended.
struct StackOutcome {
  std::string status;                       // DELETE_COMPLETE if the stack is gone
  std::string reason;                       // the stack's
  std::optional<DeployEvent> failure = {};  // the cause
  std::vector<DeployEvent> failed = {};     // every resource that failed by itself
};

class StackFollower {
 public:
  // All of them outlive it.
  StackFollower(aws::CloudFormation& cloudformation, const base::Clock& clock, Sleep sleep)
      : cloudformation_(cloudformation), clock_(clock), sleep_(std::move(sleep)) {}

  // Errors: deployment after two hours; those of the calls.
  base::awaitable<base::Result<StackOutcome>> follow(FollowedStack target, OnDeployEvent on_event);

 private:
  aws::CloudFormation& cloudformation_;
  const base::Clock& clock_;
  Sleep sleep_;
};

}  // namespace deploy
