// Deploys a stack by change set and tells what happens on the way.
//
// A stack that does not exist is created, another updated; "no changes" is a quick success. What a failed creation left
// behind (ROLLBACK_COMPLETE) is deleted first, with a word; an operation that is already under way is waited for. A
// stack that carries other people's tags, or none, is never touched. After a failure the rollback is waited for, so
// that the next try can begin.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "aws/cloudformation.h"
#include "aws/s3.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/task_group.h"

namespace deploy {

// One step of a deployment, for the terminal and --json.
struct DeployEvent {
  std::string stack;
  std::string resource;  // logical id; the stack's own events carry its name
  std::string type;
  std::string status;
  std::string reason;
};
using OnDeployEvent = std::function<void(const DeployEvent&)>;

// The tags that mark a stack as livelambda's.
inline constexpr const char* kAppTag = "livelambda:app";
inline constexpr const char* kStageTag = "livelambda:stage";
std::map<std::string, std::string> stack_tags(std::string app, std::string stage);

struct StackRequest {
  std::string name;
  std::string template_text;
  std::vector<std::pair<std::string, std::string>> parameters = {};
  std::map<std::string, std::string> tags = {};  // with kAppTag, which an existing stack must carry with the same value
  std::string bucket = {};                       // takes templates over 51,200 bytes
};

struct DeployedStack {
  std::string id;
  bool changed = false;
  std::map<std::string, std::string> outputs;
  std::map<std::string, std::string> resources;  // logical → physical id
};

class StackDeployer {
 public:
  using Sleep = std::function<base::awaitable<void>(std::chrono::nanoseconds)>;

  // All of them outlive the deployer. `sleep` is how it waits between polls: 20 ms at first, growing to 1 s.
  StackDeployer(aws::CloudFormation& cloudformation, aws::S3& s3, const base::Clock& clock,
                Sleep sleep = base::sleep_for)
      : cloudformation_(cloudformation), s3_(s3), clock_(clock), sleep_(std::move(sleep)) {}

  // Errors: deployment, with the reason of the first resource that failed by itself; invalid_input for a template
  // beyond CloudFormation's 1 MB; credentials, permission and broken connections as aws/ gives them. Deployments are
  // given two hours.
  base::awaitable<base::Result<DeployedStack>> deploy(StackRequest request, OnDeployEvent on_event);

 private:
  struct Target;     // a stack to follow
  struct Operation;  // how what was followed ended

  base::awaitable<base::Result<bool>> make_ready(StackRequest request, OnDeployEvent on_event);
  base::awaitable<base::Result<aws::ChangeSet>> create_change_set(StackRequest request, bool exists);
  base::awaitable<base::Result<aws::ChangeSet>> wait_for_change_set(std::string id);
  base::awaitable<base::Result<Operation>> follow(Target target, OnDeployEvent on_event);
  base::awaitable<base::Result<DeployedStack>> describe(std::string stack_id, bool changed);

  aws::CloudFormation& cloudformation_;
  aws::S3& s3_;
  const base::Clock& clock_;
  Sleep sleep_;
};

}  // namespace deploy
