// AutoPublishAlias: a version whose logical id changes with the code, and an alias to it. FunctionUrlConfig.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/function.h"
#include "localcloud/cloudformation/sam/resolve.h"

namespace localcloud::sam {
namespace {

// What a new version is made for.
base::Result<json::object> version_data(const Context& context, const json::object& properties, Made& function) {
  TRY(function.properties["Code"], with_parameters(function.properties["Code"], context.parameters));
  const auto& lambda = function.properties;
  if (!is_true(properties, "AutoPublishAliasAllProperties")) {
    auto data = lambda.at("Code").get_object();
    for (const auto& [key, value] : object_at(lambda, "Environment")) data[key] = value;
    if (truthy_at(lambda, "MemorySize")) data["MemorySize"] = lambda.at("MemorySize");
    const auto snap_start = object_at(lambda, "SnapStart");
    const auto* applied = find(snap_start, "ApplyOn");
    if (applied != nullptr && !is_text(*applied, "None")) data["SnapStart"] = snap_start;
    return data;
  }
  json::object data = lambda;
  const auto* layers = find(lambda, "Layers");
  if (layers == nullptr || !layers->is_array()) return data;
  for (const auto& layer : layers->get_array()) {
    const auto id = referenced_id(layer);
    const auto of_layer = id ? object_at(object_at(context.resources, *id), "Properties") : json::object{};
    if (truthy_at(of_layer, "PublishLambdaVersion")) data[*id] = of_layer;
  }
  return data;
}

// AutoPublishCodeSha256 stands for the code, and goes into the function's description.
base::Result<std::string> given_code_hash(const Context& context, const std::string& id, const json::object& properties,
                                          Made& function) {
  if (!truthy_at(properties, "AutoPublishCodeSha256")) return std::string();
  TRY(const auto hash, with_parameters(properties.at("AutoPublishCodeSha256"), context.parameters));
  if (!hash.is_string()) return invalid_resource(id, "AutoPublishCodeSha256 must be a string");
  json::value description;
  if (const auto* given = find(properties, "Description")) {
    TRY(description, with_parameters(*given, context.parameters));
  }
  auto& described = function.properties["Description"];
  if (!truthy(description)) {
    described = hash;
  } else if (const auto* text = description.if_string()) {
    described = fmt::format("{} {}", std::string_view(*text), std::string_view(hash.get_string()));
  } else {
    json::array parts;
    parts.push_back(description);
    parts.push_back(hash);
    json::object joined;
    joined["Fn::Join"].emplace_array().emplace_back(" ");
    joined["Fn::Join"].get_array().emplace_back(std::move(parts));
    described = std::move(joined);
  }
  return std::string(hash.get_string());
}

base::Result<> check_alias_name(std::string_view id, std::string_view name) {
  const auto digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  const auto allowed = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; };
  if (name.empty()) return invalid_resource(id, "Alias name is required to create an alias");
  if (std::all_of(name.begin(), name.end(), allowed) && !std::all_of(name.begin(), name.end(), digit)) return {};
  return invalid_resource(id, fmt::format("AutoPublishAlias name ('{}') must contain only alphanumeric characters, "
                                          "hyphens, or underscores matching (?!^[0-9]+$)([a-zA-Z0-9-_]+) pattern.",
                                          name));
}

base::Result<> check_cors(std::string_view id, const json::object& config) {
  if (!truthy_at(config, "Cors") || is_intrinsic(config.at("Cors"))) return {};
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kTypes = {{{"AllowOrigins", "list"},
                                                                                           {"AllowMethods", "list"},
                                                                                           {"AllowCredentials", "bool"},
                                                                                           {"AllowHeaders", "list"},
                                                                                           {"ExposeHeaders", "list"},
                                                                                           {"MaxAge", "int"}}};
  const auto* cors = config.at("Cors").if_object();
  if (cors == nullptr) return invalid_resource(id, "Property 'FunctionUrlConfig.Cors' should be a map.");
  for (const auto& [key, value] : *cors) {
    const std::string_view name = key;
    const auto* known =
        std::find_if(kTypes.begin(), kTypes.end(), [&name](const auto& one) { return one.first == name; });
    if (known == kTypes.end()) {
      return invalid_resource(id, fmt::format("{} is not a valid property for configuring Cors.", name));
    }
    const bool right = known->second == "list"   ? value.is_array()
                       : known->second == "bool" ? value.is_bool()
                                                 : value.is_int64() || value.is_bool();
    if (!right && !is_intrinsic(value)) {
      return invalid_resource(id, fmt::format("{} must be of type {}.", name, known->second));
    }
  }
  return {};
}

Made public_permission(std::string id, std::string_view action, const Target& target) {
  Made made{.id = std::move(id), .type = "AWS::Lambda::Permission", .attributes = target.passed_on};
  made.properties["Action"] = action;
  made.properties["FunctionName"] = target.name();
  made.properties["Principal"] = "*";
  return made;
}

}  // namespace

