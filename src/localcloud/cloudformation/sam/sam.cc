#include "localcloud/cloudformation/sam/sam.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "localcloud/cloudformation/sam/definition.h"
#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/globals.h"
#include "localcloud/cloudformation/sam/implicit_apis.h"
#include "localcloud/cloudformation/sam/resolve.h"
#include "localcloud/cloudformation/sam/transform.h"
#include "localcloud/service.h"

namespace localcloud {
namespace sam {
namespace {

constexpr std::string_view kPrefix = "AWS::Serverless::";

bool is_api(std::string_view type) {
  return type == "AWS::Serverless::Api" || type == "AWS::Serverless::HttpApi";
}

// Those whose logical id a made resource may have: what it is made from.
bool may_replace(std::string_view made, std::string_view declared) {
  static const std::map<std::string_view, std::string_view> kFrom = {
      {"AWS::Lambda::Function", "AWS::Serverless::Function"},
      {"AWS::Lambda::LayerVersion", "AWS::Serverless::LayerVersion"},
      {"AWS::ApiGateway::RestApi", "AWS::Serverless::Api"},
      {"AWS::ApiGatewayV2::Api", "AWS::Serverless::HttpApi"},
      {"AWS::S3::Bucket", "AWS::S3::Bucket"},
      {"AWS::SNS::Topic", "AWS::SNS::Topic"},
      {"AWS::DynamoDB::Table", "AWS::Serverless::SimpleTable"},
      {"AWS::CloudFormation::Stack", "AWS::Serverless::Application"}};
  const auto found = kFrom.find(made);
  return found != kFrom.end() && found->second == declared;
}

json::object as_json(Made made) {
  json::object resource;
  resource["Type"] = made.type;
  if (truthy(made.depends_on)) resource["DependsOn"] = std::move(made.depends_on);
  for (auto& [key, value] : made.attributes) resource[key] = std::move(value);
  auto& properties = resource["Properties"].emplace_object();
  for (auto& [key, value] : made.properties) {
    if (!value.is_null()) properties[key] = std::move(value);
  }
  return resource;
}

base::Result<std::vector<Made>> make(Context& context, const std::string& id, const json::object& resource) {
  const auto type = string_at(resource, "Type");
  if (!is_alphanumeric(id)) return invalid_resource(id, "Logical ids must be alphanumeric.");
  if (type == "AWS::Serverless::Function") return make_function(context, id, resource);
  if (type == "AWS::Serverless::Api") return make_rest_api(context, id, resource);
  if (type == "AWS::Serverless::HttpApi") return make_http_api(context, id, resource);
  if (type == "AWS::Serverless::SimpleTable") return make_simple_table(id, resource);
  if (type == "AWS::Serverless::LayerVersion") return make_layer_version(context, id, resource);
  if (type == "AWS::Serverless::Application") return make_application(id, resource);
  return not_here(id, fmt::format("The resource type {}", type));
}

// Properties that SAM lets templates refer to: {"Ref": "MyFunction.Version"}.
void note_properties(const std::string& id, std::string_view type, const std::vector<Made>& made,
                     ResourceProperties& properties) {
  using Names = std::vector<std::pair<std::string_view, std::string_view>>;
  static const std::map<std::string_view, Names> kNames = {
      {"AWS::Serverless::Function",
       {{"Alias", "AWS::Lambda::Alias"},
        {"Version", "AWS::Lambda::Version"},
        {"DestinationTopic", "AWS::SNS::Topic"},
        {"DestinationQueue", "AWS::SQS::Queue"}}},
      {"AWS::Serverless::Api",
       {{"Stage", "AWS::ApiGateway::Stage"},
        {"Deployment", "AWS::ApiGateway::Deployment"},
        {"UsagePlan", "AWS::ApiGateway::UsagePlan"},
        {"UsagePlanKey", "AWS::ApiGateway::UsagePlanKey"},
        {"ApiKey", "AWS::ApiGateway::ApiKey"}}},
      {"AWS::Serverless::HttpApi", {{"Stage", "AWS::ApiGatewayV2::Stage"}}}};
  const auto names = kNames.find(type);
  if (names == kNames.end()) return;
  for (const auto& [property, of_type] : names->second) {
    for (const auto& resource : made) {
      if (resource.type == of_type) properties[id][std::string(property)] = resource.id;
    }
  }
}

// OpenApiVersion 3 makes a definition that SAM writes OpenAPI.
void set_openapi_versions(json::object& resources) {
  for (auto& [_, value] : resources) {
    auto* resource = value.if_object();
    if (resource == nullptr || string_at(*resource, "Type") != "AWS::Serverless::Api") continue;
    auto& properties = object_in(*resource, "Properties");
    auto* version = find(properties, "OpenApiVersion");
    if (version == nullptr || !properties.contains(kManaged) || !is_openapi_3(*version)) continue;
    *version = text_of(*version);
    const json::value text = *version;
    auto& body = object_in(properties, "DefinitionBody");
    body["openapi"] = text;
    body.erase("swagger");
  }
}

base::Result<> check_resources(const json::object& resources) {
  for (const auto& [id, value] : resources) {
    const auto* resource = value.if_object();
    if (resource == nullptr) {
      return invalid_document(
          "All 'Resources' must be Objects. If you're using YAML, this may be an indentation issue.");
    }
    if (!string_at(*resource, "Type").starts_with(kPrefix)) continue;
    if (const auto* condition = find(*resource, "Condition"); condition != nullptr && !condition->is_string()) {
      return invalid_document("Every Condition member must be a string.");
    }
    if (const auto* given = resource->if_contains("Properties"); given != nullptr && !given->is_object()) {
      return failure(fmt::format("Resource with id [{}] is invalid. Attribute 'Properties' should be a map.",
                                 std::string_view(id)),
                     kEndsTransform);
    }
  }
  return {};
}

json::object parameter_values(const json::object& document, const SamInput& input) {
  json::object values;
  for (const auto& [name, declared] : object_at(document, "Parameters")) {
    const auto* standard = declared.is_object() ? declared.get_object().if_contains("Default") : nullptr;
    if (standard != nullptr && !standard->is_structured()) values[name] = *standard;
  }
  for (const auto& [name, value] : input.parameters) values[name] = value;
  values["AWS::Region"] = input.region;
  values["AWS::Partition"] = "aws";
  return values;
}

class Transform {
 public:
  Transform(json::object document, const SamInput& input) : document_(std::move(document)), input_(input) {}

