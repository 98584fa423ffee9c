#include "localcloud/ssm/parameter_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/ids.h"
#include "codec/base64.h"
#include "localcloud/service.h"
#include "localcloud/text_pattern.h"

namespace localcloud {

namespace {

constexpr std::size_t kStandardValue = 4096;
constexpr std::size_t kAdvancedValue = 8192;
constexpr std::size_t kMostVersions = 100;
constexpr std::size_t kMostLabels = 10;

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

tl::unexpected<base::Error> not_found() {
  return aws_error(400, "ParameterNotFound", "");  // AWS says no more
}

bool starts_without_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
           return a == std::tolower(static_cast<unsigned char>(b));
         });
}

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
}

base::Result<> check_name(std::string_view name) {
  constexpr std::size_t kLongest = 1011;
  constexpr std::ptrdiff_t kDeepest = 15;
  if (name.empty() || name.size() > kLongest) {
    return invalid(fmt::format("Parameter name must have 1 to {} characters.", kLongest));
  }
  auto first = name.substr(name.front() == '/' ? 1 : 0);
  if (starts_without_case(first, "aws") && name.front() == '/') {
    return aws_error(400, "AccessDeniedException", fmt::format("No access to reserved parameter name: {}.", name));
  }
  bool spelled = std::all_of(name.begin(), name.end(), [](char c) { return is_name_character(c) || c == '/'; });
  if (!spelled || starts_without_case(first, "aws") || starts_without_case(first, "ssm")) {
    return invalid(
        "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). If formed as a path, it can "
        "consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and "
        "the following 3 symbols .-_");
  }
  auto slashes = std::count(name.begin(), name.end(), '/');
  if (slashes > 0 && name.front() != '/') return invalid("Parameter name must be a fully qualified name.");
  if (name.back() == '/' || name.find("//") != std::string_view::npos) {
    return invalid("Parameter name must not end with a slash or have an empty sub-path.");
  }
  if (slashes > kDeepest) {
    return aws_error(400, "HierarchyLevelLimitExceededException",
                     "A hierarchy can have a maximum of 15 levels. For more information, see Requirements and "
                     "constraints for parameter names in the AWS Systems Manager User Guide.");
  }
  return {};
}

base::Result<> check_pattern(const std::string& pattern, const std::string& value) {
  constexpr std::size_t kLongest = 1024;
  if (pattern.empty()) return {};
  if (pattern.size() > kLongest || !is_text_pattern(pattern)) {
    return aws_error(400, "InvalidAllowedPatternException",
                     "The request does not meet the regular expression requirement.");
  }
  if (matches_text_pattern(pattern, value).value_or(false)) return {};
  return aws_error(400, "ParameterPatternMismatchException",
                   fmt::format("Parameter value, cannot be validated against allowedPattern: {}", pattern));
}

// The tier that a value of this size has.
base::Result<std::string> tier_for(const NewValue& value, const Parameter* old) {
  auto present = old != nullptr ? old->latest().tier : std::string("Standard");
  auto tier = value.tier.empty() ? present : value.tier;
  if (tier == "Intelligent-Tiering") {
    tier = present == "Advanced" || value.value.size() > kStandardValue ? "Advanced" : "Standard";
  }
  if (tier != "Standard" && tier != "Advanced") {
    return invalid(
        fmt::format("1 validation error detected: Value '{}' at 'tier' failed to satisfy constraint: Member must "
                    "satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]",
                    tier));
  }
  if (tier == "Standard" && present == "Advanced") {
    return invalid(
        "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter "
        "tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as "
        "a standard parameter.");
  }
  if (tier == "Standard" && value.value.size() > kStandardValue) {
    return invalid(
        "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter "
        "value, upgrade the parameter to use the advanced-parameter tier. For more information, see "
        "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html");
  }
  if (value.value.size() > kAdvancedValue) {
    return invalid("Advanced tier parameters support a maximum parameter value of 8192 characters.");
  }
  return tier;
}

// The oldest version goes when there are too many, unless it bears a label.
base::Result<> make_room(Parameter& parameter) {
  if (parameter.versions.size() < kMostVersions) return {};
  const auto& oldest = parameter.versions.begin()->second;
  if (!oldest.labels.empty()) {
    return aws_error(
        400, "ParameterMaxVersionLimitExceeded",
        fmt::format(
            "You attempted to create a new version of {} by calling the PutParameter API with the overwrite flag. "
            "Version {}, the oldest version, can't be deleted because it has a label associated with it. Move the "
            "label to another version of the parameter, and try again.",
            parameter.name, oldest.number));
  }
  parameter.versions.erase(parameter.versions.begin());
  return {};
}

bool is_label(std::string_view label) {
  constexpr std::size_t kLongest = 100;
  return !label.empty() && label.size() <= kLongest && std::isdigit(static_cast<unsigned char>(label[0])) == 0 &&
         !starts_without_case(label, "aws") && !starts_without_case(label, "ssm") &&
         std::all_of(label.begin(), label.end(), is_name_character);
}

}  // namespace

std::string parameter_name(std::string_view name_or_arn) {
  constexpr std::string_view kResource = ":parameter/";
  auto at = name_or_arn.find(kResource);
  if (!name_or_arn.starts_with("arn:") || at == std::string_view::npos) return std::string(name_or_arn);
  auto name = name_or_arn.substr(at + kResource.size());
  return name.find('/') == std::string_view::npos ? std::string(name) : "/" + std::string(name);
}

