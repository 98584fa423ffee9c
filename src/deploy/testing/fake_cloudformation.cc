#include "deploy/testing/fake_cloudformation.h"

namespace deploy::testing {

using aws::awaitable;
using base::Result;

void FakeCloudFormation::have_stack(std::string status, std::map<std::string, std::string> tags) {
  stack = aws::Stack{.id = kId,
                     .name = kName,
                     .status = std::move(status),
                     .status_reason = {},
                     .outputs = outputs,
                     .tags = std::move(tags)};
  events_.push_back(own_event(stack->status, "past"));
  events_.back().id = "past";
  running_ = stack->status.ends_with("_IN_PROGRESS") && stack->status != "REVIEW_IN_PROGRESS";
}

aws::StackEvent FakeCloudFormation::event(std::string logical_id, std::string type, std::string status,
                                          std::string reason) {
  std::string physical_id = logical_id == kName ? kId : "physical-" + logical_id;
  return {.id = {},
          .logical_id = std::move(logical_id),
          .physical_id = std::move(physical_id),
          .type = std::move(type),
          .status = std::move(status),
          .reason = std::move(reason)};
}

aws::StackEvent FakeCloudFormation::own_event(std::string status, std::string reason) {
  return event(kName, "AWS::CloudFormation::Stack", std::move(status), std::move(reason));
}

awaitable<Result<std::optional<aws::Stack>>> FakeCloudFormation::describe_stack(std::string) {
  co_return stack;
}

awaitable<Result<aws::ChangeSet>> FakeCloudFormation::create_change_set(aws::CreateChangeSetInput input) {
  calls.push_back("create " + input.type);
  inputs.push_back(input);
  if (create_error) co_return base::fail(*create_error);
  if (!stack) have_stack("REVIEW_IN_PROGRESS", input.tags);
  co_return aws::ChangeSet{
      .id = "change-set", .stack_id = kId, .status = {}, .status_reason = {}, .execution_status = {}};
}

awaitable<Result<aws::ChangeSet>> FakeCloudFormation::describe_change_set(std::string) {
  aws::ChangeSet answer = change_sets.front();
  if (change_sets.size() > 1) change_sets.pop_front();
  co_return answer;
}

awaitable<Result<>> FakeCloudFormation::execute_change_set(std::string) {
  calls.emplace_back("execute");
  running_ = true;
  stack->outputs = outputs;
  co_return Result<>();
}

awaitable<Result<>> FakeCloudFormation::delete_change_set(std::string) {
  calls.emplace_back("delete change set");
  co_return Result<>();
}

awaitable<Result<>> FakeCloudFormation::delete_stack(std::string) {
  calls.emplace_back("delete stack");
  running_ = true;
  co_return Result<>();
}

void FakeCloudFormation::play() {
  if (!running_ || operations.empty()) return;
  auto& steps = operations.front();
  for (auto& event : steps.front().events) {
    event.id = "event-" + std::to_string(events_.size());
    events_.push_back(std::move(event));
  }
  if (steps.front().status.empty()) {
    stack.reset();
  } else if (stack) {
    stack->status = steps.front().status;
  }
  steps.pop_front();
  if (!steps.empty()) return;
  operations.pop_front();
  running_ = false;
}

awaitable<Result<std::vector<aws::StackEvent>>> FakeCloudFormation::describe_events(std::string,
                                                                                    std::string known_event_id) {
  play();
  std::vector<aws::StackEvent> fresh;
  for (auto event = events_.rbegin(); event != events_.rend() && event->id != known_event_id; ++event)
    fresh.push_back(*event);
  co_return fresh;
}

awaitable<Result<std::string>> FakeCloudFormation::newest_event_id(std::string) {
  co_return events_.empty() ? std::string() : events_.back().id;
}

awaitable<Result<std::vector<aws::StackResource>>> FakeCloudFormation::list_resources(std::string) {
  co_return resources;
}

}  // namespace deploy::testing
