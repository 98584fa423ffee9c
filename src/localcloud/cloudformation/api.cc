#include "localcloud/cloudformation/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "base/ids.h"
#include "localcloud/cloudformation/lambda_macros.h"
#include "localcloud/cloudformation/template_url.h"
#include "localcloud/iam/iam.h"

namespace localcloud {
namespace {

constexpr std::string_view kNamespace = "http://cloudformation.amazonaws.com/doc/2010-05-15/";

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::isalpha(static_cast<unsigned char>(text.front())) != 0 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
}

// Parameters that would change what is done, and do nothing here.
base::Result<> refuse(const QueryInput& input, std::string_view operation) {
  for (const auto& [name, value] : input.fields()) {
    for (const std::string_view refused :
         {"ResourcesToImport", "StackPolicyBody", "StackPolicyURL", "ResourceTypes", "StackPolicyDuringUpdateBody",
          "StackPolicyDuringUpdateURL", "DeploymentMode", "StackSetName", "CallAs", "TemplateSummaryConfig"}) {
      if (name.starts_with(refused))
        return base::fail(not_implemented("cloudformation", fmt::format("{} with {}", operation, refused)));
    }
    if (name.starts_with("RollbackConfiguration.RollbackTriggers.member.")) {
      return base::fail(not_implemented("cloudformation", fmt::format("{} with RollbackTriggers", operation)));
    }
    if (name == "DeploymentConfig.Mode" && value != "STANDARD") {
      return base::fail(not_implemented("cloudformation", fmt::format("{} with {} {}", operation, name, value)));
    }
    if (name == "RollbackConfiguration.MonitoringTimeInMinutes" && value != "0") {
      return base::fail(not_implemented("cloudformation", fmt::format("{} with {}", operation, name)));
    }
  }
  return {};
}

}  // namespace

CloudFormationApi::CloudFormationApi(Cloud& cloud, ResourceTypes types)
    : cloud_(cloud), engine_(cloud, store_, std::move(types)) {}

awaitable<net::Response> CloudFormationApi::handle(Call call) {
  QueryInput input(call.request);
  auto action = input.action();
  Macros macros(cloud_, store_);
  const Asked asked{.call = call, .input = std::move(input), .action = std::move(action), .macros = &macros};
  auto answer = dispatch(asked);
  while (co_await macros.answer(call.caller)) answer = dispatch(asked);
  if (!answer) co_return query_failure(call, kNamespace, answer.error());
  co_return query_answer(call, kNamespace, asked.action, *answer);
}

const std::map<std::string_view, CloudFormationApi::Operation>& CloudFormationApi::operation_table() {
  using Api = CloudFormationApi;
  static const std::map<std::string_view, Operation> kOperations = {
      {"CancelUpdateStack", &Api::cancel_update_stack},
      {"ContinueUpdateRollback", &Api::continue_update_rollback},
      {"CreateChangeSet", &Api::create_change_set},
      {"CreateStack", &Api::create_stack},
      {"DeleteChangeSet", &Api::delete_change_set},
      {"DeleteStack", &Api::delete_stack},
      {"DescribeChangeSet", &Api::describe_change_set},
      {"DescribeStackEvents", &Api::describe_stack_events},
      {"DescribeStackResource", &Api::describe_stack_resource},
      {"DescribeStackResources", &Api::describe_stack_resources},
      {"DescribeStacks", &Api::describe_stacks},
      {"ExecuteChangeSet", &Api::execute_change_set},
      {"GetTemplate", &Api::get_template},
      {"GetTemplateSummary", &Api::get_template_summary},
      {"ListChangeSets", &Api::list_change_sets},
      {"ListExports", &Api::list_exports},
      {"ListImports", &Api::list_imports},
      {"ListStackResources", &Api::list_stack_resources},
      {"ListStacks", &Api::list_stacks},
      {"RollbackStack", &Api::rollback_stack},
      {"UpdateStack", &Api::update_stack},
      {"UpdateTerminationProtection", &Api::update_termination_protection},
      {"ValidateTemplate", &Api::validate_template},
  };
  return kOperations;
}

std::vector<std::string> CloudFormationApi::operations() const {
  std::vector<std::string> names;
  for (const auto& [name, operation] : operation_table()) names.emplace_back(name);
  return names;
}

CloudFormationApi::Answer CloudFormationApi::dispatch(const Asked& asked) {
  const auto found = operation_table().find(asked.action);
  if (found == operation_table().end()) return base::fail(not_implemented("cloudformation", asked.action));
  TRY(refuse(asked.input, asked.action));
  return (this->*found->second)(asked);
}

base::Result<> CloudFormationApi::authorize(const Asked& asked, std::string_view stack) const {
  std::string resource = "*";
  if (stack.starts_with("arn:")) {
    resource = stack;
  } else if (!stack.empty()) {
    const auto found = store_.find(stack);
    resource = found != nullptr ? found->id : stack_arn(stack, "*");
  }
  if (cloud_.iam == nullptr) return {};
  return cloud_.iam->authorize(asked.call.caller, "cloudformation:" + asked.action, resource);
}

std::string CloudFormationApi::stack_arn(std::string_view name, std::string_view unique) const {
  return fmt::format("arn:aws:cloudformation:{}:{}:stack/{}/{}", cloud_.region, cloud_.account_id, name, unique);
}

base::Result<std::shared_ptr<Stack>> CloudFormationApi::existing(const Asked& asked, std::string_view wording) const {
  TRY(const auto name, asked.input.need("StackName"));
  TRY(authorize(asked, name));
  auto stack = store_.find(name);
  if (stack == nullptr) return validation_error(fmt::format(fmt::runtime(wording), name));
  return stack;
}

