#include "localcloud/cloudformation/stack_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "localcloud/cloudformation/custom_resource.h"
#include "localcloud/cloudformation/lambda_macros.h"
#include "localcloud/cloudformation/nested_stack.h"
#include "localcloud/cloudformation/notification.h"
#include "localcloud/cloudformation/operation.h"
#include "localcloud/cloudformation/wait_condition.h"
#include "localcloud/local_clock.h"
#include "localcloud/wire.h"

namespace localcloud {

StackEngine::StackEngine(Cloud& cloud, StackStore& store, ResourceTypes types)
    : cloud_(cloud), store_(store), callbacks_(cloud), types_(std::move(types)) {
  types_.add(make_nested_stack_type(cloud_, store_, *this));
  types_.add(make_custom_resource_type(cloud_, store_, callbacks_));
  types_.add(make_macro_type());
  for (auto& type : make_wait_types(cloud_, store_, callbacks_)) types_.add(std::move(type));
}

base::WallTime StackEngine::now() const {
  return cloud_.clock != nullptr ? cloud_.clock->now() : std::chrono::system_clock::now();
}

// --- Events

void StackEngine::add_event(Stack& stack, StackEvent event) {
  event.time = now();
  event.client_request_token = stack.client_request_token;
  event.id =
      event.type == kStackType && event.logical_id == stack.name
          ? base::random_uuid()
          : fmt::format("{}-{}-{}-{}", event.logical_id, event.status, iso_time(event.time), stack.events.size());
  notify(cloud_, stack, event);
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
  add_event(stack, event_of(resource, std::move(status), std::move(reason)));
}

void StackEngine::begin(Stack& stack, std::string status, std::string reason) {
  set_status(stack, std::move(status), std::move(reason));
}

// --- Operations

awaitable<void> StackEngine::create(std::shared_ptr<Stack> stack, StackDefinition definition) {
  Operation operation{.stack = stack, .next = std::move(definition)};
  stack->definition = operation.next;  // reported from the start
  const auto reason = co_await bring_about(operation);
  stack->deadline.reset();
  if (stack->delete_requested) {
    set_status(*stack, "DELETE_IN_PROGRESS", "User Initiated");
    co_await remove(stack, {});
    co_return;
  }
  if (reason.empty()) {
    stack->outputs = std::move(operation.outputs);
    stack->imports = std::move(operation.imports);
    stack->was_complete = true;
    set_status(*stack, "CREATE_COMPLETE");
    co_return;
  }
  const auto cause = operation.cause("create", reason);
  if (stack->on_failure == "DO_NOTHING") {
    set_status(*stack, "CREATE_FAILED", cause);
    co_return;
  }
  co_await roll_back_create(*stack, cause);
}

awaitable<void> StackEngine::update(std::shared_ptr<Stack> stack, StackDefinition definition, UpdateOptions options) {
  auto operation = std::make_shared<Operation>();
  operation->stack = stack;
  operation->next = std::move(definition);
  operation->previous = stack->definition;
  operation->never_complete = !stack->was_complete;
  if (const auto halted = halted_.extract(stack->id)) {  // goes on from there, and back to where that came from
    operation->previous = halted.mapped()->previous;
    operation->never_complete = halted.mapped()->never_complete;
    operation->done = std::move(halted.mapped()->done);
  }
  stack->cancel_requested = false;
  const auto reason = co_await bring_about(*operation);
  if (!reason.empty()) {
    const auto cause = operation->cause("update", reason);
    if (options.rolling_back) {
      halted_[stack->id] = operation;
      set_status(*stack, "UPDATE_ROLLBACK_FAILED", cause);
      co_return;
    }
    if (!options.disable_rollback || stack->cancel_requested) {
      co_await roll_back_update(operation, cause, {});
      co_return;
    }
    stack->definition = operation->next;
    halted_[stack->id] = operation;
    set_status(*stack, "UPDATE_FAILED", cause);
    co_return;
  }
  stack->definition = std::move(operation->next);
  stack->outputs = std::move(operation->outputs);
  stack->imports = std::move(operation->imports);
  stack->was_complete = true;
  const std::string_view prefix = options.rolling_back ? "UPDATE_ROLLBACK_COMPLETE" : "UPDATE_COMPLETE";
  set_status(*stack, fmt::format("{}_CLEANUP_IN_PROGRESS", prefix));
  co_await clean_up_update(*operation);
  set_status(*stack, std::string(prefix));
}

awaitable<void> StackEngine::remove(std::shared_ptr<Stack> stack, RemoveOptions options) {
  const auto& retained = options.retained;
  halted_.erase(stack->id);
  for (const auto& output : stack->outputs) {
    const auto users = output.export_name.empty() ? std::vector<std::string>() : store_.importers(output.export_name);
    if (users.empty()) continue;
    set_status(*stack, "DELETE_FAILED",
               fmt::format("Export {} cannot be deleted as it is in use by {}", output.export_name, join(users)));
    co_return;
  }
  auto resources = stack->resources;
  for (auto& resource : resources) {
    if (std::find(retained.begin(), retained.end(), resource.logical_id) != retained.end())
      resource.deletion_policy = "Retain";
  }
  const auto failed = co_await remove_resources(*stack, std::move(resources), false);
  if (!failed.empty() && !options.force) {
    set_status(*stack, "DELETE_FAILED",
               fmt::format("The following resource(s) failed to delete: [{}]. ", join(failed)));
    co_return;
  }
  stack->deleted = now();
  set_status(*stack, "DELETE_COMPLETE");
}

}  // namespace localcloud
