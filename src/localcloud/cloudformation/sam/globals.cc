#include "localcloud/cloudformation/sam/globals.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/values.h"

namespace localcloud::sam {
namespace {

constexpr std::string_view kPrefix = "AWS::Serverless::";

// What SAM allows, by kind and in the order in which its errors list it (samtranslator/plugins/globals/globals.py).
using Allowed = std::map<std::string_view, std::vector<std::string_view>>;

const Allowed& allowed() {
  static const Allowed kAllowed = {
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
        "RecursiveLoop",
        "SourceKMSKeyArn",
        "TenancyConfig",
        "DurableConfig",
        "CapacityProviderConfig",
        "FunctionScalingConfig",
        "PublishToLatestPublished",
        "VersionDeletionPolicy"}},
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
        "PropagateTags",
        "SecurityPolicy",
        "EndpointAccessMode"}},
      {"HttpApi",
       {"Auth", "AccessLogSettings", "StageVariables", "Tags", "CorsConfiguration", "DefaultRouteSettings", "Domain",
        "RouteSettings", "FailOnWarnings", "PropagateTags"}},
      {"SimpleTable", {"SSESpecification"}},
      {"StateMachine", {"PropagateTags"}},
      {"LayerVersion", {"PublishLambdaVersion"}},
      {"CapacityProvider",
       {"VpcConfig", "OperatorRole", "Tags", "InstanceRequirements", "ScalingConfig", "KmsKeyArn", "PropagateTags",
        "LoggingConfig", "ManagedResourceTags"}},
      {"MicrovmImage",
       {"BuildRoleArn", "BaseImageArn", "BaseImageVersion", "Logging", "EgressNetworkConnectors", "CpuConfigurations",
        "Resources", "AdditionalOsCapabilities", "Hooks", "EnvironmentVariables", "Tags", "PropagateTags"}},
      {"NetworkConnector", {"OperatorRole", "Tags", "PropagateTags"}},
      {"WebSocketApi",
       {"AccessLogSettings", "ApiKeySelectionExpression", "DefaultRouteSettings", "DisableExecuteApiEndpoint",
        "DisableSchemaValidation", "Domain", "FailOnWarnings", "IpAddressType", "PropagateTags",
        "RouteSelectionExpression", "RouteSettings", "StageVariables", "Tags"}},
  };
  return kAllowed;
}

tl::unexpected<base::Error> invalid_globals(std::string_view what) {
  return failure(fmt::format("'Globals' section is invalid. {}", what), kEndsTransform);
}

json::value merged(const json::value& global, const json::value& local, std::string_view key) {
  if (global.is_array() && local.is_array() && key != "Architectures") {
    json::array joined = global.get_array();
    joined.insert(joined.end(), local.get_array().begin(), local.get_array().end());
    return joined;
  }
  if (!global.is_object() || !local.is_object() || is_intrinsic(global) || is_intrinsic(local)) return local;
  json::object joined = global.get_object();
  for (const auto& [name, value] : local.get_object()) {
    const auto* below = joined.if_contains(name);
    joined[name] = below == nullptr ? value : merged(*below, value, name);
  }
  return joined;
}

base::Result<> check(const json::object& globals) {
  for (const auto& [kind, value] : globals) {
    const auto known = allowed().find(kind);
    if (known == allowed().end()) {
      std::vector<std::string_view> kinds;
      for (const auto& [name, _] : allowed()) kinds.push_back(name);
      return invalid_globals(fmt::format("'{}' is not supported. Must be one of the following values - {}",
                                         std::string_view(kind), quoted_list(kinds)));
    }
    const auto* members = value.if_object();
    if (members == nullptr) return invalid_globals("Value of ${section} must be a dictionary");
    for (const auto& [key, _] : *members) {
      if (std::find(known->second.begin(), known->second.end(), key) != known->second.end()) continue;
      return invalid_globals(
          fmt::format("'{}' is not a supported property of '{}'. Must be one of the following values - {}",
                      std::string_view(key), std::string_view(kind), quoted_list(known->second)));
    }
  }
  return {};
}

// `ignored`: the resource's IgnoreGlobals, "*" or a list of properties.
base::Result<json::object> without_ignored(json::object of_kind, const json::value* ignored, std::string_view id) {
  if (ignored == nullptr || !truthy(*ignored)) return of_kind;
  if (is_text(*ignored, "*")) return json::object{};
  const auto refused = [&id](std::string_view item) {
    return failure(fmt::format("Resource with id [{}] is invalid. Resource {} has invalid resource attribute "
                               "'IgnoreGlobals'{}.",
                               id, id, item),
                   kEndsTransform);
  };
  if (!ignored->is_array()) return refused("");
  for (const auto& name : ignored->get_array()) {
    if (!name.is_string() || of_kind.erase(std::string_view(name.get_string())) == 0) {
      return refused(fmt::format(" on item '{}'", text_of(name)));
    }
  }
  return of_kind;
}

}  // namespace

base::Result<> merge_globals(json::object& document) {
  const auto* section = document.if_contains("Globals");
  if (section == nullptr) return {};
  if (!section->is_object()) return invalid_globals("It must be a non-empty dictionary");
  const json::object globals = section->get_object();
  TRY(check(globals));
  document.erase("Globals");
  for (auto& [id, value] : object_in(document, "Resources")) {
    auto* resource = value.if_object();
    if (resource == nullptr) continue;
    const auto type = string_at(*resource, "Type");
    if (!type.starts_with(kPrefix)) continue;
    const auto* of_kind = find_object(globals, std::string_view(type).substr(kPrefix.size()));
    if (of_kind == nullptr) continue;
    TRY(auto kept, without_ignored(*of_kind, find(*resource, "IgnoreGlobals"), id));
    (*resource)["Properties"] = merged(kept, object_at(*resource, "Properties"), "");
  }
  return {};
}

}  // namespace localcloud::sam
