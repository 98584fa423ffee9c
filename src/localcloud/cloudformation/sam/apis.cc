#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/ids.h"
#include "localcloud/cloudformation/sam/expansion.h"

namespace localcloud::sam {
namespace {

constexpr std::string_view kImplicitHttpApi = "ServerlessHttpApi";
constexpr std::string_view kImplicitRestApi = "ServerlessRestApi";

std::string sha1_hex(std::string_view text) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return base::to_hex(std::span(digest).first(size));
}

json::object empty_body(bool http) {
  json::object info;
  info["version"] = "1.0";
  info["title"] = ref_to("AWS::StackName");
  json::object body;
  body["info"] = std::move(info);
  body["paths"].emplace_object();
  if (http)
    body["openapi"] = "3.0.1";
  else
    body["swagger"] = "2.0";
  return body;
}

// "<api><Stage>Stage"; a name that is no plain word takes part as a hash, a function not at all.
std::string stage_id(const std::string& api, const json::value& stage_name) {
  const std::string name = stage_name.is_string() ? std::string(stage_name.get_string()) : "";
  const bool word =
      !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c); });
  if (word) return api + name + "Stage";
  if (name == "$default") return api + "ApiGatewayDefaultStage";
  return name.empty() ? api + "Stage" : api + "Stage" + sha1_hex(name).substr(0, 10);
}

base::Result<json::object> cors_of(const json::value& configuration) {
  json::object cors;
  const auto wildcard = [&cors](json::value origins) { cors["allowOrigins"] = std::move(origins); };
  if (configuration.is_bool()) {
    if (configuration.get_bool()) wildcard(json::array({json::value("*")}));
    return cors;
  }
  const auto* object = configuration.if_object();
  if (object == nullptr) return invalid("Invalid value for 'Cors' property.");
  static constexpr std::array<std::pair<const char*, const char*>, 6> kKeys = {
      {{"AllowOrigins", "allowOrigins"},
       {"AllowHeaders", "allowHeaders"},
       {"AllowMethods", "allowMethods"},
       {"ExposeHeaders", "exposeHeaders"},
       {"MaxAge", "maxAge"},
       {"AllowCredentials", "allowCredentials"}}};
  for (const auto& [key, value] : *object) {
    const auto known =
        std::find_if(kKeys.begin(), kKeys.end(), [&wanted = key](const auto& one) { return wanted == one.first; });
    if (known == kKeys.end())
      return invalid(fmt::format("Invalid key '{}' for 'Cors' property.", std::string_view(key)));
    cors[known->second] = value;
  }
  const auto* credentials = cors.if_contains("allowCredentials");
  const auto* origins = cors.if_contains("allowOrigins");
  const bool everyone = origins == nullptr || *origins == json::value(json::array({json::value("*")}));
  if (credentials != nullptr && credentials->is_bool() && credentials->get_bool() && everyone) {
    return invalid(
        "Unable to add Cors configuration because 'AllowCredentials' can not be true when 'AllowOrigin' is \"'*'\" or "
        "not set.");
  }
  return cors;
}

json::object attributes_for_parts(const json::object& attributes) {
  return passed_on_attributes(attributes);
}

}  // namespace

base::Result<> Expansion::read_apis() {
  for (const auto& [id, value] : source_) {
    if (!value.is_object()) continue;
    const auto type = string_at(value.get_object(), "Type");
    if (type != "AWS::Serverless::HttpApi" && type != "AWS::Serverless::Api") continue;
    Api api{.http = type == "AWS::Serverless::HttpApi",
            .properties = object_at(value.get_object(), "Properties"),
            .attributes = own_attributes(value.get_object()),
            .body = {}};
    api.body = object_at(api.properties, "DefinitionBody");
    api.managed = api.body.empty() && !api.properties.contains("DefinitionUri");
    if (api.managed) api.body = empty_body(api.http);
    apis_.emplace(id, std::move(api));
  }
  return {};
}