base::Result<const ParameterVersion*> ParameterStore::put(NewValue value, base::WallTime now) {
  static const std::set<std::string_view> kTypes{"String", "StringList", "SecureString"};
  TRY(check_name(value.name));
  auto found = parameters_.find(value.name);
  auto* old = found == parameters_.end() ? nullptr : &found->second;
  if (old != nullptr && !value.overwrite) {
    return aws_error(400, "ParameterAlreadyExists",
                     "The parameter already exists. To overwrite this value, set the overwrite option in the request "
                     "to true.");
  }
  if (value.type.empty() && old == nullptr) return invalid("A parameter type is required when you create a parameter.");
  auto type = value.type.empty() ? old->latest().type : value.type;
  if (!kTypes.contains(type)) {
    return invalid(
        fmt::format("1 validation error detected: Value '{}' at 'type' failed to satisfy constraint: Member must "
                    "satisfy enum value set: [SecureString, StringList, String]",
                    type));
  }
  if (old != nullptr && old->latest().type != type) {
    return aws_error(400, "HierarchyTypeMismatchException",
                     "Parameter Store does not support changing a parameter type in a hierarchy. For example, you "
                     "can't change a parameter from a String type to a SecureString type. You must create a new, "
                     "unique parameter.");
  }
  if (value.value.empty()) {
    return invalid(
        "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length "
        "greater than or equal to 1.");
  }
  TRY(auto tier, tier_for(value, old));
  TRY(check_pattern(value.allowed_pattern, value.value));
  if (old != nullptr) TRY(make_room(*old));

  auto& parameter = parameters_[value.name];
  parameter.name = value.name;
  ParameterVersion fresh{.number = parameter.versions.empty() ? 1 : parameter.latest().number + 1,
                         .type = std::move(type),
                         .value = std::move(value.value),
                         .description = std::move(value.description),
                         .allowed_pattern = std::move(value.allowed_pattern),
                         .tier = std::move(tier),
                         .modified = now,
                         .user = std::move(value.user)};
  if (fresh.type == "SecureString") fresh.ciphertext = codec::base64_encode(base::random_bytes<96>());
  auto number = fresh.number;
  return &parameter.versions.emplace(number, std::move(fresh)).first->second;
}

base::Result<Selected> ParameterStore::select(std::string_view selector) const {
  auto whole = parameter_name(selector);
  std::string_view name = whole;
  auto colon = name.find(':');
  auto wanted = colon == std::string_view::npos ? std::string_view() : name.substr(colon + 1);
  name = name.substr(0, colon);
  auto found = parameters_.find(name);
  if (found == parameters_.end()) {
    if (selector.starts_with("arn:")) found = parameters_.find("/" + std::string(name));
    if (found == parameters_.end()) return not_found();
  }
  const auto& parameter = found->second;
  if (wanted.empty()) return Selected{.parameter = &parameter, .version = &parameter.latest()};
  Selected selected{.parameter = &parameter, .selector = fmt::format(":{}", wanted)};
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
  bool numeric = error == std::errc() && end == wanted.data() + wanted.size();
  for (const auto& [key, version] : parameter.versions) {
    if (numeric ? key == number : version.labels.contains(std::string(wanted))) selected.version = &version;
  }
  if (selected.version != nullptr) return selected;
  return aws_error(400, "ParameterVersionNotFound",
                   numeric ? fmt::format("Systems Manager could not find version {} of {}. Verify the version and try "
                                         "again.",
                                         wanted, parameter.name)
                           : fmt::format("Systems Manager could not find label {} for parameter {}. Verify the label "
                                         "and try again.",
                                         wanted, parameter.name));
}

base::Result<Parameter*> ParameterStore::find(std::string_view name) {
  auto found = parameters_.find(name);
  if (found == parameters_.end()) return not_found();
  return &found->second;
}

base::Result<> ParameterStore::remove(std::string_view name) {
  auto found = parameters_.find(name);
  if (found == parameters_.end()) return not_found();
  parameters_.erase(found);
  return {};
}

base::Result<std::set<std::string>> ParameterStore::label(Parameter& parameter, std::int64_t version,
                                                          const std::set<std::string>& labels) {
  auto found = parameter.versions.find(version);
  if (found == parameter.versions.end()) {
    return aws_error(400, "ParameterVersionNotFound",
                     fmt::format("Systems Manager could not find version {} of {}. Verify the version and try again.",
                                 version, parameter.name));
  }
  std::set<std::string> refused;
  auto after = found->second.labels;
  for (const auto& label : labels) {
    if (is_label(label)) {
      after.insert(label);
    } else {
      refused.insert(label);
    }
  }
  if (after.size() > kMostLabels) {
    return aws_error(400, "ParameterVersionLabelLimitExceeded",
                     "A parameter version can have maximum 10 labels. Move one or more labels to another version and "
                     "try again.");
  }
  for (auto& [number, other] : parameter.versions) {
    for (const auto& label : labels) other.labels.erase(label);
  }
  found->second.labels = std::move(after);
  return refused;
}

}  // namespace localcloud