base::Result<Published> publish(const Context& context, const std::string& id, const json::object& properties,
                                Made& function, const json::object& passed_on) {
  TRY(const auto name, with_parameters(properties.at("AutoPublishAlias"), context.parameters));
  if (!name.is_string()) {
    return invalid_resource(id, "'AutoPublishAlias' must be a string or a Ref to a template parameter");
  }
  TRY(const auto hash, given_code_hash(context, id, properties, function));
  TRY(auto data, version_data(context, properties, function));
  Published published;
  auto& version = published.version;
  version = Made{
      .id = hashed_id(id + "Version", std::move(data), hash), .type = "AWS::Lambda::Version", .attributes = passed_on};
  if (!version.attributes.contains("DeletionPolicy")) {
    const auto* policy = find(properties, "VersionDeletionPolicy");
    version.attributes["DeletionPolicy"] = policy != nullptr ? *policy : json::value("Retain");
  }
  version.properties["FunctionName"] = ref_to(id);
  set_if(version.properties, "Description", find(properties, "VersionDescription"));

  const std::string alias_name(name.get_string());
  TRY(check_alias_name(id, alias_name));
  auto& alias = published.alias;
  alias = Made{.id = fmt::format("{}Alias{}", id, replaced(replaced(alias_name, "-", "D"), "_", "U")),
               .type = "AWS::Lambda::Alias",
               .attributes = passed_on};
  alias.properties["Name"] = alias_name;
  alias.properties["FunctionName"] = ref_to(id);
  alias.properties["FunctionVersion"] = get_att(version.id, "Version");
  if (truthy_at(properties, "ProvisionedConcurrencyConfig")) {
    alias.properties["ProvisionedConcurrencyConfig"] = properties.at("ProvisionedConcurrencyConfig");
  }
  return published;
}

base::Result<std::vector<Made>> make_url(const json::object& properties, const Target& target) {
  std::vector<Made> made;
  const auto config = object_at(properties, "FunctionUrlConfig");
  if (config.empty()) return made;
  const auto& id = target.function;
  const auto* type = find(config, "AuthType");
  if (!is_intrinsic(config) && (type == nullptr || !is_intrinsic(*type))) {
    if (type == nullptr || (!is_text(*type, "AWS_IAM") && !is_text(*type, "NONE"))) {
      return invalid_resource(id,
                              "AuthType is required to configure function property `FunctionUrlConfig`. Please provide "
                              "either AWS_IAM or NONE.");
    }
  }
  if (!is_intrinsic(config)) TRY(check_cors(id, config));
  Made url{.id = id + "Url", .type = "AWS::Lambda::Url", .attributes = target.passed_on};
  if (truthy_at(config, "Cors")) url.properties["Cors"] = config.at("Cors");
  set_if(url.properties, "AuthType", type);
  url.properties["TargetFunctionArn"] = target.name();
  set_if(url.properties, "InvokeMode", find(config, "InvokeMode"));
  made.push_back(std::move(url));
  if (type == nullptr || !is_text(*type, "NONE") || is_intrinsic(config)) return made;
  auto by_url = public_permission(id + "UrlPublicPermissions", "lambda:InvokeFunctionUrl", target);
  by_url.properties["FunctionUrlAuthType"] = *type;
  made.push_back(std::move(by_url));
  auto direct = public_permission(id + "URLInvokeAllowPublicAccess", "lambda:InvokeFunction", target);
  direct.properties["InvokedViaFunctionUrl"] = true;
  made.push_back(std::move(direct));
  return made;
}

}  // namespace localcloud::sam