base::Result<std::string> Expansion::api_for(const json::object& event, bool http, const json::object& passed_on) {
  const char* property = http ? "ApiId" : "RestApiId";
  const auto* given = event.if_contains(property);
  if (given != nullptr) {
    const auto id = given->is_object() ? string_at(given->get_object(), "Ref") : std::string();
    const auto found = apis_.find(id);
    if (found == apis_.end() || found->second.http != http) {
      return invalid(fmt::format("{} must be a valid reference to an 'AWS::Serverless::{}' resource in same template.",
                                 property, http ? "HttpApi" : "Api"));
    }
    return id;
  }
  const std::string id(http ? kImplicitHttpApi : kImplicitRestApi);
  auto [api, made] = apis_.try_emplace(id);
  if (made) {
    api->second = Api{
        .http = http, .implicit = true, .managed = true, .properties = {}, .attributes = {}, .body = empty_body(http)};
    if (!http) api->second.properties["StageName"] = "Prod";
    for (const auto& [key, value] : object_at(globals_, http ? "HttpApi" : "Api")) api->second.properties[key] = value;
  }
  for (const char* policy : {"DeletionPolicy", "UpdateReplacePolicy"}) {
    if (string_at(passed_on, policy) == "Retain") api->second.attributes[policy] = "Retain";
  }
  return id;
}

// A path all of whose functions have one condition exists only with it, and so does an implicit API.
base::Result<> Expansion::wrap_conditions(Api& api) {
  std::set<std::string> of_api;
  for (const auto& [path, conditions] : api.path_conditions) {
    of_api.insert(conditions.begin(), conditions.end());
    if (conditions.contains("")) continue;
    if (conditions.size() > 1) {
      return invalid(fmt::format(
          "The path {} belongs to functions with different conditions, which the local cloud does not implement",
          path));
    }
    auto& of_path = api.body["paths"].get_object()[path];
    of_path = if_condition(*conditions.begin(), of_path);
  }
  if (!api.implicit || of_api.contains("") || of_api.empty()) return {};
  if (of_api.size() > 1) {
    return invalid("An implicit API of functions with different conditions is not implemented by the local cloud");
  }
  api.attributes["Condition"] = *of_api.begin();
  return {};
}

base::Result<> Expansion::http_api(const std::string& id, Api& api) {
  TRY(only_keys(api.properties,
                {"Name", "StageName", "Tags", "PropagateTags", "DefinitionBody", "StageVariables", "CorsConfiguration",
                 "AccessLogSettings", "DefaultRouteSettings", "RouteSettings", "FailOnWarnings", "Description"},
                "AWS::Serverless::HttpApi"));
  TRY(wrap_conditions(api));
  auto& body = api.body;
  if (const auto* configuration = api.properties.if_contains("CorsConfiguration")) {
    TRY(auto cors, cors_of(*configuration));
    if (!cors.empty()) body["x-amazon-apigateway-cors"] = std::move(cors);
  }
  auto tags = object_at(api.properties, "Tags");
  tags["httpapi:createdBy"] = "SAM";
  json::array body_tags;
  for (const auto& [name, value] : tags) {
    json::object tag;
    tag["name"] = name;
    tag["x-amazon-apigateway-tag-value"] = value;
    body_tags.emplace_back(std::move(tag));
  }
  body["tags"] = std::move(body_tags);
  if (!body["info"].is_object()) body["info"].emplace_object();
  if (const auto* name = api.properties.if_contains("Name")) body["info"].get_object()["title"] = *name;
  if (const auto* text = api.properties.if_contains("Description")) body["info"].get_object()["description"] = *text;

  json::object properties;
  properties["Body"] = body;
  if (const auto* fail = api.properties.if_contains("FailOnWarnings")) properties["FailOnWarnings"] = *fail;
  TRY(add(id, "AWS::ApiGatewayV2::Api", std::move(properties), api.attributes));

  json::object stage;
  const auto* stage_name = api.properties.if_contains("StageName");
  stage["ApiId"] = ref_to(id);
  stage["StageName"] = stage_name != nullptr ? *stage_name : json::value("$default");
  for (const char* same : {"StageVariables", "AccessLogSettings", "DefaultRouteSettings", "RouteSettings"}) {
    if (const auto* value = api.properties.if_contains(same)) stage[same] = *value;
  }
  stage["Tags"] = std::move(tags);
  stage["AutoDeploy"] = true;
  const auto id_of_stage = stage_id(id, stage["StageName"]);
  return add(id_of_stage, "AWS::ApiGatewayV2::Stage", std::move(stage), attributes_for_parts(api.attributes));
}

