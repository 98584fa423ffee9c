#include "localcloud/cloudformation/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "localcloud/cloudformation/graph.h"
#include "localcloud/cloudformation/nested_stack.h"
#include "localcloud/cloudformation/references.h"
#include "localcloud/cloudformation/scope.h"

namespace localcloud {
namespace {

// Stands in a value for what will be known only when it is executed; cannot appear in a template's text.
constexpr std::string_view kUnknown = "\x01unknown:";

bool holds_unknown(const json::value& value) {
  if (value.is_string()) return std::string_view(value.get_string()).find(kUnknown) != std::string_view::npos;
  if (const auto* list = value.if_array()) return std::any_of(list->begin(), list->end(), holds_unknown);
  if (const auto* object = value.if_object()) {
    return std::any_of(object->begin(), object->end(),
                       [](const auto& member) { return holds_unknown(member.value()); });
  }
  return false;
}

json::value without_marks(json::value value) {
  if (auto* list = value.if_array()) {
    for (auto& element : *list) element = without_marks(std::move(element));
  } else if (auto* object = value.if_object()) {
    for (auto& [key, member] : *object) member = without_marks(std::move(member));
  } else if (holds_unknown(value)) {
    return json::string(kKnownAfterApply);
  }
  return value;
}

json::object without_marks(const json::object& properties) {
  return without_marks(json::value(properties)).get_object();
}

class Planner {
 public:
  Planner(const Cloud& cloud, const Stack& stack, const StackDefinition& next, const StackStore& store,
          const TypeCatalog& types)
      : cloud_(cloud),
        stack_(stack),
        next_(next),
        store_(store),
        types_(types),
        scope_(stack_scope(cloud, stack, next, store)) {
    const auto known_ref = scope_.ref;
    const auto known_attribute = scope_.attribute;
    scope_.ref = [this, known_ref](const std::string& id) -> base::Result<json::value> {
      return unknown_.contains(id) ? json::value(json::string(fmt::format("{}{}", kUnknown, id))) : known_ref(id);
    };
    scope_.attribute = [this, known_attribute](const std::string& id,
                                               const std::string& name) -> base::Result<json::value> {
      return unknown_.contains(id) ? json::value(json::string(fmt::format("{}{}.{}", kUnknown, id, name)))
                                   : known_attribute(id, name);
    };
  }

  base::Result<Plan> run() {
    TRY(const auto order, creation_order(next_.declared, next_.conditions));
    std::map<std::string, ResourceChange> by_id;
    for (const auto& id : order) {
      TRY(auto change, change_of(id, *find_declaration(next_.declared.resources, id)));
      if (change) by_id.emplace(id, std::move(*change));
    }
    Plan plan;
    for (const auto& [id, declared] : next_.declared.resources) {
      if (const auto found = by_id.find(id); found != by_id.end()) plan.changes.push_back(std::move(found->second));
    }
    for (const auto& resource : stack_.resources) {
      if (std::find(order.begin(), order.end(), resource.logical_id) != order.end()) continue;
      plan.changes.push_back({.action = "Remove",
                              .logical_id = resource.logical_id,
                              .physical_id = resource.state.physical_id,
                              .type = resource.type,
                              .replacement = {},
                              .details = {}});
    }
    plan.changes_anything = !plan.changes.empty() || next_.tags != stack_.definition.tags || outputs_change();
    return plan;
  }

