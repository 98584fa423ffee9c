// What only reads: DescribeStacks, events, resources, exports, templates.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "localcloud/cloudformation/api.h"
#include "localcloud/cloudformation/capabilities.h"
#include "localcloud/cloudformation/paging.h"
#include "localcloud/cloudformation/sam/sam.h"

namespace localcloud {
namespace {

using Answer = CloudFormationApi::Answer;

// Without values for parameters but their defaults.
base::Result<ProcessedTemplate> processed(const Cloud& cloud, const Principal& caller, std::string text) {
  auto result = process_template(
      std::move(text),
      {.cloud = cloud,
       .caller = caller,
       .pseudo = {.account_id = cloud.account_id, .region = cloud.region, .stack_name = {}, .stack_id = {}},
       .given = {},
       .previous = {}});
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
  Page page;
  xml.open("Stacks");
  if (!name.empty()) {
    const auto stack = store_.find(name);
    if (stack == nullptr) return validation_error(fmt::format("Stack with id {} does not exist", name));
    write_stack(xml, *stack);
  } else {
    const auto stacks = newest_first([](const Stack& stack) { return stack.status != "DELETE_COMPLETE"; });
    TRY(page, page_of(asked.input, stacks.size()));
    for (auto i = page.from; i < page.to; ++i) write_stack(xml, *stacks[i]);
  }
  xml.close();
  write_next_token(xml, page);
  return xml.take();
}

Answer CloudFormationApi::list_stacks(const Asked& asked) {
  TRY(authorize(asked, ""));
  const auto wanted = asked.input.list("StackStatusFilter");
  XmlWriter xml;
  xml.open("StackSummaries");
  const auto stacks = newest_first([&wanted](const Stack& stack) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), stack.status) != wanted.end();
  });
  TRY(const auto page, page_of(asked.input, stacks.size()));
  for (auto i = page.from; i < page.to; ++i) write_stack_summary(xml, *stacks[i]);
  xml.close();
  write_next_token(xml, page);
  return xml.take();
}

std::vector<std::shared_ptr<Stack>> CloudFormationApi::newest_first(
    const std::function<bool(const Stack&)>& wanted) const {
  std::vector<std::shared_ptr<Stack>> stacks;
  std::copy_if(store_.all().rbegin(), store_.all().rend(), std::back_inserter(stacks),
               [&wanted](const auto& stack) { return wanted(*stack); });
  return stacks;
}

Answer CloudFormationApi::describe_stack_events(const Asked& asked) {
  TRY(const auto stack, existing(asked, "Stack [{}] does not exist"));
  XmlWriter xml;
  xml.open("StackEvents");
  TRY(const auto page, page_of(asked.input, stack->events.size()));
  for (auto i = page.from; i < page.to; ++i) write_event(xml, *stack, stack->events[page.total - 1 - i]);
  xml.close();
  write_next_token(xml, page);
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
  TRY(const auto stack, existing(asked, "Stack with id {} does not exist"));
  XmlWriter xml;
  xml.open("StackResourceSummaries");
  TRY(const auto page, page_of(asked.input, stack->resources.size()));
  for (auto i = page.from; i < page.to; ++i) {
    xml.open("member");
    write_resource(xml, *stack, stack->resources[i], ResourceForm::summary);
    xml.close();
  }
  xml.close();
  write_next_token(xml, page);
  return xml.take();
}

Answer CloudFormationApi::list_exports(const Asked& asked) {
  TRY(authorize(asked, ""));
  const auto exports = store_.exports();
  TRY(const auto page, page_of(asked.input, exports.size()));
  XmlWriter xml;
  xml.open("Exports");
  for (auto i = page.from; i < page.to; ++i) {
    xml.open("member").element("ExportingStackId", exports[i].stack_id).element("Name", exports[i].name);
    xml.element("Value", exports[i].value).close();
  }
  xml.close();
  write_next_token(xml, page);
  return xml.take();
}

Answer CloudFormationApi::list_imports(const Asked& asked) {
  TRY(const auto name, asked.input.need("ExportName"));
  TRY(authorize(asked, ""));
  const auto importers = store_.importers(name);
  if (importers.empty()) return validation_error(fmt::format("Export '{}' is not imported by any stack.", name));
  TRY(const auto page, page_of(asked.input, importers.size()));
  XmlWriter xml;
  xml.open("Imports");
  for (auto i = page.from; i < page.to; ++i) xml.element("member", importers[i]);
  xml.close();
  write_next_token(xml, page);
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
  TRY(const auto from, processed(cloud_, asked.call.caller, std::move(text)));
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
  TRY(const auto from, processed(cloud_, asked.call.caller, std::move(text)));
  XmlWriter xml;
  write_declared_parameters(xml, from.declared, false);
  xml.element("Description", from.declared.description);
  write_capabilities(xml, from);
  return xml.take();
}

}  // namespace localcloud
