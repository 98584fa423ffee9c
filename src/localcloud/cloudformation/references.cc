#include "localcloud/cloudformation/references.h"

#include <fmt/format.h>

#include <algorithm>

namespace localcloud {
namespace {

using Conditions = std::map<std::string, bool>;

void collect(const json::value& value, const Conditions* conditions, References& found);

void collect_sub(const json::value& argument, const Conditions* conditions, References& found) {
  const json::value* text = &argument;
  std::set<std::string> own;
  if (const auto* list = argument.if_array(); list != nullptr && list->size() == 2) {
    text = &(*list)[0];
    if (const auto* variables = (*list)[1].if_object()) {
      for (const auto& [name, value] : *variables) own.emplace(name);
      collect((*list)[1], conditions, found);
    }
  }
  if (!text->is_string()) return;
  const auto parts = split_sub(std::string_view(text->get_string()));
  if (!parts) return;
  for (const auto& part : *parts) {
    if (!part.is_name || own.contains(part.text)) continue;
    const auto dot = part.text.find('.');
    if (dot == std::string::npos)
      found.names.push_back(part.text);
    else
      found.attributes.push_back(part.text.substr(0, dot));
  }
}

void collect_if(const json::value& argument, const Conditions* conditions, References& found) {
  const auto* list = argument.if_array();
  if (list == nullptr || list->size() != 3 || !(*list)[0].is_string()) return collect(argument, conditions, found);
  const std::string name((*list)[0].get_string());
  found.conditions.push_back(name);
  const auto known = conditions == nullptr ? Conditions::const_iterator{} : conditions->find(name);
  if (conditions == nullptr || known == conditions->end()) {
    collect((*list)[1], conditions, found);
    collect((*list)[2], conditions, found);
  } else {
    collect(known->second ? (*list)[1] : (*list)[2], conditions, found);
  }
}

void collect(const json::value& value, const Conditions* conditions, References& found) {
  if (const auto* list = value.if_array()) {
    for (const auto& element : *list) collect(element, conditions, found);
    return;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return;
  if (object->size() == 1) {
    const auto& [key, argument] = *object->begin();
    if (key == "Ref" && argument.is_string()) return found.names.emplace_back(argument.get_string()), void();
    if (key == "Fn::GetAtt") {
      if (const auto reference = read_get_att(argument)) {
        found.attributes.push_back(reference->resource);
        collect(reference->attribute, conditions, found);
      }
      return;
    }
    if (key == "Fn::Sub") return collect_sub(argument, conditions, found);
    if (key == "Fn::If") return collect_if(argument, conditions, found);
    if (key == "Condition" && argument.is_string()) {
      found.conditions.emplace_back(argument.get_string());
      return;
    }
  }
  for (const auto& [key, member] : *object) collect(member, conditions, found);
}

// Names that are declared nowhere, each once, in order.
std::vector<std::string> unresolved(const References& references, const Template& declared, bool resources_count) {
  std::vector<std::string> missing;
  const auto note = [&](const std::string& name) {
    if (std::find(missing.begin(), missing.end(), name) == missing.end()) missing.push_back(name);
  };
  for (const auto& name : references.names) {
    const bool is_resource = resources_count && find_declaration(declared.resources, name) != nullptr;
    if (!is_resource && find_declaration(declared.parameters, name) == nullptr && !is_pseudo_parameter(name))
      note(name);
  }
  for (const auto& name : references.attributes) {
    if (!resources_count || find_declaration(declared.resources, name) == nullptr) note(name);
  }
  return missing;
}

base::Result<> check_conditions(const References& references, const std::string& own, const Template& declared,
                                std::string_view block) {
  auto names = references.conditions;
  if (!own.empty()) names.push_back(own);
  for (const auto& name : names) {
    if (!declared.conditions.contains(name)) {
      return validation_error(fmt::format(
          "Template format error: Unresolved condition dependency {} in the {} block of the template", name, block));
    }
  }
  return {};
}

base::Result<> report(const std::vector<std::string>& missing, std::string_view block) {
  if (missing.empty()) return {};
  return validation_error(
      fmt::format("Template format error: Unresolved resource dependencies [{}] in the {} block of the template",
                  join(missing), block));
}

void append(std::vector<std::string>& to, const std::vector<std::string>& from) {
  for (const auto& name : from) {
    if (std::find(to.begin(), to.end(), name) == to.end()) to.push_back(name);
  }
}

}  // namespace

References references_of(const json::value& value, const std::map<std::string, bool>* conditions) {
  References found;
  collect(value, conditions, found);
  return found;
}

base::Result<std::vector<SubPart>> split_sub(std::string_view text) {
  std::vector<SubPart> parts;
  const auto add_text = [&](std::string_view literal) {
    if (literal.empty()) return;
    if (!parts.empty() && !parts.back().is_name)
      parts.back().text += literal;
    else
      parts.push_back({.is_name = false, .text = std::string(literal)});
  };
  while (!text.empty()) {
    const auto open = text.find("${");
    add_text(text.substr(0, open));
    if (open == std::string_view::npos) break;
    const auto close = text.find('}', open);
    if (close == std::string_view::npos) {
      return validation_error(
          "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, "
          "underscores, periods, and colons");
    }
    auto name = text.substr(open + 2, close - open - 2);
    if (name.starts_with('!')) {
      add_text(fmt::format("${{{}}}", name.substr(1)));
    } else {
      while (name.starts_with(' ')) name.remove_prefix(1);
      while (name.ends_with(' ')) name.remove_suffix(1);
      parts.push_back({.is_name = true, .text = std::string(name)});
    }
    text.remove_prefix(close + 1);
  }
  return parts;
}

bool is_pseudo_parameter(std::string_view name) {
  static const std::set<std::string_view> kNames = {"AWS::AccountId", "AWS::NoValue",  "AWS::NotificationARNs",
                                                    "AWS::Partition", "AWS::Region",   "AWS::StackId",
                                                    "AWS::StackName", "AWS::URLSuffix"};
  return kNames.contains(name);
}

base::Result<AttributeReference> read_get_att(const json::value& argument) {
  if (argument.is_string()) {
    const std::string_view text(argument.get_string());
    const auto dot = text.find('.');
    if (dot != std::string_view::npos && dot > 0) {
      return AttributeReference{.resource = std::string(text.substr(0, dot)),
                                .attribute = json::string(text.substr(dot + 1))};
    }
  }
  if (const auto* list = argument.if_array(); list != nullptr && list->size() >= 2 && (*list)[0].is_string()) {
    AttributeReference reference{.resource = std::string((*list)[0].get_string()), .attribute = (*list)[1]};
    for (std::size_t i = 2; i < list->size() && reference.attribute.is_string() && (*list)[i].is_string(); ++i) {
      reference.attribute.get_string().append(".").append((*list)[i].get_string());
    }
    return reference;
  }
  return validation_error(
      "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
      "resource attribute");
}

base::Result<> check_references(const Template& declared) {
  for (const auto& [name, condition] : declared.conditions) {
    const auto references = references_of(condition);
    const auto missing = unresolved(references, declared, false);
    if (!missing.empty()) {
      return validation_error(
          fmt::format("Template format error: Unresolved dependencies [{}]. Cannot reference resources in the "
                      "Conditions block of the template",
                      join(missing)));
    }
    TRY(check_conditions(references, {}, declared, "Conditions"));
  }
  std::vector<std::string> missing;
  for (const auto& [id, resource] : declared.resources) {
    const auto references = references_of(json::value(resource.properties));
    append(missing, unresolved(references, declared, true));
    for (const auto& name : resource.depends_on) {
      if (find_declaration(declared.resources, name) == nullptr) append(missing, {name});
    }
    TRY(check_conditions(references, resource.condition, declared, "Resources"));
  }
  TRY(report(missing, "Resources"));
  for (const auto& [name, output] : declared.outputs) {
    auto references = references_of(output.value);
    if (output.export_name) {
      const auto exported = references_of(*output.export_name);
      append(references.names, exported.names);
      append(references.attributes, exported.attributes);
    }
    append(missing, unresolved(references, declared, true));
    TRY(check_conditions(references, output.condition, declared, "Outputs"));
  }
  return report(missing, "Outputs");
}

}  // namespace localcloud
