// Deploys a stack by change set and tells what happens on the way.
//
// A stack that does not exist is created, another updated. One whose mark (template_mark.h) says that exactly this is
// deployed is only read; "no changes" is a quick success too. What an earlier run left is picked up: an operation under
// way is waited for, a failed creation (ROLLBACK_COMPLETE) is deleted, with a word. Of two deployments at once one
// waits for the other, and looks again whether anything is left to do. A stack that carries other people's tags is
// never touched, one without tags only with `take_over`. After a failure the rollback is waited for, so that the next
// try can begin.
//
// Cancelled, it stops what it began: an unfinished change set is deleted, an update rolled back (CancelUpdateStack),
// which it does not wait for. A creation cannot be cancelled: it goes on, and an event says how to follow it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "aws/cloudformation.h"
#include "aws/s3.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/task_group.h"
#include "deploy/stack_follower.h"
#include "deploy/stack_state.h"
#include "deploy/template_mark.h"

namespace deploy {

struct StackRequest {
  std::string name;
  std::string template_text;  // JSON
  std::vector<std::pair<std::string, std::string>> parameters = {};
  std::map<std::string, std::string> tags = {};  // with kAppTag and kStageTag, which an existing stack must carry too
  std::string bucket = {};                       // takes templates over 51,200 bytes
  Content content = Content::live;
  bool take_over = false;  // a stack without our tags gets them
};

struct DeployedStack {
  std::string id;
  bool changed = false;
  std::map<std::string, std::string> outputs;    // without the mark
  std::map<std::string, std::string> resources;  // path → physical id, as StackState has them
};

class StackDeployer {
 public:
  // All of them outlive the deployer. `sleep` is how it waits between polls.
  StackDeployer(aws::CloudFormation& cloudformation, aws::S3& s3, const base::Clock& clock,
                Sleep sleep = base::sleep_for)
      : cloudformation_(cloudformation), s3_(s3), clock_(clock), sleep_(std::move(sleep)) {}

  // Errors: deployment, with the reason of the first resource that failed by itself; invalid_input for a template
  // beyond CloudFormation's 1 MB; credentials, permission and broken connections as aws/ gives them. Deployments are
  // given two hours.
  base::awaitable<base::Result<DeployedStack>> deploy(StackRequest request, OnDeployEvent on_event);

  // What deploying it would do to a stack that exists, as CloudFormation itself says, with the stacks nested in it
  // ("Nested/LogicalId"). Makes a change set and deletes it again; what nested templates and packages it names must be
  // in the bucket. Empty if nothing changes. Errors: not_found for a stack that is not there; those of deploy().
  base::awaitable<base::Result<std::vector<aws::ResourceChange>>> preview(StackRequest request);

  // The template as CloudFormation itself expands it (macros, Fn::ForEach), as JSON: makes a change set that is never
  // executed, and deletes it again, with the name under review of a stack that is not there. What the template includes
  // must be in the bucket. The stack is made ready as by deploy(); so are the errors.
  base::awaitable<base::Result<std::string>> process(StackRequest request, OnDeployEvent on_event);

  base::awaitable<base::Result<StackState>> look(std::string name) {
    return look_at_stack(cloudformation_, std::move(name));
  }

 private:
  aws::CloudFormation& cloudformation_;
  aws::S3& s3_;
  const base::Clock& clock_;
  Sleep sleep_;
};

}  // namespace deploy
