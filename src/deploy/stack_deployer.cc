#include "deploy/stack_deployer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/ids.h"
#include "deploy/package.h"

namespace deploy {
namespace {

using base::awaitable;
using base::Result;
using namespace std::chrono_literals;

constexpr std::size_t kLargestBody = 51'200;         // TemplateBody; beyond it TemplateURL
constexpr std::size_t kLargestTemplate = 1'000'000;  // TemplateURL, 1 MB
constexpr auto kLongestDeployment = 2h;
constexpr auto kLongestChangeSet = 10min;
constexpr std::string_view kStackType = "AWS::CloudFormation::Stack";

// The wait between two polls: short for a local cloud that answers in milliseconds, a second for AWS.
class Interval {
 public:
  std::chrono::nanoseconds next() {
    auto now = value_;
    value_ = std::min<std::chrono::nanoseconds>(value_ * 5 / 4, 1s);
    return now;
  }

 private:
  std::chrono::nanoseconds value_ = 20ms;
};

bool in_progress(std::string_view status) {
  return status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS";
}

// A first creation that failed: such a stack can only be deleted.
bool is_wreck(std::string_view status) {
  return status == "ROLLBACK_COMPLETE" || status == "ROLLBACK_FAILED" || status == "CREATE_FAILED";
}

bool succeeded(std::string_view status) {
  return status == "CREATE_COMPLETE" || status == "UPDATE_COMPLETE" || status == "DELETE_COMPLETE";
}

bool says_no_changes(std::string_view reason) {
  return reason.find("didn't contain changes") != std::string_view::npos ||
         reason.find("No updates are to be performed") != std::string_view::npos;
}

// CloudFormation marks everything that it stopped because of another failure.
bool says_cancelled(std::string_view reason) {
  return reason.find("cancelled") != std::string_view::npos || reason.find("Cancelled") != std::string_view::npos;
}

std::string hint_for(std::string_view reason) {
  auto mentions = [reason](std::string_view text) { return reason.find(text) != std::string_view::npos; };
  if (mentions("already exists")) {
    return "Another stack or stage has a resource of that name: put ${AWS::StackName} into it, or let CloudFormation "
           "choose it.";
  }
  if (mentions("not authorized") || mentions("AccessDenied") || mentions("Access Denied")) {
    return "The credentials that deploy lack this permission.";
  }
  return "The stack was rolled back. Mend the template and run the command again.";
}

// An error of the service (a template that it refuses, a limit) becomes a failed deployment; others keep their kind.
base::Error as_deployment(base::Error error, std::string_view stack) {
  if (error.kind == base::ErrorKind::service) {
    error.kind = base::ErrorKind::deployment;
    error.message = fmt::format("stack {}: {}", stack, error.message);
  }
  return error;
}

Result<void> check_ours(const aws::Stack& stack, const StackRequest& request) {
  auto wanted = request.tags.find(kAppTag);
  if (wanted == request.tags.end()) return {};
  auto tag = stack.tags.find(kAppTag);
  if (tag != stack.tags.end() && tag->second == wanted->second) return {};
  return base::fail(base::ErrorKind::deployment,
                    tag == stack.tags.end() ? fmt::format("stack {} exists, and livelambda did not make it", stack.name)
                                            : fmt::format("stack {} belongs to the app {}", stack.name, tag->second),
                    "Choose another --stage: a live deployment would replace that stack's functions.");
}

void report(const OnDeployEvent& on_event, const std::string& stack, const aws::StackEvent& event) {
  if (!on_event) return;
  on_event({.stack = stack,
            .resource = event.logical_id,
            .type = event.type,
            .status = event.status,
            .reason = event.reason});
}

// A word of our own about the stack, in the shape of its events.
void report_step(const OnDeployEvent& on_event, const aws::Stack& stack, std::string status, std::string reason) {
  report(on_event, stack.name,
         {.id = {},
          .logical_id = stack.name,
          .physical_id = stack.id,
          .type = std::string(kStackType),
          .status = std::move(status),
          .reason = std::move(reason)});
}

}  // namespace

struct StackDeployer::Target {
  std::string name;
  std::string id;
  std::string known_event_id;  // the newest from before
  bool begun = false;          // whether the operation is known to have begun; else its first event says so
};

struct StackDeployer::Operation {
  std::string status;                                 // the stack's, at the end; DELETE_COMPLETE if it is gone
  std::string reason;                                 // the stack's
  std::optional<aws::StackEvent> first_failure = {};  // not one that was only cancelled
};

std::map<std::string, std::string> stack_tags(std::string app, std::string stage) {
  return {{kAppTag, std::move(app)}, {kStageTag, std::move(stage)}};
}

awaitable<Result<DeployedStack>> StackDeployer::deploy(StackRequest request, OnDeployEvent on_event) {
  CO_TRY(bool exists, co_await make_ready(request, on_event));
  CO_TRY(auto change_set, co_await create_change_set(request, exists));
  CO_TRY(auto made, co_await wait_for_change_set(change_set.id));
  if (made.status == "FAILED") {
    CO_TRY(co_await cloudformation_.delete_change_set(change_set.id));
    if (exists && says_no_changes(made.status_reason)) co_return co_await describe(change_set.stack_id, false);
    // A stack that was never created is only a name under review.
    if (!exists) CO_TRY(co_await cloudformation_.delete_stack(change_set.stack_id));
    co_return base::fail(base::ErrorKind::deployment, fmt::format("stack {}: {}", request.name, made.status_reason),
                         "CloudFormation did not accept the template.");
  }
  CO_TRY(auto newest, co_await cloudformation_.newest_event_id(change_set.stack_id));
  auto executed = co_await cloudformation_.execute_change_set(change_set.id);
  if (!executed) co_return base::fail(as_deployment(executed.error(), request.name));
  CO_TRY(auto operation,
         co_await follow({.name = request.name, .id = change_set.stack_id, .known_event_id = newest}, on_event));
  if (succeeded(operation.status)) co_return co_await describe(change_set.stack_id, true);
  if (!operation.first_failure) {
    co_return base::fail(base::ErrorKind::deployment,
                         fmt::format("stack {} ended as {}: {}", request.name, operation.status, operation.reason),
                         hint_for(operation.reason));
  }
  const aws::StackEvent& failure = *operation.first_failure;
  co_return base::fail(
      base::ErrorKind::deployment,
      fmt::format("stack {}: {} ({}): {}", request.name, failure.logical_id, failure.type, failure.reason),
      hint_for(failure.reason));
}

// Brings the stack into a state from which a change set can be made. True: it exists, an update; false: it has to be
// created.
awaitable<Result<bool>> StackDeployer::make_ready(StackRequest request, OnDeployEvent on_event) {
  CO_TRY(auto stack, co_await cloudformation_.describe_stack(request.name));
  if (stack && in_progress(stack->status)) {
    CO_TRY(check_ours(*stack, request));
    report_step(on_event, *stack, stack->status, "waiting for an operation that is already under way");
    CO_TRY(auto newest, co_await cloudformation_.newest_event_id(stack->id));
    CO_TRY(co_await follow({.name = stack->name, .id = stack->id, .known_event_id = newest, .begun = true}, on_event));
    CO_TRY(stack, co_await cloudformation_.describe_stack(request.name));
  }
  if (!stack || stack->status == "DELETE_COMPLETE" || stack->status == "REVIEW_IN_PROGRESS") co_return false;
  CO_TRY(check_ours(*stack, request));
  if (stack->status == "UPDATE_ROLLBACK_FAILED" || stack->status == "DELETE_FAILED") {
    co_return base::fail(
        base::ErrorKind::deployment,
        fmt::format("stack {} is in state {}: {}", request.name, stack->status, stack->status_reason),
        fmt::format("Run `aws cloudformation {} --stack-name {}`, then the command again.",
                    stack->status == "DELETE_FAILED" ? "delete-stack" : "continue-update-rollback", request.name));
  }
  if (!is_wreck(stack->status)) co_return true;
  report_step(on_event, *stack, "DELETE_IN_PROGRESS", "deleting what a failed creation left behind");
  CO_TRY(auto newest, co_await cloudformation_.newest_event_id(stack->id));
  CO_TRY(co_await cloudformation_.delete_stack(stack->id));
  CO_TRY(auto deleted, co_await follow({.name = stack->name, .id = stack->id, .known_event_id = newest}, on_event));
  if (deleted.status == "DELETE_COMPLETE") co_return false;
  co_return base::fail(
      base::ErrorKind::deployment,
      fmt::format("stack {}, left behind by a failed creation, could not be deleted: {}", request.name, deleted.reason),
      "Delete it in the CloudFormation console, then run the command again.");
}

awaitable<Result<aws::ChangeSet>> StackDeployer::create_change_set(StackRequest request, bool exists) {
  aws::CreateChangeSetInput input{.stack_name = request.name,
                                  .change_set_name = "livelambda-" + base::random_uuid(),
                                  .type = exists ? "UPDATE" : "CREATE",
                                  .template_body = {},
                                  .template_url = {},
                                  .parameters = request.parameters,
                                  .capabilities = {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"},
                                  .tags = request.tags};
  if (request.template_text.size() > kLargestTemplate) {
    co_return base::fail(base::ErrorKind::invalid_input,
                         fmt::format("the template of stack {} has {} bytes; CloudFormation takes 1 MB", request.name,
                                     request.template_text.size()),
                         "Move long inline code or definitions into files.");
  }
  if (request.template_text.size() <= kLargestBody) {
    input.template_body = std::move(request.template_text);
  } else if (request.bucket.empty()) {
    co_return base::fail(base::ErrorKind::internal,
                         fmt::format("the template of stack {} needs a bucket, and none was given", request.name));
  } else {
    CO_TRY(auto key, co_await upload_file(s3_, request.bucket, "templates", "json", std::move(request.template_text)));
    input.template_url = s3_.object_url(request.bucket, key);
  }
  auto created = co_await cloudformation_.create_change_set(std::move(input));
  if (!created) co_return base::fail(as_deployment(created.error(), request.name));
  co_return std::move(*created);
}

awaitable<Result<aws::ChangeSet>> StackDeployer::wait_for_change_set(std::string id) {
  auto deadline = clock_.now() + kLongestChangeSet;
  Interval interval;
  while (true) {
    CO_TRY(auto change_set, co_await cloudformation_.describe_change_set(id));
    if (change_set.status == "CREATE_COMPLETE" || change_set.status == "FAILED") co_return change_set;
    if (clock_.now() >= deadline) {
      co_return base::fail(base::ErrorKind::deployment, "CloudFormation did not finish a change set within ten minutes",
                           "Run the command again.");
    }
    co_await sleep_(interval.next());
  }
}

awaitable<Result<StackDeployer::Operation>> StackDeployer::follow(Target target, OnDeployEvent on_event) {
  auto deadline = clock_.now() + kLongestDeployment;
  Interval interval;
  Operation operation;
  bool begun = target.begun;
  while (true) {
    CO_TRY(auto events, co_await cloudformation_.describe_events(target.id, target.known_event_id));
    if (!events.empty()) target.known_event_id = events.front().id;
    bool ended = events.empty() && begun;  // nothing new: perhaps it is over
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      begun = true;
      bool own = event->physical_id == target.id && event->type == kStackType;
      if (own) ended = !in_progress(event->status);
      if (!own && event->status.ends_with("_FAILED") && !says_cancelled(event->reason) && !operation.first_failure) {
        operation.first_failure = *event;
      }
      report(on_event, target.name, *event);
    }
    if (ended) {
      CO_TRY(auto stack, co_await cloudformation_.describe_stack(target.id));
      operation.status = stack ? stack->status : "DELETE_COMPLETE";
      operation.reason = stack ? stack->status_reason : "";
      if (!in_progress(operation.status)) co_return operation;
    }
    if (clock_.now() >= deadline) {
      co_return base::fail(base::ErrorKind::deployment, "the deployment did not end within two hours",
                           "It goes on in CloudFormation; run the command again when it has ended.");
    }
    co_await sleep_(interval.next());
  }
}

awaitable<Result<DeployedStack>> StackDeployer::describe(std::string stack_id, bool changed) {
  CO_TRY(auto stack, co_await cloudformation_.describe_stack(stack_id));
  if (!stack) co_return base::fail(base::ErrorKind::deployment, "the stack was deleted while it was deployed");
  CO_TRY(auto resources, co_await cloudformation_.list_resources(stack_id));
  DeployedStack deployed{.id = stack->id, .changed = changed, .outputs = std::move(stack->outputs), .resources = {}};
  for (auto& resource : resources) deployed.resources[resource.logical_id] = std::move(resource.physical_id);
  co_return deployed;
}

}  // namespace deploy
