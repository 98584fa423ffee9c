#include "localcloud/cloudformation/stack_store.h"

#include <algorithm>

namespace localcloud {

StackResource* Stack::resource(std::string_view logical_id) {
  for (auto& one : resources) {
    if (one.logical_id == logical_id) return &one;
  }
  return nullptr;
}

const StackResource* Stack::resource(std::string_view logical_id) const {
  for (const auto& one : resources) {
    if (one.logical_id == logical_id) return &one;
  }
  return nullptr;
}

StackEvent event_of(const StackResource& resource, std::string status, std::string reason) {
  return {.id = {},
          .logical_id = resource.logical_id,
          .physical_id = resource.state.physical_id,
          .type = resource.type,
          .status = std::move(status),
          .reason = std::move(reason),
          .time = {}};
}

std::shared_ptr<Stack> StackStore::add(std::shared_ptr<Stack> stack) {
  if (std::find(stacks_.begin(), stacks_.end(), stack) == stacks_.end()) stacks_.push_back(stack);
  return stack;
}

std::shared_ptr<Stack> StackStore::reviewed_child(std::string_view parent_id, std::string_view logical_id) const {
  for (const auto& stack : stacks_) {
    if (stack->parent_id == parent_id && stack->logical_id_in_parent == logical_id &&
        stack->status == "REVIEW_IN_PROGRESS")
      return stack;
  }
  return nullptr;
}

std::shared_ptr<Stack> StackStore::find(std::string_view name_or_id) const {
  for (const auto& stack : stacks_) {
    if (stack->id == name_or_id) return stack;
    if (stack->name == name_or_id && stack->status != "DELETE_COMPLETE") return stack;
  }
  return nullptr;
}

base::WallTime StackStore::not_after_deadline(std::string_view stack_id, base::WallTime until) const {
  const auto stack = find(stack_id);
  return stack == nullptr ? until : std::min(until, stack->deadline.value_or(until));
}

StackStore::Found StackStore::find_change_set(std::string_view stack, std::string_view name_or_id) const {
  for (const auto& candidate : stacks_) {
    if (!stack.empty() && candidate != find(stack)) continue;
    for (const auto& change_set : candidate->change_sets) {
      if (change_set->id == name_or_id || (!stack.empty() && change_set->name == name_or_id))
        return {candidate, change_set};
    }
  }
  return {};
}

std::vector<Export> StackStore::exports() const {
  std::vector<Export> result;
  for (const auto& stack : stacks_) {
    if (stack->status == "DELETE_COMPLETE") continue;
    for (const auto& output : stack->outputs) {
      if (!output.export_name.empty())
        result.push_back({.name = output.export_name, .value = output.value, .stack_id = stack->id});
    }
  }
  return result;
}

std::vector<std::string> StackStore::importers(std::string_view export_name) const {
  std::vector<std::string> names;
  for (const auto& stack : stacks_) {
    if (stack->status != "DELETE_COMPLETE" && stack->imports.contains(std::string(export_name)))
      names.push_back(stack->name);
  }
  return names;
}

}  // namespace localcloud