Stack CloudFormationApi::new_stack(const std::string& name) const {
  Stack stack;
  stack.name = name;
  stack.id = stack_arn(name, base::random_uuid());
  stack.created = engine_.now();
  return stack;
}

base::Result<std::string> CloudFormationApi::new_stack_name(const Asked& asked) const {
  TRY(auto name, asked.input.need("StackName"));
  if (!is_name(name)) {
    return validation_error(
        fmt::format("1 validation error detected: Value '{}' at 'stackName' failed to satisfy constraint: Member "
                    "must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
                    name));
  }
  return name;
}

base::Result<std::string> CloudFormationApi::template_text(const Asked& asked, const Stack* previous) const {
  const auto body = asked.input.get("TemplateBody");
  const auto url = asked.input.get("TemplateURL");
  const bool use_previous = asked.input.get_or("UsePreviousTemplate", "false") == "true";
  if ((body ? 1 : 0) + (url ? 1 : 0) + (use_previous ? 1 : 0) != 1) {
    return validation_error("Either Template URL or Template Body must be specified.");
  }
  if (use_previous) {
    if (previous == nullptr || previous->definition.original_template.empty()) {
      return validation_error("There is no previous template to use");
    }
    return previous->definition.original_template;
  }
  if (url) return fetch_template(cloud_, asked.call.caller, *url);
  if (body->size() > kMaxTemplateBody) {
    return validation_error(
        fmt::format("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member "
                    "must have length less than or equal to {}",
                    kMaxTemplateBody));
  }
  return *body;
}

base::Result<DefinitionInput> CloudFormationApi::definition_input(const Asked& asked, const Stack* previous) const {
  const auto& input = asked.input;
  DefinitionInput result;
  TRY(result.template_text, template_text(asked, previous));
  for (const auto& parameter : input.structures("Parameters")) {
    TRY(const auto key, parameter.need("ParameterKey"));
    result.parameters[key] = {.value = parameter.get_or("ParameterValue", ""),
                              .use_previous = parameter.get_or("UsePreviousValue", "false") == "true"};
  }
  for (const auto& tag : input.structures("Tags")) {
    TRY(const auto key, tag.need("Key"));
    result.tags[key] = tag.get_or("Value", "");
  }
  if (previous != nullptr && !input.has_below("Tags")) result.tags = previous->definition.tags;
  result.macros = asked.macros;
  result.capabilities = input.list("Capabilities");
  result.notification_arns = input.list("NotificationARNs");
  if (previous != nullptr && !input.has_below("NotificationARNs"))
    result.notification_arns = previous->definition.notification_arns;
  result.role_arn = input.get_or("RoleARN", previous != nullptr ? previous->definition.role_arn : "");
  TRY(result.caller, acting_for(asked, result.role_arn));
  // What is there already is not adopted: its creation fails, as it does without the parameter.
  if (input.get_or("ImportExistingResources", "false") == "true")
    result.without_effect.emplace_back("ImportExistingResources");
  return result;
}

base::Result<Principal> CloudFormationApi::acting_for(const Asked& asked, const std::string& role_arn) const {
  if (role_arn.empty() || cloud_.iam == nullptr) return asked.call.caller;
  constexpr std::string_view kService = "cloudformation.amazonaws.com";
  TRY(cloud_.iam->authorize(asked.call.caller, "iam:PassRole", role_arn,
                            {{"iam:PassedToService", std::string(kService)}}));
  const auto assumed = cloud_.iam->assume_for_service(role_arn, kService, "AWSCloudFormation");
  if (!assumed) return validation_error(fmt::format("Role {} is invalid or cannot be assumed", role_arn));
  TRY(auto owner, cloud_.iam->find_key(assumed->access_key_id, assumed->session_token));
  return std::move(owner.first);
}

base::Result<> CloudFormationApi::take_role(const Asked& asked, Stack& stack) const {
  const auto role_arn = asked.input.get_or("RoleARN", "");
  if (role_arn.empty()) return {};
  TRY(stack.definition.caller, acting_for(asked, role_arn));
  stack.definition.role_arn = role_arn;
  return {};
}

base::Result<> CloudFormationApi::check_updatable(const Stack& stack) const {
  static const std::set<std::string_view> kUpdatable = {"CREATE_COMPLETE", "CREATE_FAILED", "UPDATE_COMPLETE",
                                                        "UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE"};
  if (kUpdatable.contains(stack.status)) return {};
  return validation_error(fmt::format("Stack:{} is in {} state and can not be updated.", stack.id, stack.status));
}

base::Result<StackStore::Found> CloudFormationApi::needed_change_set(const Asked& asked) const {
  TRY(const auto name, asked.input.need("ChangeSetName"));
  const auto stack = asked.input.get_or("StackName", "");
  if (!stack.empty() && store_.find(stack) == nullptr)
    return validation_error(fmt::format("Stack [{}] does not exist", stack));
  if (stack.empty() && !name.starts_with("arn:"))
    return validation_error("StackName must be specified if ChangeSetName is not specified as an ARN.");
  auto found = store_.find_change_set(stack, name);
  if (found.change_set == nullptr)
    return aws_error(404, "ChangeSetNotFound", fmt::format("ChangeSet [{}] does not exist", name));
  return found;
}

std::string CloudFormationApi::stack_of_change_set(const QueryInput& input) const {
  if (const std::string name = input.get_or("StackName", ""); !name.empty()) return name;
  const auto found = store_.find_change_set("", input.get_or("ChangeSetName", ""));
  return found.stack == nullptr ? "" : found.stack->id;
}

}  // namespace localcloud
