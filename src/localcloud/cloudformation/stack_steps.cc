// What the engine does to one resource: create, update, replace, remove, undo. An empty text means success, else it is
// the reason of the failure.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "localcloud/cloudformation/operation.h"
#include "localcloud/cloudformation/stack_engine.h"

namespace localcloud {
namespace {

template <typename T>
base::Result<T> unexpected_failure(const std::exception& failure) {
  return base::fail(base::ErrorKind::internal, fmt::format("Internal failure: {}", failure.what()));
}

// A type that throws must not take the other tasks of the cloud with it.
template <typename T>
awaitable<base::Result<T>> guarded(awaitable<base::Result<T>> work) {
  try {
    co_return co_await std::move(work);
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted) throw;
    co_return unexpected_failure<T>(error);
  } catch (const std::exception& error) {
    co_return unexpected_failure<T>(error);
  }
}

}  // namespace

ResourceRequest StackEngine::request_for(const Stack& stack, const StackResource& resource) {
  return {.stack_name = stack.name,
          .stack_id = stack.id,
          .logical_id = resource.logical_id,
          .type = resource.type,
          .physical_id = resource.state.physical_id,
          .properties = resource.properties,
          .old_properties = {},
          .tags = stack.definition.tags};
}

void StackEngine::report_without_effect(Stack& stack, const StackResource& resource, const json::object* before,
                                        const std::string& status) {
  for (auto& reason : types_.without_effect(resource.type, resource.properties, before)) {
    add_event(stack, event_of(resource, status, std::move(reason)));
  }
}

awaitable<std::string> StackEngine::create_one(Operation& operation, std::string logical_id, json::object properties) {
  Stack& stack = *operation.stack;
  const auto& declared = *find_declaration(operation.next.declared.resources, logical_id);
  std::erase_if(stack.resources, [&](const StackResource& one) { return one.logical_id == logical_id; });
  stack.resources.push_back(operation.fresh(logical_id, declared, std::move(properties)));
  set_status(stack, stack.resources.back(), "CREATE_IN_PROGRESS");
  report_without_effect(stack, stack.resources.back(), nullptr, "CREATE_IN_PROGRESS");
  auto request = request_for(stack, stack.resources.back());
  request.tags = operation.next.tags;
  request.initiated = [this, &stack, logical_id](std::string physical_id) {
    auto& begun = *stack.resource(logical_id);
    begun.state.physical_id = std::move(physical_id);
    set_status(stack, begun, "CREATE_IN_PROGRESS", "Resource creation Initiated");
  };
  auto made = co_await guarded(types_.at(declared.type).create(std::move(request)));
  auto& resource = *stack.resource(logical_id);
  if (!made) {
    set_status(stack, resource, "CREATE_FAILED", reason_of(made.error()));
    if (!resource.state.physical_id.empty()) {
      operation.done.push_back(
          {.kind = Done::Kind::created, .logical_id = logical_id, .before = {}, .after = resource});
    }
    co_return resource.reason;
  }
  const bool was_initiated = resource.state.physical_id == made->physical_id;
  resource.state = std::move(*made);
  if (!was_initiated) set_status(stack, resource, "CREATE_IN_PROGRESS", "Resource creation Initiated");
  set_status(stack, resource, "CREATE_COMPLETE");
  operation.done.push_back({.kind = Done::Kind::created, .logical_id = logical_id, .before = {}, .after = resource});
  co_return "";
}

awaitable<std::string> StackEngine::update_one(Operation& operation, std::string logical_id, json::object properties) {
  Stack& stack = *operation.stack;
  const auto& declared = *find_declaration(operation.next.declared.resources, logical_id);
  auto& resource = *stack.resource(logical_id);
  const StackResource before = resource;
  const bool only_metadata = before.properties == properties && before.metadata != declared.metadata;
  resource = operation.fresh(logical_id, declared, std::move(properties));
  resource.state = before.state;
  set_status(stack, resource, "UPDATE_IN_PROGRESS");
  report_without_effect(stack, resource, &before.properties, "UPDATE_IN_PROGRESS");
  if (!only_metadata) {
    operation.done.push_back(
        {.kind = Done::Kind::updated, .logical_id = logical_id, .before = before, .after = resource});
    auto request = request_for(stack, resource);
    request.old_properties = before.properties;
    request.tags = operation.next.tags;
    auto updated = co_await guarded(types_.at(declared.type).update(std::move(request)));
    if (!updated) {
      set_status(stack, *stack.resource(logical_id), "UPDATE_FAILED", reason_of(updated.error()));
      co_return stack.resource(logical_id)->reason;
    }
    stack.resource(logical_id)->state = std::move(*updated);
    auto& step = operation.done.back();
    step.after = *stack.resource(logical_id);
    // A custom resource says by another physical id that it has made a new one.
    if (step.after.state.physical_id != before.state.physical_id) step.kind = Done::Kind::replaced;
  } else {
    operation.done.push_back({.kind = Done::Kind::kept, .logical_id = logical_id, .before = before, .after = resource});
  }
  set_status(stack, *stack.resource(logical_id), "UPDATE_COMPLETE");
  co_return "";
}

