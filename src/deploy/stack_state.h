// A stack as CloudFormation has it now: enough to decide whether it is ours, whether it has to be deployed, and what
// its resources are called.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "aws/cloudformation.h"
#include "base/result.h"
#include "deploy/template_mark.h"

namespace deploy {

// The tags that mark a stack as livelambda's. They stay the same for a stack's life: see template_mark.h.
inline constexpr const char* kAppTag = "livelambda:app";
inline constexpr const char* kStageTag = "livelambda:stage";
// Of a stack that was there before: its removal is not ours to decide alone.
inline constexpr const char* kTakenOverTag = "livelambda:taken-over";
std::map<std::string, std::string> stack_tags(std::string app, std::string stage);

inline constexpr std::string_view kStackType = "AWS::CloudFormation::Stack";

struct StackState {
  bool exists = false;  // false too for a name that is only under review: nothing of it was ever made
  std::string id;
  std::string name;
  std::string status;
  std::string status_reason;
  std::map<std::string, std::string> tags;
  std::map<std::string, std::string> outputs;    // without the mark
  std::map<std::string, std::string> resources;  // path → physical id; of a nested stack "Nested/LogicalId"
  std::string mark;                              // template_mark.h; "" if it was never deployed by us
  bool termination_protection = false;
};

// DescribeStacks, and ListStackResources for the stack and each one nested in it.
aws::awaitable<base::Result<StackState>> look_at_stack(aws::CloudFormation& cloudformation, std::string name);

// DescribeStacks alone: `resources` stays empty.
aws::awaitable<base::Result<StackState>> glance_at_stack(aws::CloudFormation& cloudformation, std::string name);

// Of the stack and all that are nested in it, at the same time.
aws::awaitable<base::Result<std::map<std::string, std::string>>> list_all_resources(aws::CloudFormation& cloudformation,
                                                                                    std::string stack_id);

// An error of the service (a template that it refuses, a limit) as a failed deployment of the stack; others keep their
// kind.
base::Error as_deployment(base::Error error, std::string_view stack);

// Whether the stack carries these tags, beside any others.
bool has_tags(const StackState& state, const std::map<std::string, std::string>& tags);

// An operation is under way. (REVIEW_IN_PROGRESS is none: it is a name with a change set.)
bool in_progress(std::string_view status);
// A first creation that failed: such a stack can only be deleted.
bool is_wreck(std::string_view status);
// All its resources are what its template says, also after a rollback.
bool is_settled(std::string_view status);

}  // namespace deploy