  base::Result<json::object> run() {
    TRY(check_resources(object_in(document_, "Resources")));
    TRY(auto errors, add_implicit_apis(document_));
    if (!errors.empty()) return fail(std::move(errors));
    TRY(merge_globals(document_));
    set_openapi_versions(object_in(document_, "Resources"));
    context_ = Context{.resources = object_at(document_, "Resources"),
                       .conditions = object_at(document_, "Conditions"),
                       .parameters = parameter_values(document_, input_),
                       .now = input_.now};
    out_ = context_.resources;
    const auto is_function = [](std::string_view type) { return type == "AWS::Serverless::Function"; };
    const auto is_other = [&](std::string_view type) {
      return type.starts_with(kPrefix) && !is_function(type) && !is_api(type);
    };
    TRY(make_all(is_function));
    TRY(make_all(is_api));
    TRY(make_all(is_other));
    if (!errors_.empty()) return fail(std::move(errors_));
    if (!context_.conditions.empty()) document_["Conditions"] = std::move(context_.conditions);
    document_["Resources"] = std::move(out_);
    document_.erase("Transform");
    auto renamed = with_renamed_resources(std::move(document_), renamed_);
    return std::move(with_resource_properties(std::move(renamed), properties_).get_object());
  }

 private:
  static tl::unexpected<base::Error> fail(std::vector<std::string> errors) {
    std::vector<std::string> distinct;
    for (auto& error : errors) {
      if (std::find(distinct.begin(), distinct.end(), error) == distinct.end()) distinct.push_back(std::move(error));
    }
    return failure(fmt::format("Invalid Serverless Application Specification document. Number of errors found: {}. {}",
                               distinct.size(), fmt::join(distinct, " ")));
  }

  template <typename Wanted>
  base::Result<> make_all(Wanted wanted) {
    for (const auto& [id, value] : context_.resources) {
      const auto type = string_at(value.get_object(), "Type");
      if (value.get_object().contains("Connectors")) {
        errors_.push_back(not_here(id, "The attribute Connectors").value().message);
        continue;
      }
      if (!wanted(std::string_view(type))) continue;
      auto made = make(context_, std::string(id), value.get_object());
      if (made) {
        note_function_name(value.get_object());
        put(std::string(id), type, std::move(*made));
      } else if (made.error().code == kEndsTransform) {
        return tl::unexpected(std::move(made).error());
      } else {
        errors_.push_back(made.error().message);
      }
    }
    return {};
  }

  void put(const std::string& id, const std::string& type, std::vector<Made> made) {
    note_properties(id, type, made, properties_);
    out_.erase(id);
    for (auto& resource : made) {
      const auto* declared = find_object(context_.resources, resource.id);
      if (declared != nullptr && !may_replace(resource.type, string_at(*declared, "Type"))) {
        errors_.push_back(
            fmt::format("Transforming resource with id [{}] attempts to create a new resource with id [{}] and type "
                        "\"{}\". A resource with that id already exists within this template. Please use a different "
                        "id for that resource.",
                        id, resource.id, resource.type));
        continue;
      }
      if (type == "AWS::Serverless::LayerVersion") renamed_[id] = resource.id;
      const auto made_id = resource.id;
      out_[made_id] = as_json(std::move(resource));
    }
  }

