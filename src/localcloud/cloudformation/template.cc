#include "localcloud/cloudformation/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "codec/yaml.h"
#include "localcloud/cloudformation/references.h"
#include "localcloud/cloudformation/type_catalog.h"
#include "localcloud/service.h"

namespace localcloud {
namespace {

std::string text_or(const json::object& object, std::string_view key, std::string fallback = {}) {
  const auto* member = object.if_contains(key);
  if (member == nullptr) return fallback;
  return scalar_text(*member).value_or(std::move(fallback));
}

base::Result<json::object> section(const json::object& document, std::string_view name) {
  const auto* value = document.if_contains(name);
  if (value == nullptr || value->is_null()) return json::object{};
  if (!value->is_object()) return validation_error(fmt::format("Template format error: {} must be an object.", name));
  return value->get_object();
}

base::Result<double> number_of(const std::string& parameter, std::string_view key, const json::value& value) {
  const auto text = scalar_text(value).value_or("");
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return validation_error(fmt::format("Template format error: {} of parameter {} must be a number.", key, parameter));
  }
  return number;
}

base::Result<> read_parameter_member(const std::string& name, std::string_view key, const json::value& value,
                                     ParameterDeclaration& parameter) {
  const auto text = scalar_text(value);
  if (key == "AllowedValues") {
    if (!value.is_array()) {
      return validation_error(
          fmt::format("Template format error: AllowedValues of parameter {} must be a list.", name));
    }
    for (const auto& allowed : value.get_array()) parameter.allowed_values.push_back(scalar_text(allowed).value_or(""));
    return {};
  }
  if (!text) {
    return validation_error(
        fmt::format("Template format error: Every {} member must be a string.", key == "Default" ? "Default" : key));
  }
  if (key == "Type")
    parameter.type = *text;
  else if (key == "Default")
    parameter.default_value = *text;
  else if (key == "AllowedPattern")
    parameter.allowed_pattern = *text;
  else if (key == "ConstraintDescription")
    parameter.constraint_description = *text;
  else if (key == "Description")
    parameter.description = *text;
  else if (key == "NoEcho")
    parameter.no_echo = *text == "true";
  else if (key == "MinLength" || key == "MaxLength") {
    TRY(const double number, number_of(name, key, value));
    (key == "MinLength" ? parameter.min_length : parameter.max_length) =
        static_cast<std::size_t>(std::max(0.0, number));
  } else if (key == "MinValue" || key == "MaxValue") {
    TRY(const double number, number_of(name, key, value));
    (key == "MinValue" ? parameter.min_value : parameter.max_value) = number;
  } else {
    return validation_error(fmt::format("Invalid template parameter property '{}'", key));
  }
  return {};
}

base::Result<> check_count(std::string_view what, std::size_t count, std::size_t most) {
  if (count <= most) return {};
  return validation_error(
      fmt::format("Template format error: Number of {}, {}, is greater than maximum allowed, {}", what, count, most));
}

base::Result<std::vector<std::string>> read_depends_on(const std::string& id, const json::value& value) {
  if (value.is_string()) return std::vector<std::string>{std::string(value.get_string())};
  std::vector<std::string> names;
  if (value.is_array()) {
    for (const auto& name : value.get_array()) {
      if (!name.is_string())
        return validation_error("Template format error: DependsOn must be a string or list of strings.");
      names.emplace_back(name.get_string());
    }
    return names;
  }
  return validation_error(
      fmt::format("Template format error: DependsOn of resource {} must be a string or list of strings.", id));
}

base::Result<std::string> read_policy(const std::string& id, std::string_view key, const json::value& value) {
  const std::string policy = value.is_string() ? std::string(value.get_string()) : "";
  if (policy == "Snapshot") {
    return validation_error(
        fmt::format("Template error: resource type of {} does not support deletion policy Snapshot", id));
  }
  const bool known =
      policy == "Delete" || policy == "Retain" || (key == "DeletionPolicy" && policy == "RetainExceptOnCreate");
  if (!known) {
    return validation_error(fmt::format("Template format error: Unrecognized {} {} for resource {}", key,
                                        value.is_string() ? policy : json::serialize(value), id));
  }
  return policy;
}

base::Result<ResourceDeclaration> read_resource(const std::string& id, const json::value& value) {
  if (!value.is_object()) return validation_error("Template format error: Any Resources member must be an object.");
  ResourceDeclaration resource;
  for (const auto& [key, member] : value.get_object()) {
    if (key == "Type") {
      resource.type = scalar_text(member).value_or("");
    } else if (key == "Properties") {
      if (!member.is_object() && !member.is_null())
        return validation_error("Template format error: Any Properties member must be an object.");
      if (member.is_object()) resource.properties = member.get_object();
    } else if (key == "Metadata") {
      resource.metadata = member;
    } else if (key == "DependsOn") {
      TRY(resource.depends_on, read_depends_on(id, member));
    } else if (key == "Condition") {
      resource.condition = scalar_text(member).value_or("");
    } else if (key == "DeletionPolicy") {
      TRY(resource.deletion_policy, read_policy(id, key, member));
    } else if (key == "UpdateReplacePolicy") {
      TRY(resource.update_replace_policy, read_policy(id, key, member));
    } else if (key == "CreationPolicy" || key == "UpdatePolicy") {
      return validation_error(
          fmt::format("{} of resource {} is not implemented by the local cloud", std::string_view(key), id));
    } else if (key != "Description" && !(key == "Version" && is_custom_type(text_or(value.get_object(), "Type")))) {
      return validation_error(fmt::format("Invalid template resource property '{}'", std::string_view(key)));
    }
  }
  if (resource.type.empty()) {
    return validation_error(
        fmt::format("Template format error: [/Resources/{}] Every Resources object must contain a Type member.", id));
  }
  return resource;
}

base::Result<Declarations<ResourceDeclaration>> read_resources(const json::object& document) {
  TRY(const json::object declared, section(document, "Resources"));
  if (declared.empty())
    return validation_error("Template format error: At least one Resources member must be defined.");
  TRY(check_count("resources", declared.size(), kMaxResources));
  Declarations<ResourceDeclaration> resources;
  for (const auto& [name, value] : declared) {
    const std::string id(name);
    const bool alphanumeric =
        std::all_of(id.begin(), id.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)); });
    if (id.empty() || !alphanumeric) {
      return validation_error(fmt::format("Template format error: Resource name {} is non alphanumeric.", id));
    }
    TRY(auto resource, read_resource(id, value));
    resources.emplace_back(id, std::move(resource));
  }
  return resources;
}

