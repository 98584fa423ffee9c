#include "localcloud/cloudformation/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <regex>
#include <vector>

namespace localcloud {
namespace {

bool is_list_type(std::string_view type) {
  return type == "CommaDelimitedList" || type == "List<Number>" || type == "List<String>";
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const auto comma = text.find(',');
    auto part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.emplace_back(part);
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

base::Result<> unsatisfied(const std::string& name, const ParameterDeclaration& declared, std::string otherwise) {
  if (declared.constraint_description.empty()) return validation_error(std::move(otherwise));
  return validation_error(
      fmt::format("Parameter {} failed to satisfy constraint: {}", name, declared.constraint_description));
}

base::Result<> check_number(const std::string& name, const ParameterDeclaration& declared, const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return validation_error(fmt::format("Parameter '{}' must be a number.", name));
  }
  if (declared.min_value && number < *declared.min_value) {
    return unsatisfied(name, declared,
                       fmt::format("Parameter '{}' must be a number not less than {}.", name, *declared.min_value));
  }
  if (declared.max_value && number > *declared.max_value) {
    return unsatisfied(name, declared,
                       fmt::format("Parameter '{}' must be a number not greater than {}.", name, *declared.max_value));
  }
  return {};
}

base::Result<bool> matches(const std::string& name, const std::string& pattern, const std::string& text) {
  try {
    return std::regex_match(text, std::regex(pattern, std::regex::ECMAScript));
  } catch (const std::regex_error&) {
    return validation_error(
        fmt::format("Template format error: AllowedPattern of parameter {} is not a valid pattern", name));
  }
}

base::Result<> check_value(const std::string& name, const ParameterDeclaration& declared, const std::string& text) {
  const auto& allowed = declared.allowed_values;
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
    return unsatisfied(name, declared, fmt::format("Parameter '{}' must be one of AllowedValues", name));
  }
  if (declared.type == "Number" || declared.type == "List<Number>") return check_number(name, declared, text);
  if (!declared.allowed_pattern.empty()) {
    TRY(const bool matched, matches(name, declared.allowed_pattern, text));
    if (!matched) {
      return unsatisfied(name, declared,
                         fmt::format("Parameter '{}' must match pattern {}", name, declared.allowed_pattern));
    }
  }
  if (declared.min_length && text.size() < *declared.min_length) {
    return unsatisfied(name, declared,
                       fmt::format("Parameter '{}' must contain at least {} characters", name, *declared.min_length));
  }
  if (declared.max_length && text.size() > *declared.max_length) {
    return unsatisfied(name, declared,
                       fmt::format("Parameter '{}' must contain at most {} characters", name, *declared.max_length));
  }
  return {};
}

base::Result<json::value> value_of(const std::string& name, const ParameterDeclaration& declared,
                                   const std::string& text) {
  if (!is_list_type(declared.type)) {
    TRY(check_value(name, declared, text));
    return json::value(json::string(text));
  }
  json::array list;
  for (const auto& part : split_list(text)) {
    TRY(check_value(name, declared, part));
    list.emplace_back(json::string(part));
  }
  return json::value(std::move(list));
}

}  // namespace

base::Result<ParameterValues> resolve_parameters(const Template& declared,
                                                 const std::map<std::string, GivenParameter>& given,
                                                 const std::map<std::string, std::string>& previous) {
  std::vector<std::string> unknown;
  for (const auto& [name, value] : given) {
    if (find_declaration(declared.parameters, name) == nullptr) unknown.push_back(name);
  }
  if (!unknown.empty())
    return validation_error(fmt::format("Parameters: [{}] do not exist in the template", join(unknown)));

  ParameterValues result;
  std::vector<std::string> missing;
  for (const auto& [name, parameter] : declared.parameters) {
    if (parameter.type != "String" && parameter.type != "Number" && !is_list_type(parameter.type)) {
      return validation_error(
          fmt::format("Parameter type {} of parameter {} is not implemented by the local cloud", parameter.type, name));
    }
    const auto found = given.find(name);
    if (found != given.end() && !found->second.use_previous) {
      result.texts[name] = found->second.value;
    } else if (const auto before = previous.find(name); found != given.end() && before != previous.end()) {
      result.texts[name] = before->second;
    } else if (parameter.default_value && found == given.end()) {
      result.texts[name] = *parameter.default_value;
    } else {
      missing.push_back(name);
    }
  }
  if (!missing.empty()) return validation_error(fmt::format("Parameters: [{}] must have values", join(missing)));
  for (const auto& [name, text] : result.texts) {
    TRY(result.values[name], value_of(name, *find_declaration(declared.parameters, name), text));
  }
  return result;
}

}  // namespace localcloud