 private:
  base::Result<std::optional<ResourceChange>> change_of(const std::string& id, const ResourceDeclaration& declared) {
    const auto* before = stack_.resource(id);
    if (before == nullptr) {
      json::object properties;
      if (declared.type == kStackType) {
        TRY(properties, planned_properties(declared));
      }
      unknown_.insert(id);
      return ResourceChange{.action = "Add",
                            .logical_id = id,
                            .physical_id = {},
                            .type = declared.type,
                            .replacement = {},
                            .details = {},
                            .properties = without_marks(properties)};
    }
    if (before->type != declared.type) {
      return validation_error(
          fmt::format("Update of resource type is not permitted. The new template modifies resource type of the "
                      "following resources: [{}]",
                      id));
    }
    TRY(const auto after, planned_properties(declared));
    ResourceChange change{.action = "Modify",
                          .logical_id = id,
                          .physical_id = before->state.physical_id,
                          .type = declared.type,
                          .replacement = "False",
                          .details = {}};
    const auto* type = types_.find(declared.type);
    for (const auto& name : changed_properties(before->properties, after)) {
      const auto* value = after.if_contains(name);
      const bool dynamic = value != nullptr && holds_unknown(*value);
      const bool replaces = type != nullptr && type->replaces().contains(name);
      if (replaces && !(dynamic && change.replacement == "True")) change.replacement = dynamic ? "Conditional" : "True";
      change.details.push_back({.attribute = "Properties",
                                .name = name,
                                .recreation = !replaces ? "Never"
                                              : dynamic ? "Conditionally"
                                                        : "Always",
                                .dynamic = dynamic});
    }
    if (before->metadata != declared.metadata) {
      change.details.push_back({.attribute = "Metadata", .name = {}, .recreation = "Never", .dynamic = false});
    }
    if (change.details.empty() && nested_template_changed(cloud_, store_, *before, next_.caller)) {
      change.details.push_back(
          {.attribute = "Properties", .name = "TemplateURL", .recreation = "Never", .dynamic = false});
    }
    if (change.details.empty()) return std::nullopt;
    if (change.replacement != "False") unknown_.insert(id);
    change.properties = without_marks(after);
    return change;
  }

  base::Result<json::object> planned_properties(const ResourceDeclaration& declared) const {
    json::object result;
    for (const auto& [name, value] : declared.properties) {
      json::object one;
      one[name] = value;
      auto evaluated = evaluate_members(one, scope_);
      if (evaluated) {
        if (const auto* member = evaluated->if_contains(name)) result[name] = *member;
        continue;
      }
      // Functions such as Fn::Select may not work on what is not known yet.
      const auto references = references_of(value, &next_.conditions);
      const auto is_unknown = [this](const std::string& id) { return unknown_.contains(id); };
      if (!std::any_of(references.names.begin(), references.names.end(), is_unknown) &&
          !std::any_of(references.attributes.begin(), references.attributes.end(), is_unknown)) {
        return base::fail(std::move(evaluated).error());
      }
      result[name] = json::string(kUnknown);
    }
    return result;
  }

  bool outputs_change() const {
    auto outputs = evaluate_outputs(scope_, stack_, next_, store_);
    if (!outputs || outputs->size() != stack_.outputs.size()) return true;
    // Only declarations are compared: the values shown are those after localize().
    const auto& before = stack_.definition.declared.outputs;
    const auto& after = next_.declared.outputs;
    return !std::equal(before.begin(), before.end(), after.begin(), after.end(), [](const auto& a, const auto& b) {
      return a.first == b.first && a.second.value == b.second.value && a.second.description == b.second.description &&
             a.second.export_name == b.second.export_name;
    }) || parameters_in_outputs_change();
  }

  bool parameters_in_outputs_change() const {
    for (const auto& [name, output] : next_.declared.outputs) {
      for (const auto& reference : references_of(output.value).names) {
        const auto before = stack_.definition.parameters.texts.find(reference);
        const auto after = next_.parameters.texts.find(reference);
        const bool had = before != stack_.definition.parameters.texts.end();
        const bool has = after != next_.parameters.texts.end();
        if (had != has || (had && before->second != after->second)) return true;
      }
    }
    return false;
  }

  const Cloud& cloud_;
  const Stack& stack_;
  const StackDefinition& next_;
  const StackStore& store_;
  const TypeCatalog& types_;
  Scope scope_;
  std::set<std::string> unknown_;  // resources whose names and attributes are not known yet
};

}  // namespace

base::Result<Plan> plan_changes(const Cloud& cloud, const Stack& stack, const StackDefinition& next,
                                const StackStore& store, const TypeCatalog& types) {
  return Planner(cloud, stack, next, store, types).run();
}

std::vector<std::string> changed_properties(const json::object& before, const json::object& after) {
  std::vector<std::string> names;
  for (const auto& [name, value] : after) {
    const auto* old = before.if_contains(name);
    if (old == nullptr || *old != value) names.emplace_back(name);
  }
  for (const auto& [name, value] : before) {
    if (!after.contains(name)) names.emplace_back(name);
  }
  return names;
}

}  // namespace localcloud
