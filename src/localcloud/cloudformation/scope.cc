#include "localcloud/cloudformation/scope.h"

#include <fmt/format.h>

#include <utility>

#include "localcloud/cloudformation/dynamic_references.h"
#include "localcloud/cloudformation/rules.h"
#include "localcloud/cloudformation/type_catalog.h"

namespace localcloud {

PseudoParameters pseudo_parameters(const Cloud& cloud, const Stack& stack, const StackDefinition& definition) {
  return {.account_id = cloud.account_id,
          .region = cloud.region,
          .stack_name = stack.name,
          .stack_id = stack.id,
          .notification_arns = definition.notification_arns};
}

Scope stack_scope(const Cloud& cloud, const Stack& stack, const StackDefinition& definition, const StackStore& store,
                  std::set<std::string>* imports) {
  Scope scope;
  scope.mappings = &definition.declared.mappings;
  scope.parameters = &definition.parameters.values;
  scope.conditions = &definition.conditions;
  scope.pseudo = pseudo_parameters(cloud, stack, definition);
  scope.ref = [&stack](const std::string& id) -> base::Result<json::value> {
    const auto* resource = stack.resource(id);
    if (resource == nullptr || (resource->state.physical_id.empty() && resource->state.ref.empty())) {
      return validation_error(fmt::format(
          "Template format error: Unresolved resource dependencies [{}] in the Resources block of the template", id));
    }
    return json::value(json::string(resource->state.ref.empty() ? resource->state.physical_id : resource->state.ref));
  };
  scope.attribute = [&stack](const std::string& id, const std::string& name) -> base::Result<json::value> {
    const auto* resource = stack.resource(id);
    if (resource == nullptr) {
      return validation_error(fmt::format(
          "Template format error: Unresolved resource dependencies [{}] in the Resources block of the template", id));
    }
    if (const auto* value = resource->state.attributes.if_contains(name)) return *value;
    if (is_custom_type(resource->type)) {
      return validation_error(
          fmt::format("CustomResource attribute error: Vendor response doesn't contain {} attribute", name));
    }
    return validation_error(
        fmt::format("Template error: resource {} does not support attribute type {} in Fn::GetAtt", id, name));
  };
  scope.finish = [&cloud, &definition](json::value value) {
    return resolve_dynamic_references(cloud, definition.caller, std::move(value));
  };
  scope.import_value = [&store, imports](const std::string& name) -> base::Result<json::value> {
    for (const auto& exported : store.exports()) {
      if (exported.name != name) continue;
      if (imports != nullptr) imports->insert(name);
      return json::value(json::string(exported.value));
    }
    return validation_error(fmt::format("No export named {} found", name));
  };
  return scope;
}

Scope parameter_scope(const ParameterValues& parameters, const json::object& mappings, PseudoParameters pseudo) {
  Scope scope;
  scope.mappings = &mappings;
  scope.parameters = &parameters.values;
  scope.pseudo = std::move(pseudo);
  const auto no_resource = [](const std::string& name) -> base::Result<json::value> {
    return validation_error(
        fmt::format("Template format error: Unresolved dependencies [{}]. Cannot reference resources in the "
                    "Conditions block of the template",
                    name));
  };
  scope.ref = no_resource;
  scope.import_value = no_resource;
  scope.attribute = [no_resource](const std::string& name, const std::string&) { return no_resource(name); };
  return scope;
}

base::Result<std::map<std::string, bool>> definition_conditions(const Cloud& cloud, const Stack& stack,
                                                                const StackDefinition& definition) {
  const auto scope =
      parameter_scope(definition.parameters, definition.declared.mappings, pseudo_parameters(cloud, stack, definition));
  TRY(check_rules(definition.declared.rules, scope));
  return evaluate_conditions(definition.declared.conditions, scope);
}

base::Result<std::vector<StackOutput>> evaluate_outputs(const Scope& scope, const Stack& stack,
                                                        const StackDefinition& definition, const StackStore& store) {
  std::vector<StackOutput> outputs;
  for (const auto& [name, declared] : definition.declared.outputs) {
    if (!declared.condition.empty()) {
      const auto condition = definition.conditions.find(declared.condition);
      if (condition == definition.conditions.end() || !condition->second) continue;
    }
    TRY(const auto value, evaluate(declared.value, scope));
    const auto text = scalar_text(value);
    if (!text) {
      return validation_error(
          fmt::format("Template format error: The Value field of every Outputs member must evaluate to a "
                      "String. [{}]",
                      name));
    }
    StackOutput output{.key = name, .value = *text, .description = declared.description, .export_name = {}};
    if (declared.export_name) {
      TRY(const auto export_name, evaluate(*declared.export_name, scope));
      output.export_name = scalar_text(export_name).value_or("");
      for (const auto& other : store.exports()) {
        if (other.name == output.export_name && other.stack_id != stack.id) {
          return validation_error(fmt::format("Export with name {} is already exported by stack {}.", other.name,
                                              store.find(other.stack_id)->name));
        }
      }
    }
    outputs.push_back(std::move(output));
  }
  return outputs;
}

}  // namespace localcloud
