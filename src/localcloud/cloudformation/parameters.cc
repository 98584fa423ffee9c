#include "localcloud/cloudformation/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "localcloud/cloudformation/ssm_values.h"
#include "localcloud/text_pattern.h"

namespace localcloud {
namespace {

constexpr std::size_t kMaxValue = 4096;  // bytes
constexpr std::string_view kStored = "AWS::SSM::Parameter::Value<";

// Types whose values name resources of AWS.
bool is_resource_type(std::string_view type) {
  static const std::set<std::string_view> kTypes = {"AWS::EC2::AvailabilityZone::Name",
                                                    "AWS::EC2::Image::Id",
                                                    "AWS::EC2::Instance::Id",
                                                    "AWS::EC2::KeyPair::KeyName",
                                                    "AWS::EC2::SecurityGroup::GroupName",
                                                    "AWS::EC2::SecurityGroup::Id",
                                                    "AWS::EC2::Subnet::Id",
                                                    "AWS::EC2::VPC::Id",
                                                    "AWS::EC2::Volume::Id",
                                                    "AWS::Route53::HostedZone::Id"};
  return kTypes.contains(type);
}

// "List<X>" → X; nothing for other types.
std::optional<std::string_view> element_type(std::string_view type) {
  if (type == "CommaDelimitedList") return "String";
  if (!type.starts_with("List<") || !type.ends_with('>')) return std::nullopt;
  return type.substr(5, type.size() - 6);
}

bool is_plain_type(std::string_view type) {
  const auto element = element_type(type).value_or(type);
  return element == "String" || element == "Number" || is_resource_type(element);
}

// AWS::SSM::Parameter::Value<X> → X; nothing for other types.
std::optional<std::string_view> stored_type(std::string_view type) {
  if (!type.starts_with(kStored) || !type.ends_with('>')) return std::nullopt;
  return type.substr(kStored.size(), type.size() - kStored.size() - 1);
}

bool is_known_type(std::string_view type) {
  return is_plain_type(stored_type(type).value_or(type)) || type == "AWS::SSM::Parameter::Name";
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
  if (auto matched = matches_text_pattern(pattern, text)) return *matched;
  return validation_error(
      fmt::format("Template format error: AllowedPattern of parameter {} is not a valid pattern", name));
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

// What Ref gives for a text of this type, which is none of the parameter store's.
json::value value_of(std::string_view type, const std::string& text) {
  if (!element_type(type)) return json::string(text);
  json::array list;
  for (const auto& part : split_list(text)) list.emplace_back(json::string(part));
  return list;
}

base::Result<> check_text(const std::string& name, const ParameterDeclaration& declared, const std::string& text) {
  if (text.size() > kMaxValue) {
    return validation_error(fmt::format("Parameter '{}' must contain at most {} characters", name, kMaxValue));
  }
  if (!element_type(declared.type)) return check_value(name, declared, text);
  for (const auto& part : split_list(text)) TRY(check_value(name, declared, part));
  return {};
}

// The texts of those that have one.
std::map<std::string, std::string> texts_of(const Declarations<ParameterDeclaration>& declared,
                                            const std::map<std::string, GivenParameter>& given,
                                            const std::map<std::string, std::string>& previous) {
  std::map<std::string, std::string> texts;
  for (const auto& [name, parameter] : declared) {
    const auto found = given.find(name);
    if (found != given.end() && !found->second.use_previous) {
      texts[name] = found->second.value;
    } else if (const auto before = previous.find(name); found != given.end() && before != previous.end()) {
      texts[name] = before->second;
    } else if (parameter.default_value && found == given.end()) {
      texts[name] = *parameter.default_value;
    }
  }
  return texts;
}

// Names of the parameter store that there are not, or that cannot be had.
struct Unfetched {
  std::vector<std::string> missing;
  std::vector<std::string> secure;
};

base::Result<> fetch(const ParameterRequest& request, const std::string& name, std::string_view type,
                     ParameterValues& values, Unfetched& unfetched) {
  const auto& stored_name = values.texts.at(name);
  TRY(const auto stored, read_ssm_parameter(request.cloud, request.caller, stored_name));
  if (!stored) {
    unfetched.missing.push_back(stored_name);
  } else if (stored->type == "SecureString") {
    unfetched.secure.push_back(stored_name);
  } else if (const auto wanted = stored_type(type)) {
    values.resolved[name] = stored->value;
    values.values[name] = value_of(*wanted, stored->value);
  } else {
    values.values[name] = json::string(stored_name);
  }
  return {};
}

}  // namespace

ParameterValues preliminary_parameters(const Declarations<ParameterDeclaration>& declared,
                                       const std::map<std::string, GivenParameter>& given,
                                       const std::map<std::string, std::string>& previous) {
  ParameterValues result{.texts = texts_of(declared, given, previous)};
  for (const auto& [name, text] : result.texts)
    result.values[name] = value_of(find_declaration(declared, name)->type, text);
  return result;
}

base::Result<ParameterValues> resolve_parameters(const Declarations<ParameterDeclaration>& declared,
                                                 const ParameterRequest& request) {
  std::vector<std::string> unknown;
  for (const auto& [name, value] : request.given) {
    if (find_declaration(declared, name) == nullptr) unknown.push_back(name);
  }
  if (!unknown.empty())
    return validation_error(fmt::format("Parameters: [{}] do not exist in the template", join(unknown)));

  ParameterValues result{.texts = texts_of(declared, request.given, request.previous)};
  std::vector<std::string> missing;
  Unfetched unfetched;
  for (const auto& [name, parameter] : declared) {
    if (!is_known_type(parameter.type)) {
      return validation_error(fmt::format("Template format error: Unrecognized parameter type: {}", parameter.type));
    }
    const auto text = result.texts.find(name);
    if (text == result.texts.end()) {
      missing.push_back(name);
      continue;
    }
    TRY(check_text(name, parameter, text->second));
    if (is_plain_type(parameter.type)) {
      result.values[name] = value_of(parameter.type, text->second);
    } else {
      TRY(fetch(request, name, parameter.type, result, unfetched));
    }
  }
  if (!missing.empty()) return validation_error(fmt::format("Parameters: [{}] must have values", join(missing)));
  if (!unfetched.missing.empty()) {
    return validation_error(fmt::format("Unable to fetch parameters [{}] from parameter store for this account.",
                                        join(unfetched.missing, ",")));
  }
  if (!unfetched.secure.empty()) {
    return validation_error(fmt::format(
        "Parameters [{}] referenced by template have types not supported by CloudFormation.", join(unfetched.secure)));
  }
  return result;
}

}  // namespace localcloud