base::Result<Declarations<OutputDeclaration>> read_outputs(const json::object& document) {
  TRY(const json::object declared, section(document, "Outputs"));
  TRY(check_count("outputs", declared.size(), kMaxOutputs));
  Declarations<OutputDeclaration> outputs;
  for (const auto& [name, value] : declared) {
    if (!value.is_object()) return validation_error("Template format error: Any Outputs member must be an object.");
    const auto& object = value.get_object();
    const auto* of_output = object.if_contains("Value");
    if (of_output == nullptr) {
      return validation_error("Template format error: Every Outputs member must contain a Value object");
    }
    OutputDeclaration output{.value = *of_output,
                             .description = text_or(object, "Description"),
                             .condition = text_or(object, "Condition"),
                             .export_name = {}};
    if (const auto* exported = object.if_contains("Export")) {
      const auto* export_name = exported->is_object() ? exported->get_object().if_contains("Name") : nullptr;
      if (export_name == nullptr) {
        return validation_error(fmt::format(
            "Template format error: Output {} is malformed. The Export must have a Name.", std::string_view(name)));
      }
      output.export_name = *export_name;
    }
    outputs.emplace_back(std::string(name), std::move(output));
  }
  return outputs;
}

base::Result<> check_sections(const json::object& document) {
  static const std::set<std::string_view> kKnown = {"AWSTemplateFormatVersion",
                                                    "Description",
                                                    "Metadata",
                                                    "Parameters",
                                                    "Mappings",
                                                    "Conditions",
                                                    "Transform",
                                                    "Resources",
                                                    "Outputs",
                                                    "Rules",
                                                    "Hooks",
                                                    "Globals"};
  std::vector<std::string> unknown;
  for (const auto& [name, value] : document) {
    if (!kKnown.contains(name)) unknown.emplace_back(name);
  }
  if (!unknown.empty()) {
    return validation_error(fmt::format("Invalid template property or properties [{}]", join(unknown)));
  }
  if (document.contains("Hooks"))
    return validation_error("The template section Hooks is not implemented by the local cloud");
  if (document.contains("Globals")) return validation_error("Invalid template property or properties [Globals]");
  const auto version = text_or(document, "AWSTemplateFormatVersion", "2010-09-09");
  if (version != "2010-09-09") {
    return validation_error(fmt::format("Template format error: Unsupported template format version {}.", version));
  }
  return {};
}

}  // namespace

