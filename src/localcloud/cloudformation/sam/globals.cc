#include <fmt/format.h>

#include "localcloud/cloudformation/sam/expansion.h"

namespace localcloud::sam {
namespace {

// What SAM allows in Globals, by kind (samtranslator/plugins/globals/globals.py).
const std::map<std::string_view, std::set<std::string_view>>& supported() {
  static const std::map<std::string_view, std::set<std::string_view>> kSupported = {
      {"Function",
       {"Handler",
        "Runtime",
        "CodeUri",
        "DeadLetterQueue",
        "Description",
        "MemorySize",
        "Timeout",
        "VpcConfig",
        "Environment",
        "Tags",
        "PropagateTags",
        "Tracing",
        "KmsKeyArn",
        "AutoPublishAlias",
        "AutoPublishAliasAllProperties",
        "Layers",
        "DeploymentPreference",
        "RolePath",
        "PermissionsBoundary",
        "ReservedConcurrentExecutions",
        "ProvisionedConcurrencyConfig",
        "AssumeRolePolicyDocument",
        "EventInvokeConfig",
        "FileSystemConfigs",
        "CodeSigningConfigArn",
        "Architectures",
        "SnapStart",
        "EphemeralStorage",
        "FunctionUrlConfig",
        "RuntimeManagementConfig",
        "LoggingConfig",
        "RecursiveLoop"}},
      {"Api",
       {"Auth",
        "Name",
        "DefinitionUri",
        "CacheClusterEnabled",
        "CacheClusterSize",
        "MergeDefinitions",
        "Variables",
        "EndpointConfiguration",
        "MethodSettings",
        "BinaryMediaTypes",
        "MinimumCompressionSize",
        "Cors",
        "GatewayResponses",
        "AccessLogSetting",
        "CanarySetting",
        "TracingEnabled",
        "OpenApiVersion",
        "Domain",
        "AlwaysDeploy",
        "PropagateTags"}},
      {"HttpApi",
       {"Auth", "AccessLogSettings", "StageVariables", "Tags", "CorsConfiguration", "DefaultRouteSettings", "Domain",
        "RouteSettings", "FailOnWarnings", "PropagateTags"}},
      {"SimpleTable", {"SSESpecification"}},
  };
  return kSupported;
}

bool is_function(const json::object& object) {
  return object.size() == 1 && (object.begin()->key() == "Ref" || object.begin()->key() == "Condition" ||
                                std::string_view(object.begin()->key()).starts_with("Fn::"));
}

// Objects merge, lists are joined (but Architectures), anything else is the resource's own.
json::value merged(const json::value& global, const json::value& local, std::string_view key) {
  if (global.is_array() && local.is_array() && key != "Architectures") {
    json::array joined = global.get_array();
    for (const auto& value : local.get_array()) joined.push_back(value);
    return joined;
  }
  if (global.is_object() && local.is_object() && !is_function(global.get_object()) &&
      !is_function(local.get_object())) {
    json::object joined = global.get_object();
    for (const auto& [name, value] : local.get_object()) {
      const auto* below = joined.if_contains(name);
      joined[name] = below == nullptr ? value : merged(*below, value, name);
    }
    return joined;
  }
  return local;
}

base::Result<> check(const json::object& globals) {
  for (const auto& [kind, value] : globals) {
    const auto known = supported().find(kind);
    if (known == supported().end() || !value.is_object()) {
      return invalid(
          fmt::format("'Globals' section is invalid. '{}' is not supported. Must be one of the following values - "
                      "['Function', 'Api', 'HttpApi', 'SimpleTable']",
                      std::string_view(kind)));
    }
    for (const auto& [key, member] : value.get_object()) {
      if (!known->second.contains(key)) {
        return invalid(fmt::format("'Globals' section is invalid. '{}' is not a supported property of '{}'.",
                                   std::string_view(key), std::string_view(kind)));
      }
    }
  }
  return {};
}

}  // namespace

base::Result<json::object> merge_globals(const json::object& resources, const json::value* globals) {
  if (globals == nullptr || globals->is_null()) return resources;
  if (!globals->is_object()) return invalid("'Globals' section is invalid. It must be a non-empty dictionary");
  TRY(check(globals->get_object()));
  json::object result = resources;
  for (auto& [id, value] : result) {
    auto* resource = value.if_object();
    if (resource == nullptr) continue;
    const auto type = string_at(*resource, "Type");
    constexpr std::string_view kPrefix = "AWS::Serverless::";
    if (!type.starts_with(kPrefix)) continue;
    const auto* of_kind = globals->get_object().if_contains(std::string_view(type).substr(kPrefix.size()));
    if (of_kind == nullptr) continue;
    (*resource)["Properties"] = merged(*of_kind, object_at(*resource, "Properties"), "Properties");
  }
  return result;
}

}  // namespace localcloud::sam
