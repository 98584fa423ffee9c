// CreateStack, UpdateStack, DeleteStack, UpdateTerminationProtection.
#include <fmt/format.h>

#include "localcloud/cloudformation/api.h"
#include "localcloud/cloudformation/sam/sam.h"

namespace localcloud {
namespace {

using Answer = CloudFormationApi::Answer;

std::string stack_id_xml(const Stack& stack) {
  return XmlWriter().element("StackId", stack.id).take();
}

// A macro's failure is a ValidationError where no change set can show it.
base::Result<StackDefinition> as_validation_error(base::Result<StackDefinition> definition) {
  if (!definition && definition.error().code == kTransformFailed) return validation_error(definition.error().message);
  return definition;
}

base::Result<std::string> on_failure(const QueryInput& input) {
  const auto disabled = input.get("DisableRollback");
  const auto choice = input.get("OnFailure");
  if (disabled && choice) return validation_error("You can specify either DisableRollback or OnFailure, but not both.");
  if (disabled && *disabled == "true") return "DO_NOTHING";
  const auto result = choice.value_or("ROLLBACK");
  if (result != "ROLLBACK" && result != "DO_NOTHING" && result != "DELETE") {
    return validation_error(
        fmt::format("1 validation error detected: Value '{}' at 'onFailure' failed to satisfy constraint: Member "
                    "must satisfy enum value set: [ROLLBACK, DELETE, DO_NOTHING]",
                    result));
  }
  return result;
}

}  // namespace

Answer CloudFormationApi::create_stack(const Asked& asked) {
  TRY(const auto name, new_stack_name(asked));
  TRY(authorize(asked, name));
  if (const auto existing = store_.find(name); existing != nullptr) {
    return aws_error(400, "AlreadyExistsException", fmt::format("Stack [{}] already exists", name));
  }
  TRY(auto input, definition_input(asked, nullptr));
  auto fresh = new_stack(name);
  TRY(auto definition, as_validation_error(build_definition(cloud_, fresh, std::move(input))));
  TRY(fresh.on_failure, on_failure(asked.input));
  fresh.termination_protection = asked.input.get_or("EnableTerminationProtection", "false") == "true";
  auto stack = store_.add(std::move(fresh));
  stack->definition = definition;
  engine_.begin(*stack, "CREATE_IN_PROGRESS", "User Initiated");
  cloud_.tasks->spawn(engine_.create(stack, std::move(definition)));
  return stack_id_xml(*stack);
}

Answer CloudFormationApi::update_stack(const Asked& asked) {
  TRY(const auto name, asked.input.need("StackName"));
  TRY(authorize(asked, name));
  const auto stack = store_.find(name);
  if (stack == nullptr || stack->status == "DELETE_COMPLETE")
    return validation_error(fmt::format("Stack [{}] does not exist", name));
  TRY(check_updatable(*stack));
  TRY(auto input, definition_input(asked, stack.get()));
  TRY(auto definition, as_validation_error(build_definition(cloud_, *stack, std::move(input))));
  TRY(const auto plan, plan_changes(cloud_, *stack, definition, store_, engine_.types()));
  if (!plan.changes_anything) return validation_error("No updates are to be performed.");
  stack->updated = engine_.now();
  engine_.begin(*stack, "UPDATE_IN_PROGRESS", "User Initiated");
  cloud_.tasks->spawn(engine_.update(stack, std::move(definition)));
  return stack_id_xml(*stack);
}

Answer CloudFormationApi::delete_stack(const Asked& asked) {
  TRY(const auto name, asked.input.need("StackName"));
  TRY(authorize(asked, name));
  const auto stack = store_.find(name);
  if (stack == nullptr || stack->status == "DELETE_COMPLETE" || stack->status == "DELETE_IN_PROGRESS") return "";
  if (stack->termination_protection) {
    return validation_error(
        fmt::format("Stack [{}] cannot be deleted while TerminationProtection is enabled", stack->name));
  }
  if (stack->status == "CREATE_IN_PROGRESS") {
    stack->delete_requested = true;  // the engine ends what it is doing first
    return "";
  }
  if (stack->in_progress()) {
    return validation_error(fmt::format("Stack [{}] cannot be deleted while in status {}", stack->name, stack->status));
  }
  engine_.begin(*stack, "DELETE_IN_PROGRESS", "User Initiated");
  cloud_.tasks->spawn(engine_.remove(stack));
  return "";
}

Answer CloudFormationApi::update_termination_protection(const Asked& asked) {
  TRY(const auto name, asked.input.need("StackName"));
  TRY(authorize(asked, name));
  const auto stack = store_.find(name);
  if (stack == nullptr) return validation_error(fmt::format("Stack [{}] does not exist", name));
  TRY(const auto enable, asked.input.need("EnableTerminationProtection"));
  stack->termination_protection = enable == "true";
  return stack_id_xml(*stack);
}

}  // namespace localcloud
