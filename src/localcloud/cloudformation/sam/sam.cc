#include "localcloud/cloudformation/sam/sam.h"

#include <fmt/format.h>

#include <algorithm>

#include "localcloud/cloudformation/sam/expansion.h"
#include "localcloud/service.h"

namespace localcloud {

base::Result<json::object> expand_sam(const json::object& document) {
  const auto* declared = document.if_contains("Resources");
  const auto failed = [](const std::string& what) {
    return aws_error(400, std::string(kTransformFailed),
                     fmt::format("Transform {} failed with: {}", kSamTransform, what));
  };
  if (declared == nullptr || !declared->is_object() || declared->get_object().empty()) {
    return failed("'Resources' section is required");
  }
  auto merged = sam::merge_globals(declared->get_object(), document.if_contains("Globals"));
  if (!merged) return failed(merged.error().message);
  auto resources = sam::Expansion(*merged, sam::object_at(document, "Globals")).run();
  if (!resources) return failed(resources.error().message);

  json::object result;
  for (const auto& [key, value] : document) {
    if (key == "Transform" || key == "Globals") continue;
    if (key == "Resources")
      result[key] = std::move(*resources);
    else
      result[key] = value;
  }
  return result;
}

namespace sam {

tl::unexpected<base::Error> invalid(std::string message) {
  return base::fail(base::ErrorKind::invalid_input, std::move(message));
}

json::object ref_to(std::string_view logical_id) {
  json::object result;
  result["Ref"] = logical_id;
  return result;
}

json::object get_att(std::string_view logical_id, std::string_view attribute) {
  json::array path;
  path.emplace_back(logical_id);
  path.emplace_back(attribute);
  json::object result;
  result["Fn::GetAtt"] = std::move(path);
  return result;
}

json::object sub(std::string_view text) {
  json::object result;
  result["Fn::Sub"] = text;
  return result;
}

json::object sub(std::string_view text, json::object variables) {
  json::array arguments;
  arguments.emplace_back(text);
  arguments.emplace_back(std::move(variables));
  json::object result;
  result["Fn::Sub"] = std::move(arguments);
  return result;
}

json::object if_condition(std::string_view condition, json::value value) {
  json::array arguments;
  arguments.emplace_back(condition);
  arguments.push_back(std::move(value));
  arguments.emplace_back(ref_to("AWS::NoValue"));
  json::object result;
  result["Fn::If"] = std::move(arguments);
  return result;
}

json::array tag_list(const json::object& tags) {
  json::array list;
  for (const auto& [key, value] : tags) {
    json::object tag;
    tag["Key"] = key;
    tag["Value"] = value;
    list.emplace_back(std::move(tag));
  }
  return list;
}

json::object object_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : json::object{};
}

std::string string_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

base::Result<> only_keys(const json::object& object, const std::set<std::string_view>& allowed,
                         std::string_view of_what) {
  for (const auto& [key, value] : object) {
    if (!allowed.contains(key)) {
      return invalid(
          fmt::format("property {} of {} is not implemented by the local cloud", std::string_view(key), of_what));
    }
  }
  return {};
}

json::object own_attributes(const json::object& resource) {
  json::object result;
  for (const auto& [key, value] : resource) {
    if (key != "Type" && key != "Properties") result[key] = value;
  }
  return result;
}

json::object passed_on_attributes(const json::object& resource) {
  json::object result;
  for (const char* key : {"Condition", "DeletionPolicy", "UpdateReplacePolicy"}) {
    if (const auto* value = resource.if_contains(key)) result[key] = *value;
  }
  return result;
}

base::Result<> Expansion::add(std::string_view id, std::string_view type, json::object properties,
                              const json::object& attributes) {
  const bool others =
      source_.contains(id) && !string_at(object_at(source_, id), "Type").starts_with("AWS::Serverless::");
  if (out_.contains(id) || others) {
    return invalid(fmt::format("Logical ID '{}' of a generated resource is already in use", id));
  }
  json::object resource;
  resource["Type"] = type;
  for (const auto& [key, value] : attributes) resource[key] = value;
  resource["Properties"] = std::move(properties);
  out_[id] = std::move(resource);
  return {};
}

base::Result<> Expansion::expand(const std::string& id, const json::object& resource) {
  const auto type = string_at(resource, "Type");
  if (type == "AWS::Serverless::Function") return function(id, resource);
  if (type == "AWS::Serverless::SimpleTable") return simple_table(id, resource);
  if (type == "AWS::Serverless::HttpApi" || type == "AWS::Serverless::Api") return {};  // after the functions
  if (type.starts_with("AWS::Serverless::")) {
    return invalid(fmt::format("The resource type {} is not implemented by the local cloud", type));
  }
  out_[id] = resource;
  return {};
}

base::Result<json::object> Expansion::run() {
  std::vector<std::string> errors;
  const auto note = [&errors](const std::string& id, const base::Result<>& result) {
    if (!result) errors.push_back(fmt::format("Resource with id [{}] is invalid. {}", id, result.error().message));
  };
  note("Apis", read_apis());
  for (const auto& [id, resource] : source_) {
    if (!resource.is_object()) {
      out_[id] = resource;  // the template's reader reports it
      continue;
    }
    note(std::string(id), expand(std::string(id), resource.get_object()));
  }
  for (auto& [id, api] : apis_) note(id, api.http ? http_api(id, api) : rest_api(id, api));
  if (errors.empty()) return std::move(out_);
  std::sort(errors.begin(), errors.end());
  return invalid(fmt::format("Invalid Serverless Application Specification document. Number of errors found: {}. {}",
                             errors.size(), fmt::join(errors, " ")));
}

base::Result<> Expansion::simple_table(const std::string& id, const json::object& resource) {
  const auto properties = object_at(resource, "Properties");
  TRY(only_keys(properties,
                {"PointInTimeRecoverySpecification", "PrimaryKey", "ProvisionedThroughput", "TableName", "Tags",
                 "SSESpecification"},
                "AWS::Serverless::SimpleTable"));
  std::string key_name = "id";
  std::string key_type = "S";
  if (const auto primary = object_at(properties, "PrimaryKey"); !primary.empty()) {
    key_name = string_at(primary, "Name");
    const auto type = string_at(primary, "Type");
    if (key_name.empty()) return invalid("Property 'PrimaryKey.Name' is required.");
    if (type != "String" && type != "Number" && type != "Binary")
      return invalid(fmt::format("Invalid 'Type' \"{}\".", type));
    key_type = type.substr(0, 1);
  }
  json::object attribute;
  attribute["AttributeName"] = key_name;
  attribute["AttributeType"] = key_type;
  json::object key;
  key["AttributeName"] = key_name;
  key["KeyType"] = "HASH";
  json::object table;
  table["AttributeDefinitions"].emplace_array().emplace_back(std::move(attribute));
  table["KeySchema"].emplace_array().emplace_back(std::move(key));
  if (const auto* throughput = properties.if_contains("ProvisionedThroughput"))
    table["ProvisionedThroughput"] = *throughput;
  else
    table["BillingMode"] = "PAY_PER_REQUEST";
  for (const char* same : {"PointInTimeRecoverySpecification", "SSESpecification", "TableName"}) {
    if (const auto* value = properties.if_contains(same)) table[same] = *value;
  }
  if (const auto tags = object_at(properties, "Tags"); !tags.empty()) table["Tags"] = tag_list(tags);
  return add(id, "AWS::DynamoDB::Table", std::move(table), own_attributes(resource));
}

}  // namespace sam
}  // namespace localcloud
