// What only reads: DescribeStacks, events, resources, exports, templates.
#include <fmt/format.h>

#include <algorithm>

#include "localcloud/cloudformation/api.h"
#include "localcloud/cloudformation/capabilities.h"
#include "localcloud/cloudformation/sam/sam.h"

namespace localcloud {
namespace {

using Answer = CloudFormationApi::Answer;

base::Result<ProcessedTemplate> processed(std::string text) {
  auto result = process_template(std::move(text));
  if (!result && result.error().code == kTransformFailed) return validation_error(result.error().message);
  return result;
}

void write_capabilities(XmlWriter& xml, const ProcessedTemplate& from) {
  auto capabilities = required_capabilities(from.declared);
  auto reason = capabilities_reason(from.declared);
  if (!from.transforms.empty()) capabilities.emplace_back("CAPABILITY_AUTO_EXPAND");
  xml.list("Capabilities", capabilities);
  if (!reason.empty()) xml.element("CapabilitiesReason", reason);
  xml.list("DeclaredTransforms", from.transforms);
}

}  // namespace

Answer CloudFormationApi::describe_stacks(const Asked& asked) {
  const auto name = asked.input.get_or("StackName", "");
  TRY(authorize(asked, name));
  XmlWriter xml;
  xml.open("Stacks");
  if (!name.empty()) {
    const auto stack = store_.find(name);
    if (stack == nullptr) return validation_error(fmt::format("Stack with id {} does not exist", name));
    write_stack(xml, *stack);
  } else {
    for (auto stack = store_.all().rbegin(); stack != store_.all().rend(); ++stack) {
      if ((*stack)->status != "DELETE_COMPLETE") write_stack(xml, **stack);
    }
  }
  xml.close();
  return xml.take();
}

Answer CloudFormationApi::list_stacks(const Asked& asked) {
  TRY(authorize(asked, ""));
  const auto wanted = asked.input.list("StackStatusFilter");
  XmlWriter xml;
  xml.open("StackSummaries");
  for (auto stack = store_.all().rbegin(); stack != store_.all().rend(); ++stack) {
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), (*stack)->status) != wanted.end())
      write_stack_summary(xml, **stack);
  }
  xml.close();
  return xml.take();
}

Answer CloudFormationApi::describe_stack_events(const Asked& asked) {
  TRY(const auto name, asked.input.need("StackName"));
  TRY(authorize(asked, name));
  const auto stack = store_.find(name);
  if (stack == nullptr) return validation_error(fmt::format("Stack [{}] does not exist", name));
  XmlWriter xml;
  xml.open("StackEvents");
  for (auto event = stack->events.rbegin(); event != stack->events.rend(); ++event) write_event(xml, *stack, *event);
  xml.close();
  return xml.take();
}

Answer CloudFormationApi::describe_stack_resource(const Asked& asked) {
  TRY(const auto name, asked.input.need("StackName"));
  TRY(const auto id, asked.input.need("LogicalResourceId"));
  TRY(authorize(asked, name));
  const auto stack = store_.find(name);
  if (stack == nullptr) return validation_error(fmt::format("Stack '{}' does not exist", name));
  const auto* resource = stack->resource(id);
  if (resource == nullptr)
    return validation_error(fmt::format("Resource {} does not exist for stack {}", id, stack->name));
  XmlWriter xml;
  xml.open("StackResourceDetail");
  write_resource(xml, *stack, *resource, ResourceForm::detail);
  xml.close();
  return xml.take();
}