base::Result<> Expansion::rest_api(const std::string& id, Api& api) {
  TRY(only_keys(api.properties,
                {"Name", "StageName", "Tags", "PropagateTags", "DefinitionBody", "Variables", "EndpointConfiguration",
                 "MethodSettings", "BinaryMediaTypes", "MinimumCompressionSize", "AccessLogSetting", "TracingEnabled",
                 "OpenApiVersion", "FailOnWarnings", "Description"},
                "AWS::Serverless::Api"));
  if (!api.properties.contains("StageName")) return invalid("Missing required property 'StageName'.");
  TRY(wrap_conditions(api));
  auto& body = api.body;
  const auto* version = api.properties.if_contains("OpenApiVersion");
  if (version != nullptr && version->is_string() && version->get_string().starts_with("3")) {
    body.erase("swagger");
    body["openapi"] = *version;
  }
  json::object properties;
  if (const auto* media = api.properties.if_contains("BinaryMediaTypes"); media != nullptr && media->is_array()) {
    json::array types;
    for (const auto& type : media->get_array()) {
      std::string text = type.is_string() ? std::string(type.get_string()) : "";
      for (auto at = text.find("~1"); at != std::string::npos; at = text.find("~1")) text.replace(at, 2, "/");
      types.push_back(text.empty() ? type : json::value(json::string(text)));
    }
    body["x-amazon-apigateway-binary-media-types"] = std::move(types);
    properties["BinaryMediaTypes"] = *media;
  }
  properties["Body"] = body;
  for (const char* same : {"Name", "Description", "MinimumCompressionSize", "FailOnWarnings"}) {
    if (const auto* value = api.properties.if_contains(same)) properties[same] = *value;
  }
  if (const auto* endpoint = api.properties.if_contains("EndpointConfiguration")) {
    const auto type = endpoint->is_object() && endpoint->get_object().contains("Type")
                          ? endpoint->get_object().at("Type")
                          : *endpoint;
    if (type.is_object()) return invalid("property EndpointConfiguration is not a word or {Type: …}");
    properties["EndpointConfiguration"].emplace_object()["Types"].emplace_array().push_back(type);
    properties["Parameters"].emplace_object()["endpointConfigurationTypes"] = type;
  }
  TRY(add(id, "AWS::ApiGateway::RestApi", std::move(properties), api.attributes));

  const auto hash = sha1_hex(json::serialize(body));
  const auto deployment_id = id + "Deployment" + hash.substr(0, 10);
  json::object deployment;
  deployment["Description"] = "RestApi deployment id: " + hash;
  deployment["RestApiId"] = ref_to(id);
  if (version == nullptr) deployment["StageName"] = "Stage";
  TRY(add(deployment_id, "AWS::ApiGateway::Deployment", std::move(deployment), attributes_for_parts(api.attributes)));

  json::object stage;
  stage["DeploymentId"] = ref_to(deployment_id);
  stage["RestApiId"] = ref_to(id);
  stage["StageName"] = api.properties.at("StageName");
  for (const char* same : {"Variables", "MethodSettings", "AccessLogSetting", "TracingEnabled"}) {
    if (const auto* value = api.properties.if_contains(same)) stage[same] = *value;
  }
  if (const auto tags = object_at(api.properties, "Tags"); !tags.empty()) stage["Tags"] = tag_list(tags);
  const auto id_of_stage = stage_id(id, stage["StageName"]);
  return add(id_of_stage, "AWS::ApiGateway::Stage", std::move(stage), attributes_for_parts(api.attributes));
}

}  // namespace localcloud::sam
