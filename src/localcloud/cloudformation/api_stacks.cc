// CreateStack, UpdateStack, DeleteStack, rollbacks, UpdateTerminationProtection.
#include <fmt/format.h>

#include <charconv>
#include <chrono>

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
  if (disables_rollback(input)) return "DO_NOTHING";
  const auto result = choice.value_or("ROLLBACK");
  if (result != "ROLLBACK" && result != "DO_NOTHING" && result != "DELETE") {
    return validation_error(
        fmt::format("1 validation error detected: Value '{}' at 'onFailure' failed to satisfy constraint: Member "
                    "must satisfy enum value set: [ROLLBACK, DELETE, DO_NOTHING]",
                    result));
  }
  return result;
}

base::Result<std::chrono::minutes> timeout(const QueryInput& input) {
  const auto text = input.get_or("TimeoutInMinutes", "");
  int minutes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), minutes);
  if (error == std::errc() && end == text.data() + text.size() && minutes >= 1) return std::chrono::minutes(minutes);
  return validation_error(
      fmt::format("1 validation error detected: Value '{}' at 'timeoutInMinutes' failed to satisfy constraint: Member "
                  "must have value greater than or equal to 1",
                  text));
}

base::Result<RemoveOptions> remove_options(const QueryInput& input, const Stack& stack) {
  const auto mode = input.get_or("DeletionMode", "STANDARD");
  RemoveOptions options{.retained = input.list("RetainResources"), .force = mode == "FORCE_DELETE_STACK"};
  if (mode != "STANDARD" && !options.force) {
    return validation_error(fmt::format(
        "1 validation error detected: Value '{}' at 'deletionMode' failed to satisfy constraint: Member must "
        "satisfy enum value set: [STANDARD, FORCE_DELETE_STACK]",
        mode));
  }
  if ((options.force || !options.retained.empty()) && stack.status != "DELETE_FAILED") {
    return validation_error(
        fmt::format("Invalid operation on stack [{}]. {} can be specified only for a stack in the DELETE_FAILED state",
                    stack.id, options.force ? "FORCE_DELETE_STACK" : "RetainResources"));
  }
  for (const auto& id : options.retained) {
    const auto* resource = stack.resource(id);
    if (resource == nullptr || resource->status != "DELETE_FAILED") {
      return validation_error(fmt::format(
          "Invalid operation on stack [{}]. Resource [{}] is not in the DELETE_FAILED state", stack.id, id));
    }
  }
  return options;
}

// What ContinueUpdateRollback takes to be rolled back: what it lists, or all that failed to be.
base::Result<std::vector<std::string>> skipped_resources(const QueryInput& input, const Stack& stack) {
  auto skipped = input.list("ResourcesToSkip");
  if (input.get_or("ForceRollback", "false") == "true") {
    if (!skipped.empty()) return validation_error("ForceRollback and ResourcesToSkip are mutually exclusive.");
    for (const auto& resource : stack.resources) {
      if (resource.status == "UPDATE_FAILED") skipped.push_back(resource.logical_id);
    }
  }
  for (const auto& id : skipped) {
    const auto* resource = stack.resource(id);
    if (resource == nullptr || resource->status != "UPDATE_FAILED") {
      return validation_error(
          fmt::format("The following resource(s) to skip are not in the UPDATE_FAILED state: [{}]", id));
    }
  }
  return skipped;
}

}  // namespace

bool retains_except_on_create(const QueryInput& input) {
  return input.get_or("RetainExceptOnCreate", "false") == "true";
}

bool disables_rollback(const QueryInput& input) {
  return input.get_or("DisableRollback", "false") == "true" ||
         input.get_or("DeploymentConfig.DisableRollback", "false") == "true";
}

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
  if (asked.input.get("TimeoutInMinutes")) {
    TRY(const auto minutes, timeout(asked.input));
    fresh.deadline = engine_.now() + minutes;
  }
  fresh.client_request_token = asked.input.get_or("ClientRequestToken", "");
  fresh.retain_except_on_create = retains_except_on_create(asked.input);
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
  stack->client_request_token = asked.input.get_or("ClientRequestToken", "");
  stack->retain_except_on_create = retains_except_on_create(asked.input);
  const UpdateOptions options{.disable_rollback = disables_rollback(asked.input)};
  engine_.begin(*stack, "UPDATE_IN_PROGRESS", "User Initiated");
  cloud_.tasks->spawn(engine_.update(stack, std::move(definition), options));
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
  TRY(auto options, remove_options(asked.input, *stack));
  TRY(take_role(asked, *stack));
  stack->client_request_token = asked.input.get_or("ClientRequestToken", "");
  engine_.begin(*stack, "DELETE_IN_PROGRESS", "User Initiated");
  cloud_.tasks->spawn(engine_.remove(stack, std::move(options)));
  return "";
}

Answer CloudFormationApi::update_termination_protection(const Asked& asked) {
  TRY(const auto stack, existing(asked, "Stack [{}] does not exist"));
  TRY(const auto enable, asked.input.need("EnableTerminationProtection"));
  if (!stack->parent_id.empty()) {
    return validation_error(fmt::format(
        "Termination protection cannot be set on a nested stack, but on its root stack {}", stack->root_id));
  }
  stack->termination_protection = enable == "true";
  return stack_id_xml(*stack);
}

Answer CloudFormationApi::cancel_update_stack(const Asked& asked) {
  TRY(const auto stack, existing(asked, "Stack [{}] does not exist"));
  if (stack->status != "UPDATE_IN_PROGRESS")
    return validation_error("CancelUpdateStack cannot be called from current stack status");
  stack->client_request_token = asked.input.get_or("ClientRequestToken", stack->client_request_token);
  stack->cancel_requested = true;  // the engine ends what it is doing first
  return "";
}

Answer CloudFormationApi::continue_update_rollback(const Asked& asked) {
  TRY(const auto stack, existing(asked, "Stack [{}] does not exist"));
  if (stack->status != "UPDATE_ROLLBACK_FAILED") {
    return validation_error(
        fmt::format("Stack:{} is in {} state and can not continue its rollback. It has to be in the "
                    "UPDATE_ROLLBACK_FAILED state.",
                    stack->id, stack->status));
  }
  TRY(auto skipped, skipped_resources(asked.input, *stack));
  TRY(take_role(asked, *stack));
  stack->client_request_token = asked.input.get_or("ClientRequestToken", "");
  cloud_.tasks->spawn(engine_.roll_back(stack, std::move(skipped)));
  return "";
}

Answer CloudFormationApi::rollback_stack(const Asked& asked) {
  TRY(const auto stack, existing(asked, "Stack [{}] does not exist"));
  if (stack->status != "UPDATE_FAILED" && stack->status != "CREATE_FAILED") {
    return validation_error(
        fmt::format("Stack:{} is in {} state and can not be rolled back. It has to be in the "
                    "CREATE_FAILED or UPDATE_FAILED state.",
                    stack->id, stack->status));
  }
  TRY(take_role(asked, *stack));
  stack->client_request_token = asked.input.get_or("ClientRequestToken", "");
  stack->retain_except_on_create = retains_except_on_create(asked.input);
  cloud_.tasks->spawn(engine_.roll_back(stack, {}));
  return stack_id_xml(*stack);
}

}  // namespace localcloud
