#include "localcloud/cloudformation/stack_engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "localcloud/apigateway/apigateway.h"
#include "localcloud/cloudformation/graph.h"
#include "localcloud/cloudformation/operation.h"
#include "localcloud/cloudformation/scope.h"
#include "localcloud/local_clock.h"
#include "localcloud/wire.h"

namespace localcloud {
namespace {

constexpr std::string_view kStackType = "AWS::CloudFormation::Stack";

}  // namespace

StackEngine::StackEngine(Cloud& cloud, StackStore& store, ResourceTypes types)
    : cloud_(cloud), store_(store), types_(std::move(types)) {
  for (const auto& type : types_) by_name_.emplace(type->name(), type.get());
}

base::WallTime StackEngine::now() const {
  return cloud_.clock != nullptr ? cloud_.clock->now() : std::chrono::system_clock::now();
}

// --- Events

void StackEngine::add_event(Stack& stack, StackEvent event) {
  event.time = now();
  event.id =
      event.type == kStackType && event.logical_id == stack.name
          ? base::random_uuid()
          : fmt::format("{}-{}-{}-{}", event.logical_id, event.status, iso_time(event.time), stack.events.size());
  stack.events.push_back(std::move(event));
}

void StackEngine::set_status(Stack& stack, std::string status, std::string reason) {
  stack.status = status;
  stack.status_reason = reason;
  add_event(stack, {.id = {},
                    .logical_id = stack.name,
                    .physical_id = stack.id,
                    .type = std::string(kStackType),
                    .status = std::move(status),
                    .reason = std::move(reason),
                    .time = {}});
}

void StackEngine::set_status(Stack& stack, StackResource& resource, std::string status, std::string reason) {
  resource.status = status;
  resource.reason = reason;
  resource.time = now();
  add_event(stack, {.id = {},
                    .logical_id = resource.logical_id,
                    .physical_id = resource.state.physical_id,
                    .type = resource.type,
                    .status = std::move(status),
                    .reason = std::move(reason),
                    .time = {}});
}

void StackEngine::report_without_effect(Stack& stack, const StackResource& resource, const json::object* before,
                                        const std::string& status) {
  const auto type = by_name_.find(resource.type);
  if (type == by_name_.end()) return;
  for (const auto& [name, value] : resource.properties) {
    if (!type->second->accepted().contains(name) || (before != nullptr && before->contains(name))) continue;
    add_event(stack, {.id = {},
                      .logical_id = resource.logical_id,
                      .physical_id = resource.state.physical_id,
                      .type = resource.type,
                      .status = status,
                      .reason = fmt::format("Property {} of {} is accepted without effect by the local cloud",
                                            std::string_view(name), resource.type),
                      .time = {}});
  }
}

void StackEngine::begin(Stack& stack, std::string status, std::string reason) {
  set_status(stack, std::move(status), std::move(reason));
}

// --- Bringing a definition about

awaitable<std::string> StackEngine::bring_about_one(Operation& operation, std::string logical_id) {
  Stack& stack = *operation.stack;
  const auto& declared = *find_declaration(operation.next.declared.resources, logical_id);
  const auto fail_with = [&](const std::string& reason) {
    auto* existing = stack.resource(logical_id);
    const bool updating = existing != nullptr;
    if (!updating) {
      stack.resources.push_back(operation.fresh(logical_id, declared, {}));
      existing = &stack.resources.back();
    } else {
      operation.done.push_back(
          {.kind = Done::Kind::kept, .logical_id = logical_id, .before = *existing, .after = *existing});
    }
    set_status(stack, *existing, updating ? "UPDATE_FAILED" : "CREATE_FAILED", reason);
    return reason;
  };
  const auto scope = stack_scope(cloud_, stack, operation.next, store_, &operation.imports);
  auto properties = evaluate_members(declared.properties, scope);
  if (!properties) co_return fail_with(reason_of(properties.error()));
  if (const auto reason = unsupported_reason(by_name_, declared.type, *properties); !reason.empty())
    co_return fail_with(reason);

  const auto* before = stack.resource(logical_id);
  if (before == nullptr) co_return co_await create_one(operation, logical_id, std::move(*properties));
  const auto changed = changed_properties(before->properties, *properties);
  if (changed.empty() && before->metadata == declared.metadata) {
    auto& kept = *stack.resource(logical_id);
    kept.deletion_policy = declared.deletion_policy;
    kept.update_replace_policy = declared.update_replace_policy;
    kept.dependencies = dependencies_of(operation.next.declared, declared, operation.next.conditions);
    co_return "";
  }
  const auto& replaces = by_name_.at(declared.type)->replaces();
  const bool replace =
      std::any_of(changed.begin(), changed.end(), [&](const auto& name) { return replaces.contains(name); });
  if (replace) co_return co_await replace_one(operation, logical_id, std::move(*properties));
  co_return co_await update_one(operation, logical_id, std::move(*properties));
}

// Unknown types and properties are found before anything is made.
std::string StackEngine::check(Operation& operation) {
  std::string first;
  for (const auto& id : operation.order) {
    const auto& declared = *find_declaration(operation.next.declared.resources, id);
    json::object certain;
    for (const auto& [name, value] : declared.properties) {
      const auto* function = value.if_object();
      const bool may_be_absent = function != nullptr && function->size() == 1 &&
                                 (function->begin()->key() == "Fn::If" || function->begin()->key() == "Ref");
      if (!may_be_absent) certain[name] = nullptr;
    }
    const auto reason = unsupported_reason(by_name_, declared.type, certain);
    if (reason.empty()) continue;
    Stack& stack = *operation.stack;
    auto* existing = stack.resource(id);
    const bool updating = existing != nullptr;
    if (!updating)
      existing = &stack.resources.emplace_back(operation.fresh(id, declared, {}));
    else
      operation.done.push_back({.kind = Done::Kind::kept, .logical_id = id, .before = *existing, .after = *existing});
    set_status(stack, *existing, updating ? "UPDATE_FAILED" : "CREATE_FAILED", reason);
    operation.failed.push_back(id);
    if (first.empty()) first = reason;
  }
  return first;
}

awaitable<std::string> StackEngine::bring_about(Operation& operation) {
  for (const auto& name : operation.next.without_effect) {
    add_event(*operation.stack, {.id = {},
                                 .logical_id = operation.stack->name,
                                 .physical_id = operation.stack->id,
                                 .type = std::string(kStackType),
                                 .status = operation.stack->status,
                                 .reason = fmt::format("{} is accepted without effect by the local cloud", name),
                                 .time = {}});
  }
  auto order = creation_order(operation.next.declared, operation.next.conditions);
  if (!order) co_return reason_of(order.error());
  operation.order = std::move(*order);
  if (auto reason = check(operation); !reason.empty()) co_return reason;
  for (const auto& id : operation.order) {
    if (operation.stack->delete_requested) co_return "";
    auto reason = co_await bring_about_one(operation, id);
    if (!reason.empty()) {
      operation.failed.push_back(id);
      co_return reason;
    }
  }
  co_return finish_outputs(operation);
}

std::string StackEngine::finish_outputs(Operation& operation) {
  const auto scope = stack_scope(cloud_, *operation.stack, operation.next, store_, &operation.imports);
  auto outputs = evaluate_outputs(scope, *operation.stack, operation.next, store_);
  if (!outputs) return reason_of(outputs.error());
  for (const auto& before : operation.stack->outputs) {
    if (before.export_name.empty()) continue;
    const auto same = std::find_if(outputs->begin(), outputs->end(),
                                   [&](const StackOutput& one) { return one.export_name == before.export_name; });
    const auto users = store_.importers(before.export_name);
    if (same == outputs->end() && !users.empty()) {
      return fmt::format("Export {} cannot be deleted as it is in use by {}", before.export_name, join(users));
    }
  }
  if (cloud_.apigateway != nullptr) {
    for (auto& output : *outputs) output.value = cloud_.apigateway->localize(output.value);
  }
  operation.outputs = std::move(*outputs);
  return {};
}

// --- Create

awaitable<void> StackEngine::create(std::shared_ptr<Stack> stack, StackDefinition definition) {
  Operation operation{.stack = stack.get(), .next = std::move(definition)};
  stack->definition = operation.next;  // reported from the start
  const auto reason = co_await bring_about(operation);
  if (stack->delete_requested) {
    set_status(*stack, "DELETE_IN_PROGRESS", "User Initiated");
    co_await remove(stack);
    co_return;
  }
  if (reason.empty()) {
    stack->outputs = std::move(operation.outputs);
    stack->imports = std::move(operation.imports);
    set_status(*stack, "CREATE_COMPLETE");
    co_return;
  }
  operation.reason = reason;
  co_await roll_back_create(operation);
}

awaitable<void> StackEngine::roll_back_create(Operation& operation) {
  Stack& stack = *operation.stack;
  const auto cause = operation.failed.empty()
                         ? operation.reason
                         : fmt::format("The following resource(s) failed to create: [{}].", join(operation.failed));
  if (stack.on_failure == "DO_NOTHING") {
    set_status(stack, "CREATE_FAILED", cause);
    co_return;
  }
  const bool vanish = stack.on_failure == "DELETE";
  set_status(stack, vanish ? "DELETE_IN_PROGRESS" : "ROLLBACK_IN_PROGRESS",
             fmt::format("{} {} requested by user.", cause, vanish ? "Delete" : "Rollback"));
  const auto failed = co_await remove_resources(stack, stack.resources, true);
  if (!failed.empty()) {
    set_status(stack, vanish ? "DELETE_FAILED" : "ROLLBACK_FAILED",
               fmt::format("The following resource(s) failed to delete: [{}].", join(failed)));
  } else {
    if (vanish) stack.deleted = now();
    set_status(stack, vanish ? "DELETE_COMPLETE" : "ROLLBACK_COMPLETE");
  }
}

// --- Update

awaitable<void> StackEngine::update(std::shared_ptr<Stack> stack, StackDefinition definition) {
  Operation operation{.stack = stack.get(), .next = std::move(definition)};
  operation.reason = co_await bring_about(operation);
  if (!operation.reason.empty()) {
    co_await roll_back_update(operation);
    co_return;
  }
  stack->definition = std::move(operation.next);
  stack->outputs = std::move(operation.outputs);
  stack->imports = std::move(operation.imports);
  set_status(*stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS");
  co_await clean_up_update(operation);
  set_status(*stack, "UPDATE_COMPLETE");
}

awaitable<void> StackEngine::clean_up_update(Operation& operation) {
  Stack& stack = *operation.stack;
  std::vector<StackResource> old;
  for (const auto& resource : stack.resources) {
    if (std::find(operation.order.begin(), operation.order.end(), resource.logical_id) == operation.order.end()) {
      old.push_back(resource);
    }
  }
  for (const auto& step : operation.done) {
    if (step.kind != Done::Kind::replaced || step.before.update_replace_policy == "Retain") continue;
    old.push_back(step.before);
    old.back().deletion_policy = "Delete";  // another policy rules replacements
  }
  co_await remove_resources(stack, old, false);
  std::erase_if(stack.resources, [&](const StackResource& one) {
    return std::find(operation.order.begin(), operation.order.end(), one.logical_id) == operation.order.end();
  });
}

awaitable<void> StackEngine::roll_back_update(Operation& operation) {
  Stack& stack = *operation.stack;
  const auto cause = operation.failed.empty()
                         ? operation.reason
                         : fmt::format("The following resource(s) failed to update: [{}].", join(operation.failed));
  set_status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", cause);
  const bool undone = co_await undo(operation);
  if (!undone) {
    set_status(stack, "UPDATE_ROLLBACK_FAILED", "A resource could not be set back to what it was before");
    co_return;
  }
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

awaitable<bool> StackEngine::undo(Operation& operation) {
  bool all = true;
  for (auto step = operation.done.rbegin(); step != operation.done.rend(); ++step) {
    const bool one = co_await undo_one(*operation.stack, *step);
    all = all && one;
  }
  co_return all;
}

// --- Remove

awaitable<std::vector<std::string>> StackEngine::remove_resources(Stack& stack, std::vector<StackResource> resources,
                                                                  bool rolling_back) {
  std::vector<std::string> names;
  std::map<std::string, std::vector<std::string>> dependencies;
  for (const auto& resource : resources) {
    if (std::find(names.begin(), names.end(), resource.logical_id) == names.end()) names.push_back(resource.logical_id);
    dependencies[resource.logical_id] = resource.dependencies;
  }
  auto order = ordered(names, dependencies);
  for (const auto& name : names) {  // dependencies that changed over time may form a circle; nothing is left out
    if (std::find(order.begin(), order.end(), name) == order.end()) order.push_back(name);
  }
  std::vector<std::string> failed;
  for (auto name = order.rbegin(); name != order.rend(); ++name) {
    const bool needed = std::any_of(failed.begin(), failed.end(), [&](const std::string& other) {
      const auto& of_other = dependencies[other];
      return std::find(of_other.begin(), of_other.end(), *name) != of_other.end();
    });
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

awaitable<void> StackEngine::remove(std::shared_ptr<Stack> stack) {
  for (const auto& output : stack->outputs) {
    const auto users = output.export_name.empty() ? std::vector<std::string>() : store_.importers(output.export_name);
    if (users.empty()) continue;
    set_status(*stack, "DELETE_FAILED",
               fmt::format("Export {} cannot be deleted as it is in use by {}", output.export_name, join(users)));
    co_return;
  }
  const auto failed = co_await remove_resources(*stack, stack->resources, false);
  if (!failed.empty()) {
    set_status(*stack, "DELETE_FAILED",
               fmt::format("The following resource(s) failed to delete: [{}]. ", join(failed)));
    co_return;
  }
  stack->deleted = now();
  set_status(*stack, "DELETE_COMPLETE");
}

}  // namespace localcloud
