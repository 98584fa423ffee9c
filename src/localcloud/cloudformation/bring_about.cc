// How the engine makes a stack what a definition says: checks, then resource by resource, then outputs.
#include <fmt/format.h>

#include <algorithm>

#include "localcloud/apigateway/apigateway.h"
#include "localcloud/cloudformation/nested_stack.h"
#include "localcloud/cloudformation/operation.h"
#include "localcloud/cloudformation/scope.h"
#include "localcloud/cloudformation/stack_engine.h"

namespace localcloud {
namespace {

// Ref may be AWS::NoValue, Fn::If may choose it: then the property is not there.
bool may_be_absent(const json::value& value) {
  const auto* function = value.if_object();
  return function != nullptr && function->size() == 1 &&
         (function->begin()->key() == "Fn::If" || function->begin()->key() == "Ref");
}

}  // namespace

// A failure found before the resource's type was asked for anything.
std::string StackEngine::fail_before(Operation& operation, const std::string& logical_id, const std::string& reason) {
  Stack& stack = *operation.stack;
  auto* existing = stack.resource(logical_id);
  const bool updating = existing != nullptr;
  if (updating) {
    operation.done.push_back(
        {.kind = Done::Kind::kept, .logical_id = logical_id, .before = *existing, .after = *existing});
  } else {
    const auto& declared = *find_declaration(operation.next.declared.resources, logical_id);
    existing = &stack.resources.emplace_back(operation.fresh(logical_id, declared, {}));
  }
  set_status(stack, *existing, updating ? "UPDATE_FAILED" : "CREATE_FAILED", reason);
  return reason;
}

awaitable<std::string> StackEngine::bring_about_one(Operation& operation, std::string logical_id) {
  Stack& stack = *operation.stack;
  const auto& declared = *find_declaration(operation.next.declared.resources, logical_id);
  const auto scope = stack_scope(cloud_, stack, operation.next, store_, &operation.imports);
  auto properties = evaluate_members(declared.properties, scope);
  if (!properties) co_return fail_before(operation, logical_id, reason_of(properties.error()));
  if (const auto reason = types_.unsupported_reason(declared.type, *properties); !reason.empty())
    co_return fail_before(operation, logical_id, reason);

  const auto* before = stack.resource(logical_id);
  if (before != nullptr && before->status == "CREATE_FAILED") {  // of a creation that was not rolled back
    if (!before->state.physical_id.empty()) {
      auto reason = co_await remove_one(stack, *before, true);
      if (!reason.empty()) co_return reason;
    }
    before = nullptr;
  }
  if (before == nullptr) co_return co_await create_one(operation, logical_id, std::move(*properties));
  const auto changed = changed_properties(before->properties, *properties);
  const bool as_it_was = changed.empty() && before->metadata == declared.metadata &&
                         before->status != "UPDATE_FAILED" &&
                         !nested_template_changed(cloud_, store_, *before, operation.next.caller);
  if (as_it_was) {
    auto& kept = *stack.resource(logical_id);
    kept.deletion_policy = declared.deletion_policy;
    kept.update_replace_policy = declared.update_replace_policy;
    kept.dependencies = dependencies_of(operation.next.declared, declared, operation.next.conditions);
    co_return "";
  }
  const auto& replaces = types_.at(declared.type).replaces();
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
      if (!may_be_absent(value)) certain[name] = nullptr;
    }
    const auto reason = types_.unsupported_reason(declared.type, certain);
    if (reason.empty()) continue;
    fail_before(operation, id, reason);
    operation.failed.push_back(id);
    if (first.empty()) first = reason;
  }
  return first;
}

awaitable<std::string> StackEngine::bring_about(Operation& operation) {
  Stack& stack = *operation.stack;
  for (const auto& name : operation.next.without_effect) {
    add_event(stack, {.id = {},
                      .logical_id = stack.name,
                      .physical_id = stack.id,
                      .type = std::string(kStackType),
                      .status = stack.status,
                      .reason = fmt::format("{} is accepted without effect by the local cloud", name),
                      .time = {}});
  }
  auto order = creation_order(operation.next.declared, operation.next.conditions);
  if (!order) co_return reason_of(order.error());
  operation.order = std::move(*order);
  if (auto reason = check(operation); !reason.empty()) co_return reason;
  for (const auto& id : operation.order) {
    if (stack.delete_requested) co_return "";
    if (stack.cancel_requested) co_return "Resource update cancelled";
    if (stack.deadline && now() >= *stack.deadline) co_return "Stack creation time exceeded the specified timeout.";
    auto reason = co_await bring_about_one(operation, id);
    if (!reason.empty()) {
      operation.failed.push_back(id);
      co_return reason;
    }
  }
  co_return finish_outputs(operation);
}

// An export that another stack imports stays as it is.
std::string StackEngine::check_exports(const Operation& operation, const std::vector<StackOutput>& outputs) const {
  for (const auto& before : operation.stack->outputs) {
    if (before.export_name.empty()) continue;
    const auto users = store_.importers(before.export_name);
    if (users.empty()) continue;
    const auto same = std::find_if(outputs.begin(), outputs.end(),
                                   [&](const StackOutput& one) { return one.export_name == before.export_name; });
    const bool gone = same == outputs.end();
    if (gone || same->value != before.value) {
      return fmt::format("Export {} cannot be {} as it is in use by {}", before.export_name,
                         gone ? "deleted" : "updated", join(users, " and "));
    }
  }
  return {};
}

std::string StackEngine::finish_outputs(Operation& operation) {
  const auto scope = stack_scope(cloud_, *operation.stack, operation.next, store_, &operation.imports);
  auto outputs = evaluate_outputs(scope, *operation.stack, operation.next, store_);
  if (!outputs) return reason_of(outputs.error());
  if (cloud_.apigateway != nullptr) {
    for (auto& output : *outputs) output.value = cloud_.apigateway->localize(output.value);
  }
  if (auto reason = check_exports(operation, *outputs); !reason.empty()) return reason;
  operation.outputs = std::move(*outputs);
  return {};
}

}  // namespace localcloud
