// SimpleTable, LayerVersion and Application: one resource each.

#include <fmt/format.h>

#include "localcloud/cloudformation/sam/definition.h"
#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/resolve.h"
#include "localcloud/cloudformation/sam/schema.h"
#include "localcloud/cloudformation/sam/transform.h"
#include "localcloud/http_text.h"

namespace localcloud::sam {
namespace {

struct Key {
  json::value name = "id";
  std::string type = "S";
};

base::Result<Key> primary_key(std::string_view id, const json::object& properties) {
  Key key;
  const auto given = object_at(properties, "PrimaryKey");
  if (given.empty()) return key;
  const auto* name = find(given, "Name");
  if (name == nullptr) return invalid_resource(id, "Property 'PrimaryKey.Name' is required.");
  if (find(given, "Type") == nullptr) return invalid_resource(id, "Property 'PrimaryKey.Type' is required.");
  const auto type = string_at(given, "Type");
  if (type != "String" && type != "Number" && type != "Binary") {
    return invalid_resource(id, fmt::format("Invalid 'Type' \"{}\".", text_of(given.at("Type"))));
  }
  return Key{.name = *name, .type = type.substr(0, 1)};
}

// A property that has to be text in the end; the parameter it refers to, or another function.
base::Result<> resolve_text(const Context& context, std::string_view id, json::object& properties, const char* name) {
  if (!truthy_at(properties, name)) return {};
  TRY(properties[name], with_parameters(properties.at(name), context.parameters));
  if (properties[name].is_string() || properties[name].is_object()) return {};
  return invalid_resource(id, fmt::format("Could not resolve parameter for '{}' or parameter is not a String.", name));
}

base::Result<json::value> retention(std::string_view id, const json::object& properties) {
  constexpr const char* kOptions = "['Retain', 'Delete']";
  const auto* given = find(properties, "RetentionPolicy");
  if (given == nullptr) return json::value();
  if (is_intrinsic(*given)) {
    return invalid_resource(id, fmt::format("'RetentionPolicy' does not accept intrinsic functions, please use one of "
                                            "the following options: {}",
                                            kOptions));
  }
  if (!given->is_string()) {
    return invalid_resource(
        id, fmt::format("Invalid 'RetentionPolicy' type, please use one of the following options: {}", kOptions));
  }
  const auto policy = lower_case(given->get_string());
  if (policy == "retain") return json::value("Retain");
  if (policy == "delete") return json::value("Delete");
  return invalid_resource(id, fmt::format("'RetentionPolicy' must be one of the following options: {}.", kOptions));
}

base::Result<> check_architectures(std::string_view id, const json::object& properties) {
  const auto* given = find(properties, "CompatibleArchitectures");
  if (given == nullptr || !given->is_array()) return {};
  for (const auto& one : given->get_array()) {
    if (is_intrinsic(one) || is_text(one, "x86_64") || is_text(one, "arm64")) continue;
    return invalid_resource(id, "CompatibleArchitectures needs to be a list of 'x86_64' or 'arm64'");
  }
  return {};
}

// What a new layer version is made for: the resource as declared, but for its policies and Metadata.
std::string layer_id(const std::string& id, const json::object& resource, const json::object& properties) {
  json::object said;
  said["Type"] = "AWS::Serverless::LayerVersion";
  if (auto needed = depends_on(resource); truthy(needed)) said["DependsOn"] = std::move(needed);
  for (const auto& [key, value] : own_attributes(resource)) {
    if (key != "DeletionPolicy" && key != "UpdateReplacePolicy" && key != "Metadata") said[key] = value;
  }
  auto& own = said["Properties"].emplace_object();
  for (const auto& [key, value] : properties) {
    if (!value.is_null()) own[key] = value;
  }
  json::object data;
  data[id] = std::move(said);
  return hashed_id(id, data);
}

}  // namespace

base::Result<std::vector<Made>> make_simple_table(const std::string& id, const json::object& resource) {
  const auto properties = object_at(resource, "Properties");
  TRY(check(properties, schema_of_simple_table(), id, "AWS::Serverless::SimpleTable"));
  TRY(const auto key, primary_key(id, properties));
  Made made{.id = id, .type = "AWS::DynamoDB::Table", .attributes = own_attributes(resource)};
  made.depends_on = depends_on(resource);
  auto& table = made.properties;
  json::object attribute;
  attribute["AttributeName"] = key.name;
  attribute["AttributeType"] = key.type;
  json::object hash;
  hash["AttributeName"] = key.name;
  hash["KeyType"] = "HASH";
  table["AttributeDefinitions"].emplace_array().emplace_back(std::move(attribute));
  table["KeySchema"].emplace_array().emplace_back(std::move(hash));
  for (const char* same :
       {"PointInTimeRecoverySpecification", "ProvisionedThroughput", "SSESpecification", "TableName"}) {
    if (truthy_at(properties, same)) table[same] = properties.at(same);
  }
  if (!table.contains("ProvisionedThroughput")) table["BillingMode"] = "PAY_PER_REQUEST";
  if (const auto tags = object_at(properties, "Tags"); !tags.empty()) table["Tags"] = tag_list(tags);
  return std::vector<Made>{std::move(made)};
}

base::Result<std::vector<Made>> make_layer_version(Context& context, const std::string& id,
                                                   const json::object& resource) {
  auto properties = object_at(resource, "Properties");
  TRY(check(properties, schema_of_layer_version(), id, "AWS::Serverless::LayerVersion"));
  for (const char* name : {"LayerName", "LicenseInfo", "Description", "RetentionPolicy"}) {
    TRY(resolve_text(context, id, properties, name));
  }
  TRY(const auto policy, retention(id, properties));
  Made made{.id = layer_id(id, resource, properties),
            .type = "AWS::Lambda::LayerVersion",
            .attributes = passed_on_attributes(resource)};
  made.depends_on = depends_on(resource);
  if (!made.attributes.contains("DeletionPolicy")) made.attributes["DeletionPolicy"] = "Retain";
  if (!policy.is_null()) made.attributes["DeletionPolicy"] = policy;
  made.properties["LayerName"] =
      truthy_at(properties, "LayerName") ? properties.at("LayerName") : json::value(json::string(id));
  TRY(made.properties["Content"], code_location(properties.at("ContentUri"), made.id, "ContentUri"));
  for (const char* same : {"Description", "CompatibleArchitectures", "CompatibleRuntimes", "LicenseInfo"}) {
    set_if(made.properties, same, find(properties, same));
  }
  TRY(check_architectures(made.id, properties));
  return std::vector<Made>{std::move(made)};
}

base::Result<std::vector<Made>> make_application(const std::string& id, const json::object& resource) {
  const auto properties = object_at(resource, "Properties");
  const auto* location = properties.if_contains("Location");
  if (location == nullptr) return invalid_resource(id, "Resource is missing the required [Location] property.");
  if (location->is_object()) return not_here(id, "An application of the Serverless Application Repository");
  TRY(check(properties, schema_of_application(), id, "AWS::Serverless::Application"));
  Made made{.id = id, .type = "AWS::CloudFormation::Stack", .attributes = passed_on_attributes(resource)};
  made.depends_on = depends_on(resource);
  for (const char* same : {"Parameters", "NotificationARNs", "TimeoutInMinutes"}) {
    set_if(made.properties, same, find(properties, same));
  }
  TRY(made.properties["Tags"], function_tags(id, properties));
  made.properties["TemplateURL"] = *location;
  return std::vector<Made>{std::move(made)};
}

}  // namespace localcloud::sam