base::Result<json::object> parse_template(std::string_view text) {
  auto parsed = codec::parse_yaml(text);
  if (!parsed) {
    const auto& error = parsed.error();
    return validation_error(
        error.line > 0
            ? fmt::format("Template format error: YAML not well-formed. (line {}) {}", error.line, error.message)
            : fmt::format("Template format error: YAML not well-formed. {}", error.message));
  }
  if (!parsed->value.is_object()) return validation_error("Template format error: unsupported structure.");
  return std::move(parsed->value.get_object());
}

base::Result<std::vector<std::string>> read_transforms(const json::object& document) {
  std::vector<std::string> names;
  const auto* value = document.if_contains("Transform");
  if (value == nullptr || value->is_null()) return names;
  const json::array entries = value->is_array() ? value->get_array() : json::array({*value});
  for (const auto& entry : entries) {
    const auto* name = entry.is_object() ? entry.get_object().if_contains("Name") : &entry;
    if (name == nullptr || !name->is_string())
      return validation_error("Template format error: Every Transform must be a string or have a Name.");
    names.emplace_back(name->get_string());
  }
  return names;
}

base::Result<Declarations<ParameterDeclaration>> read_parameters(const json::object& document) {
  TRY(const json::object declared, section(document, "Parameters"));
  TRY(check_count("parameters", declared.size(), kMaxParameters));
  Declarations<ParameterDeclaration> parameters;
  for (const auto& [name, value] : declared) {
    if (!value.is_object()) return validation_error("Template format error: Any Parameters member must be an object.");
    ParameterDeclaration parameter;
    for (const auto& [key, member] : value.get_object()) {
      TRY(read_parameter_member(std::string(name), key, member, parameter));
    }
    if (parameter.type.empty()) {
      return validation_error("Template format error: Every Parameters object must contain a Type member.");
    }
    parameters.emplace_back(std::string(name), std::move(parameter));
  }
  return parameters;
}

base::Result<json::object> read_mappings(const json::object& document) {
  TRY(auto mappings, section(document, "Mappings"));
  TRY(check_count("mappings", mappings.size(), kMaxMappings));
  return mappings;
}

base::Result<Template> read_template(json::object document) {
  TRY(check_sections(document));
  Template result;
  result.description = text_or(document, "Description");
  if (result.description.size() > kMaxDescription) {
    return validation_error(
        fmt::format("Template format error: 'Description' length is greater than {}.", kMaxDescription));
  }
  TRY(result.transforms, read_transforms(document));
  TRY(result.parameters, read_parameters(document));
  TRY(result.mappings, read_mappings(document));
  TRY(result.rules, section(document, "Rules"));
  TRY(result.conditions, section(document, "Conditions"));
  TRY(result.resources, read_resources(document));
  TRY(result.outputs, read_outputs(document));
  result.document = std::move(document);
  TRY(check_references(result));
  return result;
}

std::optional<std::string> scalar_text(const json::value& value) {
  switch (value.kind()) {
    case json::kind::string:
      return std::string(value.get_string());
    case json::kind::bool_:
      return value.get_bool() ? "true" : "false";
    case json::kind::int64:
      return fmt::format("{}", value.get_int64());
    case json::kind::uint64:
      return fmt::format("{}", value.get_uint64());
    case json::kind::double_:
      return fmt::format("{}", value.get_double());
    default:
      return std::nullopt;
  }
}

tl::unexpected<base::Error> validation_error(std::string message) {
  return aws_error(400, "ValidationError", std::move(message));
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

}  // namespace localcloud