Answer CloudFormationApi::describe_stack_resources(const Asked& asked) {
  const auto name = asked.input.get_or("StackName", "");
  const auto physical_id = asked.input.get_or("PhysicalResourceId", "");
  const auto logical_id = asked.input.get_or("LogicalResourceId", "");
  TRY(authorize(asked, name));
  auto stack = name.empty() ? nullptr : store_.find(name);
  if (name.empty() && !physical_id.empty()) {
    for (const auto& one : store_.all()) {
      const auto& list = one->resources;
      const bool owns = std::any_of(list.begin(), list.end(),
                                    [&](const StackResource& r) { return r.state.physical_id == physical_id; });
      if (owns && one->status != "DELETE_COMPLETE") stack = one;
    }
    if (stack == nullptr) return validation_error(fmt::format("Stack for {} does not exist", physical_id));
  }
  if (stack == nullptr) return validation_error(fmt::format("Stack with id {} does not exist", name));
  XmlWriter xml;
  xml.open("StackResources");
  for (const auto& resource : stack->resources) {
    if (!logical_id.empty() && resource.logical_id != logical_id) continue;
    xml.open("member");
    write_resource(xml, *stack, resource, ResourceForm::description);
    xml.close();
  }
  xml.close();
  return xml.take();
}

Answer CloudFormationApi::list_stack_resources(const Asked& asked) {
  TRY(const auto name, asked.input.need("StackName"));
  TRY(authorize(asked, name));
  const auto stack = store_.find(name);
  if (stack == nullptr) return validation_error(fmt::format("Stack with id {} does not exist", name));
  XmlWriter xml;
  xml.open("StackResourceSummaries");
  for (const auto& resource : stack->resources) {
    xml.open("member");
    write_resource(xml, *stack, resource, ResourceForm::summary);
    xml.close();
  }
  xml.close();
  return xml.take();
}

Answer CloudFormationApi::list_exports(const Asked& asked) {
  TRY(authorize(asked, ""));
  XmlWriter xml;
  xml.open("Exports");
  for (const auto& exported : store_.exports()) {
    xml.open("member").element("ExportingStackId", exported.stack_id).element("Name", exported.name);
    xml.element("Value", exported.value).close();
  }
  xml.close();
  return xml.take();
}

Answer CloudFormationApi::get_template(const Asked& asked) {
  const auto change_set_name = asked.input.get_or("ChangeSetName", "");
  const auto name = asked.input.get_or("StackName", "");
  TRY(authorize(asked, name));
  const StackDefinition* definition = nullptr;
  StackStore::Found found;
  if (!change_set_name.empty()) {
    TRY(found, needed_change_set(asked));
    definition = &found.change_set->definition;
  } else {
    found.stack = store_.find(name);
    if (found.stack == nullptr) return validation_error(fmt::format("Stack with id {} does not exist", name));
    definition = &found.stack->definition;
  }
  const bool original = asked.input.get_or("TemplateStage", "Original") == "Original";
  XmlWriter xml;
  xml.element("TemplateBody", original ? definition->original_template : definition->processed_template);
  xml.list("StagesAvailable", {"Original", "Processed"});
  return xml.take();
}

Answer CloudFormationApi::get_template_summary(const Asked& asked) {
  const auto name = asked.input.get_or("StackName", "");
  TRY(authorize(asked, name));
  std::string text;
  if (!name.empty()) {
    const auto stack = store_.find(name);
    if (stack == nullptr) return validation_error(fmt::format("Stack with id {} does not exist", name));
    text = stack->definition.original_template;
  } else {
    TRY(text, template_text(asked, nullptr));
  }
  TRY(const auto from, processed(std::move(text)));
  XmlWriter xml;
  write_declared_parameters(xml, from.declared, true);
  if (!from.declared.description.empty()) xml.element("Description", from.declared.description);
  write_capabilities(xml, from);
  std::vector<std::string> types;
  for (const auto& [id, resource] : from.declared.resources) {
    if (std::find(types.begin(), types.end(), resource.type) == types.end()) types.push_back(resource.type);
  }
  xml.list("ResourceTypes", types);
  return xml.take();
}

Answer CloudFormationApi::validate_template(const Asked& asked) {
  TRY(authorize(asked, ""));
  TRY(auto text, template_text(asked, nullptr));
  TRY(const auto from, processed(std::move(text)));
  XmlWriter xml;
  write_declared_parameters(xml, from.declared, false);
  xml.element("Description", from.declared.description);
  write_capabilities(xml, from);
  return xml.take();
}

}  // namespace localcloud
