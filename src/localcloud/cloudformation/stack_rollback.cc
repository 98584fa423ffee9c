// The ways back: what a failed creation made is removed, what a failed update did is undone, and what an update has
// left over is cleaned up.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "localcloud/cloudformation/operation.h"
#include "localcloud/cloudformation/stack_engine.h"

namespace localcloud {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

awaitable<void> StackEngine::roll_back(std::shared_ptr<Stack> stack, std::vector<std::string> skipped) {
  if (const auto halted = halted_.extract(stack->id)) {
    // Whoever goes on may have named another role.
    auto& previous = halted.mapped()->previous;
    previous.role_arn = stack->definition.role_arn;
    previous.caller = stack->definition.caller;
    co_await roll_back_update(halted.mapped(), "User Initiated", std::move(skipped));
  } else {
    co_await roll_back_create(*stack, "User Initiated.");
  }
}

awaitable<void> StackEngine::roll_back_create(Stack& stack, std::string cause) {
  const bool vanish = stack.on_failure == "DELETE";
  set_status(stack, vanish ? "DELETE_IN_PROGRESS" : "ROLLBACK_IN_PROGRESS",
             fmt::format("{} {} requested by user.", cause, vanish ? "Delete" : "Rollback"));
  const auto failed = co_await remove_resources(stack, stack.resources, true);
  if (!failed.empty()) {
    set_status(stack, vanish ? "DELETE_FAILED" : "ROLLBACK_FAILED",
               fmt::format("The following resource(s) failed to delete: [{}].", join(failed)));
    co_return;
  }
  if (vanish) stack.deleted = now();
  set_status(stack, vanish ? "DELETE_COMPLETE" : "ROLLBACK_COMPLETE");
}

awaitable<void> StackEngine::roll_back_update(std::shared_ptr<Operation> operation, std::string cause,
                                              std::vector<std::string> skipped) {
  Stack& stack = *operation->stack;
  if (operation->never_complete) {
    co_await roll_back_create(stack, std::move(cause));
    co_return;
  }
  set_status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", std::move(cause));
  stack.definition = operation->previous;
  std::vector<Done> left;
  std::vector<Done> undone;
  for (auto step = operation->done.rbegin(); step != operation->done.rend(); ++step) {
    bool back = true;
    if (contains(skipped, step->logical_id)) {
      if (auto* resource = stack.resource(step->logical_id)) set_status(stack, *resource, "UPDATE_COMPLETE");
    } else {
      back = co_await undo_one(stack, *step);
    }
    (back ? undone : left).push_back(*step);
  }
  if (!left.empty()) {
    std::vector<std::string> names;
    for (const auto& step : left) names.push_back(step.logical_id);
    std::reverse(left.begin(), left.end());
    // What is undone still has to be cleaned up; undoing it once more does nothing.
    for (auto& step : undone) {
      if (step.kind == Done::Kind::updated) step.kind = Done::Kind::kept;
      left.insert(left.begin(), step);
    }
    operation->done = std::move(left);
    halted_[stack.id] = operation;
    set_status(stack, "UPDATE_ROLLBACK_FAILED",
               fmt::format("The following resource(s) failed to update: [{}].", join(names)));
    co_return;
  }
  co_await clean_up_rollback(*operation);
}

awaitable<void> StackEngine::clean_up_rollback(Operation& operation) {
  Stack& stack = *operation.stack;
  set_status(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS");
  std::vector<StackResource> made;
  for (const auto& step : operation.done) {
    if (step.kind == Done::Kind::created || step.kind == Done::Kind::replaced) made.push_back(step.after);
  }
  co_await remove_resources(stack, made, true);
  std::erase_if(stack.resources, [&](const StackResource& one) {
    const bool was_created = std::any_of(operation.done.begin(), operation.done.end(), [&](const Done& step) {
      return step.kind == Done::Kind::created && step.logical_id == one.logical_id;
    });
    return was_created || one.status == "CREATE_FAILED";
  });
  set_status(stack, "UPDATE_ROLLBACK_COMPLETE");
}

awaitable<void> StackEngine::clean_up_update(Operation& operation) {
  Stack& stack = *operation.stack;
  std::vector<StackResource> old;
  for (const auto& resource : stack.resources) {
    if (!contains(operation.order, resource.logical_id)) old.push_back(resource);
  }
  for (const auto& step : operation.done) {
    if (step.kind != Done::Kind::replaced || step.before.update_replace_policy == "Retain") continue;
    old.push_back(step.before);
    old.back().deletion_policy = "Delete";  // another policy rules replacements
  }
  co_await remove_resources(stack, old, false);
  std::erase_if(stack.resources, [&](const StackResource& one) { return !contains(operation.order, one.logical_id); });
}

awaitable<std::vector<std::string>> StackEngine::remove_resources(Stack& stack, std::vector<StackResource> resources,
                                                                  bool rolling_back) {
  std::vector<std::string> names;
  std::map<std::string, std::vector<std::string>> dependencies;
  for (const auto& resource : resources) {
    if (!contains(names, resource.logical_id)) names.push_back(resource.logical_id);
    dependencies[resource.logical_id] = resource.dependencies;
  }
  auto order = ordered(names, dependencies);
  for (const auto& name : names) {  // dependencies that changed over time may form a circle; nothing is left out
    if (!contains(order, name)) order.push_back(name);
  }
  std::vector<std::string> failed;
  for (auto name = order.rbegin(); name != order.rend(); ++name) {
    const bool needed = std::any_of(failed.begin(), failed.end(),
                                    [&](const std::string& other) { return contains(dependencies[other], *name); });
    if (needed) continue;
    for (const auto& resource : resources) {
      if (resource.logical_id != *name || resource.state.physical_id.empty()) continue;
      if (resource.status == "DELETE_COMPLETE" || resource.status == "DELETE_SKIPPED") continue;
      const auto reason = co_await remove_one(stack, resource, rolling_back);
      if (!reason.empty()) failed.push_back(*name);
    }
  }
  co_return failed;
}

}  // namespace localcloud
