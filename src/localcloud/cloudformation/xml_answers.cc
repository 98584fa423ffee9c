#include <set>

#include "localcloud/cloudformation/api.h"

namespace localcloud {
namespace {

void write_outputs(XmlWriter& xml, const std::vector<StackOutput>& outputs) {
  if (outputs.empty()) return;
  xml.open("Outputs");
  for (const auto& output : outputs) {
    xml.open("member").element("OutputKey", output.key).element("OutputValue", output.value);
    if (!output.description.empty()) xml.element("Description", output.description);
    if (!output.export_name.empty()) xml.element("ExportName", output.export_name);
    xml.close();
  }
  xml.close();
}

void write_drift(XmlWriter& xml, std::string_view name, std::string_view member) {
  xml.open(name).element(member, "NOT_CHECKED").close();
}

}  // namespace

void write_stack_tags(XmlWriter& xml, const std::map<std::string, std::string>& tags) {
  xml.open("Tags");
  for (const auto& [key, value] : tags) xml.open("member").element("Key", key).element("Value", value).close();
  xml.close();
}

void write_parameters(XmlWriter& xml, const StackDefinition& definition) {
  xml.open("Parameters");
  for (const auto& [name, declared] : definition.declared.parameters) {
    const auto found = definition.parameters.texts.find(name);
    if (found == definition.parameters.texts.end()) continue;
    xml.open("member").element("ParameterKey", name);
    xml.element("ParameterValue", declared.no_echo ? std::string_view("****") : std::string_view(found->second));
    const auto resolved = definition.parameters.resolved.find(name);
    if (resolved != definition.parameters.resolved.end()) xml.element("ResolvedValue", resolved->second);
    xml.close();
  }
  xml.close();
}

void write_stack(XmlWriter& xml, const Stack& stack) {
  xml.open("member").element("StackId", stack.id).element("StackName", stack.name);
  if (!stack.change_set_id.empty()) xml.element("ChangeSetId", stack.change_set_id);
  if (!stack.definition.declared.description.empty()) xml.element("Description", stack.definition.declared.description);
  write_parameters(xml, stack.definition);
  xml.element("CreationTime", iso_time(stack.created));
  if (stack.deleted) xml.element("DeletionTime", iso_time(*stack.deleted));
  if (stack.updated) xml.element("LastUpdatedTime", iso_time(*stack.updated));
  xml.open("RollbackConfiguration").close();
  xml.element("StackStatus", stack.status);
  if (!stack.status_reason.empty()) xml.element("StackStatusReason", stack.status_reason);
  xml.element("DisableRollback", stack.on_failure == "DO_NOTHING");
  xml.list("NotificationARNs", stack.definition.notification_arns);
  xml.list("Capabilities", stack.definition.capabilities);
  if (!stack.definition.role_arn.empty()) xml.element("RoleARN", stack.definition.role_arn);
  write_outputs(xml, stack.outputs);
  write_stack_tags(xml, stack.definition.tags);
  xml.element("EnableTerminationProtection", stack.termination_protection);
  if (!stack.parent_id.empty()) xml.element("ParentId", stack.parent_id).element("RootId", stack.root_id);
  write_drift(xml, "DriftInformation", "StackDriftStatus");
  xml.close();
}

void write_stack_summary(XmlWriter& xml, const Stack& stack) {
  xml.open("member").element("StackId", stack.id).element("StackName", stack.name);
  if (!stack.definition.declared.description.empty())
    xml.element("TemplateDescription", stack.definition.declared.description);
  xml.element("CreationTime", iso_time(stack.created));
  if (stack.updated) xml.element("LastUpdatedTime", iso_time(*stack.updated));
  if (stack.deleted) xml.element("DeletionTime", iso_time(*stack.deleted));
  xml.element("StackStatus", stack.status);
  if (!stack.status_reason.empty()) xml.element("StackStatusReason", stack.status_reason);
  if (!stack.parent_id.empty()) xml.element("ParentId", stack.parent_id).element("RootId", stack.root_id);
  write_drift(xml, "DriftInformation", "StackDriftStatus");
  xml.close();
}

void write_event(XmlWriter& xml, const Stack& stack, const StackEvent& event) {
  xml.open("member").element("StackId", stack.id).element("EventId", event.id).element("StackName", stack.name);
  xml.element("LogicalResourceId", event.logical_id).element("PhysicalResourceId", event.physical_id);
  xml.element("ResourceType", event.type)
      .element("Timestamp", iso_time(event.time))
      .element("ResourceStatus", event.status);
  if (!event.reason.empty()) xml.element("ResourceStatusReason", event.reason);
  if (!event.client_request_token.empty()) xml.element("ClientRequestToken", event.client_request_token);
  xml.close();
}

void write_resource(XmlWriter& xml, const Stack& stack, const StackResource& resource, ResourceForm form) {
  if (form != ResourceForm::summary) xml.element("StackName", stack.name).element("StackId", stack.id);
  xml.element("LogicalResourceId", resource.logical_id);
  if (!resource.state.physical_id.empty()) xml.element("PhysicalResourceId", resource.state.physical_id);
  xml.element("ResourceType", resource.type);
  xml.element(form == ResourceForm::description ? "Timestamp" : "LastUpdatedTimestamp", iso_time(resource.time));
  xml.element("ResourceStatus", resource.status);
  if (!resource.reason.empty()) xml.element("ResourceStatusReason", resource.reason);
  if (form == ResourceForm::detail && !resource.metadata.is_null())
    xml.element("Metadata", json::serialize(resource.metadata));
  write_drift(xml, "DriftInformation", "StackResourceDriftStatus");
}

void write_change(XmlWriter& xml, const ResourceChange& change) {
  xml.open("member").element("Type", "Resource").open("ResourceChange");
  xml.element("Action", change.action).element("LogicalResourceId", change.logical_id);
  if (!change.physical_id.empty()) xml.element("PhysicalResourceId", change.physical_id);
  xml.element("ResourceType", change.type);
  if (!change.replacement.empty()) xml.element("Replacement", change.replacement);
  std::set<std::string> attributes;
  for (const auto& detail : change.details) attributes.insert(detail.attribute);
  xml.list("Scope", {attributes.begin(), attributes.end()});
  xml.open("Details");
  for (const auto& detail : change.details) {
    xml.open("member").open("Target").element("Attribute", detail.attribute);
    if (!detail.name.empty()) xml.element("Name", detail.name);
    xml.element("RequiresRecreation", detail.recreation).close();
    xml.element("Evaluation", detail.dynamic ? "Dynamic" : "Static");
    xml.element("ChangeSource", detail.dynamic ? "ResourceReference" : "DirectModification").close();
  }
  xml.close();
  if (!change.change_set_id.empty()) xml.element("ChangeSetId", change.change_set_id);
  xml.close().close();
}

void write_declared_parameters(XmlWriter& xml, const Template& declared, bool with_types) {
  xml.open("Parameters");
  for (const auto& [name, parameter] : declared.parameters) {
    xml.open("member").element("ParameterKey", name);
    if (parameter.default_value) xml.element("DefaultValue", *parameter.default_value);
    xml.element("NoEcho", parameter.no_echo);
    if (!parameter.description.empty()) xml.element("Description", parameter.description);
    if (with_types) {
      xml.element("ParameterType", parameter.type);
      xml.open("ParameterConstraints").list("AllowedValues", parameter.allowed_values).close();
    }
    xml.close();
  }
  xml.close();
}

}  // namespace localcloud
