#include "localcloud/lambda/aliases.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/lambda/input.h"

namespace localcloud {

namespace {

base::Result<> add_weight(Alias& alias, std::string version, const json::value* weight) {
  double number = -1;
  if (weight != nullptr && weight->is_number()) number = weight->to_number<double>();
  if (number < 0 || number > 1) {
    return constraint(weight == nullptr ? "null" : codec::to_text(*weight), "routingConfig.additionalVersionWeights",
                      "have value between 0.0 and 1.0");
  }
  alias.weights[std::move(version)] = number;
  return {};
}

base::Result<> read_routing(Alias& alias, const json::value& routing) {
  TRY(only_members(routing, "RoutingConfig", {"AdditionalVersionWeights"}));
  alias.weights.clear();
  const auto* weights = codec::find(routing, "AdditionalVersionWeights");
  if (weights == nullptr || weights->is_null()) return {};
  if (const auto* object = weights->if_object()) {
    for (const auto& [version, weight] : *object) TRY(add_weight(alias, std::string(version), &weight));
  } else if (const auto* list = weights->if_array()) {
    for (const auto& one : *list) {
      TRY(only_members(one, "AdditionalVersionWeights", {"FunctionVersion", "FunctionWeight"}));
      TRY(add_weight(alias, text_property(one.get_object(), "FunctionVersion"), codec::find(one, "FunctionWeight")));
    }
  }
  return {};
}

base::Result<> check_version(const LambdaFunction& function, const std::string& version) {
  bool digits =
      !version.empty() && std::all_of(version.begin(), version.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits && version != "$LATEST") {
    return constraint(version, "functionVersion", "satisfy regular expression pattern: (\\$LATEST|[0-9]+)");
  }
  if (function.at(version) != nullptr) return {};
  return aws_error(404, "ResourceNotFoundException",
                   fmt::format("Function not found: {}:{}", function.version->arn, version));
}

}  // namespace

base::Result<> check_alias_name(const LambdaFunction& function, std::string_view name) {
  bool known = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  bool digits = std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (name.empty() || name.size() > 128 || !known || digits) {
    return constraint(name, "name", "satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)");
  }
  if (!function.aliases.contains(name)) return {};
  return aws_error(409, "ResourceConflictException",
                   fmt::format("Alias already exists: {}:{}", function.version->arn, name));
}

base::Result<> apply_alias(const LambdaFunction& function, Alias& alias, const json::object& input) {
  Alias changed = alias;
  if (input.contains("FunctionVersion")) changed.version = text_property(input, "FunctionVersion");
  if (input.contains("Description")) changed.description = text_property(input, "Description");
  if (changed.description.size() > 256) {
    return constraint(changed.description, "description", "have length less than or equal to 256");
  }
  if (const auto* routing = input.if_contains("RoutingConfig"); routing != nullptr && !routing->is_null()) {
    TRY(read_routing(changed, *routing));
  }
  TRY(check_version(function, changed.version));
  for (const auto& [version, weight] : changed.weights) TRY(check_version(function, version));
  if (changed.weights.size() > 1)
    return invalid_parameter("Number of items in AdditionalVersionWeights cannot be greater than 1");
  if (!changed.weights.empty() && (changed.version == "$LATEST" || changed.weights.contains("$LATEST"))) {
    return invalid_parameter("$LATEST is not supported for an alias pointing to more than 1 version");
  }
  if (changed.weights.contains(changed.version)) {
    return invalid_parameter(
        fmt::format("Invalid function version {}. Function version {} is already included in routing configuration.",
                    changed.version, changed.version));
  }
  changed.revision = base::random_uuid();
  alias = std::move(changed);
  return {};
}

void remove_alias(LambdaFunction& function, std::string_view name) {
  auto found = function.aliases.find(name);
  if (found == function.aliases.end()) return;
  function.aliases.erase(found);
  if (auto policy = function.policies.find(name); policy != function.policies.end()) function.policies.erase(policy);
  if (auto url = function.urls.find(name); url != function.urls.end()) function.urls.erase(url);
}

}  // namespace localcloud