awaitable<std::string> StackEngine::replace_one(Operation& operation, std::string logical_id, json::object properties) {
  Stack& stack = *operation.stack;
  const auto& declared = *find_declaration(operation.next.declared.resources, logical_id);
  auto& resource = *stack.resource(logical_id);
  const StackResource before = resource;
  resource = operation.fresh(logical_id, declared, std::move(properties));
  resource.state = before.state;  // what the events show until the new one is there
  set_status(stack, resource, "UPDATE_IN_PROGRESS",
             "Requested update requires the creation of a new physical resource; hence creating one.");
  report_without_effect(stack, resource, &before.properties, "UPDATE_IN_PROGRESS");
  auto request = request_for(stack, resource);
  request.physical_id.clear();
  request.tags = operation.next.tags;
  std::string begun;
  request.initiated = [&begun](std::string physical_id) { begun = std::move(physical_id); };
  auto made = co_await guarded(types_.at(declared.type).create(std::move(request)));
  if (!made) {
    set_status(stack, *stack.resource(logical_id), "UPDATE_FAILED", reason_of(made.error()));
    const auto reason = stack.resource(logical_id)->reason;
    Done step{.kind = Done::Kind::kept, .logical_id = logical_id, .before = before, .after = before};
    if (!begun.empty()) {
      step.kind = Done::Kind::replaced;
      step.after = *stack.resource(logical_id);
      step.after.state = {.physical_id = begun};
    }
    operation.done.push_back(std::move(step));
    co_return reason;
  }
  stack.resource(logical_id)->state = std::move(*made);
  set_status(stack, *stack.resource(logical_id), "UPDATE_IN_PROGRESS", "Resource creation Initiated");
  set_status(stack, *stack.resource(logical_id), "UPDATE_COMPLETE");
  operation.done.push_back(
      {.kind = Done::Kind::replaced, .logical_id = logical_id, .before = before, .after = *stack.resource(logical_id)});
  co_return "";
}

awaitable<std::string> StackEngine::remove_one(Stack& stack, StackResource resource, bool rolling_back) {
  // The event belongs to a resource that may have left the stack's list.
  const auto note = [this, &stack](StackResource& of, std::string status, std::string reason = {}) {
    set_status(stack, of, std::move(status), std::move(reason));
    auto* listed = stack.resource(of.logical_id);
    if (listed != nullptr && listed->state.physical_id == of.state.physical_id) {
      listed->status = of.status;
      listed->reason = of.reason;
      listed->time = of.time;
    }
  };
  const bool unmade = rolling_back && (stack.retain_except_on_create || resource.deletion_policy != "Retain");
  const bool retain = !unmade && resource.deletion_policy.starts_with("Retain");
  if (retain) {
    note(resource, "DELETE_SKIPPED");
    co_return "";
  }
  note(resource, "DELETE_IN_PROGRESS");
  auto request = request_for(stack, resource);
  request.rolling_back = rolling_back;
  auto removed = co_await guarded(types_.at(resource.type).remove(std::move(request)));
  if (!removed) {
    note(resource, "DELETE_FAILED", reason_of(removed.error()));
    co_return resource.reason;
  }
  note(resource, "DELETE_COMPLETE");
  co_return "";
}

awaitable<bool> StackEngine::undo_one(Stack& stack, const Done& step) {
  if (step.kind == Done::Kind::created) co_return true;  // goes in the cleanup
  auto& resource = *stack.resource(step.logical_id);
  const auto before = step.before;
  resource = before;
  set_status(stack, resource, "UPDATE_IN_PROGRESS");
  if (step.kind == Done::Kind::updated) {
    auto request = request_for(stack, resource);
    request.old_properties = step.after.properties;
    request.rolling_back = true;
    auto restored = co_await guarded(types_.at(resource.type).update(std::move(request)));
    if (!restored) {
      set_status(stack, *stack.resource(step.logical_id), "UPDATE_FAILED", reason_of(restored.error()));
      co_return false;
    }
    stack.resource(step.logical_id)->state = std::move(*restored);
  }
  set_status(stack, *stack.resource(step.logical_id), "UPDATE_COMPLETE");
  co_return true;
}

}  // namespace localcloud