  // An API that names its functions is deployed anew when they have other names.
  void note_function_name(const json::object& resource) {
    const auto properties = object_at(resource, "Properties");
    auto name = find(properties, "FunctionName") == nullptr
                    ? base::Result<json::value>(json::value())
                    : with_parameters(properties.at("FunctionName"), context_.parameters);
    if (!name || !truthy(*name)) return;
    for (const auto& [_, event] : object_at(properties, "Events")) {
      const auto declared = event.is_object() ? event.get_object() : json::object{};
      const auto* api = string_at(declared, "Type") == "Api" ? find_object(declared, "Properties") : nullptr;
      const auto id = api == nullptr ? std::string() : string_at(object_at(*api, "RestApiId"), "Ref");
      if (!id.empty()) context_.function_names[id] += text_of(*name);
    }
  }

  json::object document_;
  const SamInput& input_;
  Context context_;
  json::object out_;
  std::vector<std::string> errors_;
  ResourceProperties properties_;
  RenamedResources renamed_;
};

}  // namespace

json::object own_attributes(const json::object& resource) {
  json::object result;
  for (const char* key : {"DeletionPolicy", "UpdatePolicy", "Condition", "UpdateReplacePolicy", "Metadata"}) {
    if (const auto* value = resource.if_contains(key)) result[key] = *value;
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

json::value depends_on(const json::object& resource) {
  const auto* value = resource.if_contains("DependsOn");
  return value != nullptr ? *value : json::value();
}

base::Result<json::array> function_tags(std::string_view id, const json::object& properties) {
  const auto own = object_at(properties, "Tags");
  for (const char* reserved : {"lambda:createdBy", "serverlessrepo:applicationId", "serverlessrepo:semanticVersion"}) {
    if (!own.contains(reserved)) continue;
    return invalid_resource(id, fmt::format("{} is a reserved Tag key name and cannot be set on your resource. Please "
                                            "change the tag key in the input.",
                                            reserved));
  }
  json::object tags;
  tags["lambda:createdBy"] = "SAM";
  for (const auto& [key, value] : own) tags[key] = value;
  return tag_list(tags);
}

void propagate_tags(std::vector<Made>& made, const json::object& tags) {
  static constexpr std::array kTagged = {
      "AWS::Lambda::Function",    "AWS::IAM::Role",         "AWS::SQS::Queue", "AWS::SNS::Topic",
      "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage", "AWS::S3::Bucket", "AWS::ApiGateway::UsagePlan",
      "AWS::ApiGateway::ApiKey"};
  if (tags.empty()) return;
  for (auto& resource : made) {
    if (std::find(kTagged.begin(), kTagged.end(), resource.type) == kTagged.end()) continue;
    resource.properties["Tags"] = tag_list(tags);
  }
}

Made authorizer_permission(std::string id, const json::value& function, std::string_view partition,
                           std::string_view api_id, const json::object& passed_on) {
  json::object variables;
  variables["__ApiId__"] = ref_to(api_id);
  Made made{.id = std::move(id), .type = "AWS::Lambda::Permission", .attributes = passed_on};
  made.properties["Action"] = "lambda:InvokeFunction";
  made.properties["FunctionName"] = function;
  made.properties["Principal"] = "apigateway.amazonaws.com";
  made.properties["SourceArn"] = sub(
      fmt::format("arn:{}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/authorizers/*", partition),
      variables);
  return made;
}

}  // namespace sam

base::Result<json::object> expand_sam(const json::object& document, const SamInput& input) {
  const auto failed = [](std::string_view what) {
    return aws_error(400, std::string(kTransformFailed),
                     fmt::format("Transform {} failed with: {}", kSamTransform, what));
  };
  const auto one_error = [&failed](std::string_view what) {
    return failed(
        fmt::format("Invalid Serverless Application Specification document. Number of errors found: 1. {}", what));
  };
  const auto* declared = sam::find_object(document, "Resources");
  if (declared == nullptr || declared->empty()) {
    return one_error("Structure of the SAM template is invalid. 'Resources' section is required");
  }
  auto result = sam::Transform(document, input).run();
  if (result) return std::move(*result);
  return result.error().code == sam::kEndsTransform ? one_error(result.error().message)
                                                    : failed(result.error().message);
}

}  // namespace localcloud
