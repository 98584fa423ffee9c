#include "localcloud/cloudformation/definition.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/json.h"
#include "localcloud/cloudformation/capabilities.h"
#include "localcloud/cloudformation/graph.h"
#include "localcloud/cloudformation/lambda_macros.h"
#include "localcloud/cloudformation/macros.h"
#include "localcloud/cloudformation/sam/sam.h"
#include "localcloud/cloudformation/scope.h"
#include "localcloud/iam/iam.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

SamInput sam_input(const MacroInput& input) {
  SamInput result{.region = input.pseudo.region};
  for (const auto& [name, given] : input.given) {
    const auto before = input.previous.find(name);
    if (!given.use_previous)
      result.parameters[name] = given.value;
    else if (before != input.previous.end())
      result.parameters[name] = before->second;
  }
  result.now = std::chrono::duration_cast<std::chrono::seconds>(input.cloud.clock->now().time_since_epoch()).count();
  return result;
}

base::Result<json::object> apply(const std::string& transform, json::object document, const MacroInput& input,
                                 const Scope& scope) {
  if (transform == kSamTransform) return expand_sam(document, sam_input(input));
  if (transform == kLanguageExtensions) return expand_language_extensions(document, scope);
  if (transform == kInclude) return expand_includes(input.cloud, input.caller, std::move(document), scope);
  if (input.macros != nullptr && !transform.starts_with("AWS::"))
    return input.macros->transform(transform, std::move(document), input);
  return aws_error(400, std::string(kTransformFailed),
                   fmt::format("The transform {} is not implemented by the local cloud", transform));
}

// A macro of AWS is a resource of its own: "transform/Serverless-2016-10-31" (CloudFormation User Guide, "Control
// access with IAM").
base::Result<> check_right(const Cloud& cloud, const Principal& caller, std::string_view transform) {
  if (cloud.iam == nullptr) return {};
  std::string_view owner = cloud.account_id;
  if (transform.starts_with("AWS::")) {
    owner = "aws";
    transform.remove_prefix(5);
  }
  return cloud.iam->authorize(caller, "cloudformation:CreateChangeSet",
                              fmt::format("arn:aws:cloudformation:{}:{}:transform/{}", cloud.region, owner, transform));
}

// Functions of AWS::LanguageExtensions are none without it.
base::Result<> check_functions(const json::object& document, const std::vector<std::string>& transforms) {
  if (std::find(transforms.begin(), transforms.end(), kLanguageExtensions) != transforms.end()) return {};
  const auto function = extension_function(json::value(document));
  if (function.empty()) return {};
  return validation_error(
      fmt::format("Template format error: Encountered unsupported function: {} It needs the transform {}", function,
                  kLanguageExtensions));
}

}  // namespace

base::Result<ProcessedTemplate> process_template(std::string text, const MacroInput& input) {
  TRY(auto document, parse_template(text));
  ProcessedTemplate result;
  TRY(result.transforms, read_transforms(document));
  TRY(check_functions(document, result.transforms));
  result.original = std::move(text);
  result.processed = result.original;
  if (result.transforms.empty() && result.original.find("Fn::Transform") != std::string::npos)
    result.transforms.emplace_back(kInclude);
  if (!result.transforms.empty()) {
    TRY(const auto parameters, read_parameters(document));
    const auto values = preliminary_parameters(parameters, input.given, input.previous);
    TRY(const auto mappings, read_mappings(document));
    const auto scope = parameter_scope(values, mappings, input.pseudo);
    if (input.macros != nullptr && result.original.find("Fn::Transform") != std::string::npos) {
      TRY(auto transformed, input.macros->transform_within(std::move(document), input));
      document = std::move(transformed.get_object());
    }
    // What is included may use the others.
    TRY(document, apply(std::string(kInclude), std::move(document), input, scope));
    for (const auto& name : result.transforms) {
      if (name == kInclude) continue;
      TRY(document, apply(name, std::move(document), input, scope));
    }
    document.erase("Transform");
    result.processed = json::serialize(document);
  }
  TRY(result.declared, read_template(std::move(document)));
  return result;
}

base::Result<StackDefinition> build_definition(const Cloud& cloud, const Stack& stack, DefinitionInput input) {
  StackDefinition definition;
  definition.notification_arns = std::move(input.notification_arns);
  const auto& previous = stack.definition.parameters.texts;
  TRY(auto processed,
      process_template(std::move(input.template_text), {.cloud = cloud,
                                                        .caller = input.caller,
                                                        .pseudo = pseudo_parameters(cloud, stack, definition),
                                                        .given = input.parameters,
                                                        .previous = previous,
                                                        .macros = input.macros}));
  for (const auto& transform : processed.transforms) {
    TRY(check_right(cloud, input.caller, transform));
  }
  definition.original_template = std::move(processed.original);
  definition.processed_template = std::move(processed.processed);
  definition.declared = std::move(processed.declared);
  TRY(definition.parameters,
      resolve_parameters(definition.declared.parameters,
                         {.cloud = cloud, .caller = input.caller, .given = input.parameters, .previous = previous}));
  TRY(check_capabilities(definition.declared, input.capabilities,
                         !processed.transforms.empty() && !input.by_change_set));
  definition.tags = std::move(input.tags);
  definition.capabilities = std::move(input.capabilities);
  definition.role_arn = std::move(input.role_arn);
  definition.caller = std::move(input.caller);
  definition.without_effect = std::move(input.without_effect);
  TRY(definition.conditions, definition_conditions(cloud, stack, definition));
  TRY(creation_order(definition.declared, definition.conditions));
  return definition;
}

}  // namespace localcloud
