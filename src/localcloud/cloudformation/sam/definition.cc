#include "localcloud/cloudformation/sam/definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/values.h"
#include "localcloud/http_text.h"

namespace localcloud::sam {
namespace {

base::Result<json::object*> as_path_item(json::value& item, std::string_view path) {
  if (auto* object = item.if_object()) return object;
  return invalid_document(fmt::format("Value of '{}' path must be a dictionary according to Swagger spec.", path));
}

base::Result<json::object*> as_method(json::value* item, std::string_view path, std::string_view method) {
  auto* object = item == nullptr ? nullptr : item->if_object();
  if (object != nullptr) return object;
  return invalid_document(fmt::format("Definition of method '{}' for path '{}' should be a map.", method, path));
}

json::object info() {
  json::object result;
  result["version"] = "1.0";
  result["title"] = ref_to("AWS::StackName");
  return result;
}

struct S3Location {
  json::value bucket, key;
  std::optional<json::value> version, storage_mode;
};

std::optional<S3Location> parse_s3_uri(std::string_view uri) {
  constexpr std::string_view kScheme = "s3://";
  constexpr std::string_view kVersion = "versionId=";
  if (!uri.starts_with(kScheme)) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  const auto slash = uri.find('/');
  if (slash == 0 || slash == std::string_view::npos) return std::nullopt;
  S3Location location;
  location.bucket = uri.substr(0, slash);
  auto key = uri.substr(slash + 1);
  const auto question = key.find('?');
  if (question != std::string_view::npos) {
    const auto query = key.substr(question + 1);
    if (const auto at = query.find(kVersion); at != std::string_view::npos) {
      const auto rest = query.substr(at + kVersion.size());
      location.version = json::value(rest.substr(0, rest.find('&')));
    }
    key = key.substr(0, question);
  }
  key.remove_prefix(std::min(key.find_first_not_of('/'), key.size()));
  location.key = key;
  return location;
}

base::Result<S3Location> s3_location(const json::value& uri, std::string_view id, std::string_view property) {
  if (const auto* object = uri.if_object()) {
    if (!truthy_at(*object, "Bucket") || !truthy_at(*object, "Key")) {
      return invalid_resource(id, fmt::format("'{}' requires Bucket and Key properties to be specified.", property));
    }
    S3Location location{.bucket = object->at("Bucket"), .key = object->at("Key")};
    if (const auto* version = object->if_contains("Version")) location.version = *version;
    if (const auto* mode = object->if_contains("StorageMode")) location.storage_mode = *mode;
    return location;
  }
  const auto* text = uri.if_string();
  if (text == nullptr) return invalid_resource(id, fmt::format("'{}' must be of type dict or string.", property));
  if (auto location = parse_s3_uri(*text)) return std::move(*location);
  return invalid_resource(
      id,
      fmt::format("'{}' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.",
                  property));
}

}  // namespace

bool is_openapi_3(const json::value& version) {
  const auto text = text_of(version);
  const auto digit = [&text](std::size_t at) { return std::isdigit(static_cast<unsigned char>(text[at])) != 0; };
  if (text.size() < 3 || text[0] != '3' || text[1] != '.' || !digit(2)) return false;
  return text.size() == 3 || (text.size() == 5 && text[3] == '.' && digit(4));
}

bool is_rest_definition(const json::value* body) {
  const auto* object = body == nullptr ? nullptr : body->if_object();
  if (object == nullptr || find_object(*object, "paths") == nullptr) return false;
  if (truthy_at(*object, "swagger")) return true;
  return truthy_at(*object, "openapi") && is_openapi_3(object->at("openapi"));
}

bool is_http_definition(const json::value* body) {
  const auto* object = body == nullptr ? nullptr : body->if_object();
  return object != nullptr && find_object(*object, "paths") != nullptr && truthy_at(*object, "openapi") &&
         is_openapi_3(object->at("openapi"));
}

json::object new_rest_definition() {
  json::object body;
  body["swagger"] = "2.0";
  body["info"] = info();
  body["paths"].emplace_object();
  return body;
}

json::object new_http_definition() {
  json::object body;
  body["openapi"] = "3.0.1";
  body["info"] = info();
  body["paths"].emplace_object();
  return body;
}

std::string method_key(std::string_view method) {
  auto key = lower_case(method);
  return key == "any" ? std::string(kAnyMethod) : key;
}

std::string without_parameters(std::string_view path, bool greedy_too) {
  std::string result;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto close = path[i] == '{' ? path.find('}', i) : std::string_view::npos;
    if (close == std::string_view::npos) {
      result += path[i];
      continue;
    }
    const auto name = path.substr(i, close - i + 1);
    result += greedy_too || !name.ends_with("+}") || name == "{proxy+}" ? "*" : name;
    i = close;
  }
  return result;
}

std::vector<std::string> path_names(const json::object& body) {
  std::vector<std::string> names;
  if (const auto* paths = find_object(body, "paths")) {
    for (const auto& [path, _] : *paths) names.emplace_back(path);
  }
  return names;
}

base::Result<std::vector<json::value*>> alternatives(json::value& item) {
  std::vector<json::value*> result;
  auto* object = item.if_object();
  auto* choice = object == nullptr ? nullptr : object->if_contains("Fn::If");
  if (choice == nullptr) {
    result.push_back(&item);
    return result;
  }
  auto* arguments = choice->if_array();
  if (arguments == nullptr) return invalid_document("Value of Fn::If must be a list.");
  for (std::size_t i = 1; i < arguments->size(); ++i) {
    if (!is_no_value((*arguments)[i])) result.push_back(&(*arguments)[i]);
  }
  return result;
}

base::Result<std::vector<json::object*>> path_alternatives(json::object& body, std::string_view path) {
  std::vector<json::object*> result;
  auto* item = object_in(body, "paths").if_contains(path);
  json::value nothing;
  TRY(const auto items, alternatives(item != nullptr ? *item : nothing));
  for (auto* one : items) {
    TRY(auto* object, as_path_item(*one, path));
    result.push_back(object);
  }
  return result;
}

base::Result<bool> has_integration(json::object& body, std::string_view path, std::string_view method) {
  auto* item = object_in(body, "paths").if_contains(path);
  if (item == nullptr) return false;
  const auto key = method_key(method);
  TRY(const auto items, alternatives(*item));
  for (auto* one : items) {
    auto* path_item = one->if_object();
    auto* definition = path_item == nullptr ? nullptr : path_item->if_contains(key);
    if (definition == nullptr || !definition->is_object()) return false;
    TRY(const auto definitions, alternatives(*definition));
    bool integrated = false;
    for (auto* candidate : definitions) {
      TRY(const auto* object, as_method(candidate, path, method));
      integrated = integrated || truthy_at(*object, kIntegration);
    }
    if (!integrated) return false;
  }
  return true;
}

base::Result<> add_path(json::object& body, std::string_view path, std::string_view method) {
  auto& paths = object_in(body, "paths");
  if (!paths.contains(path)) paths[path].emplace_object();
  TRY(as_path_item(paths[path], path));
  TRY(const auto items, alternatives(paths[path]));
  const auto key = method_key(method);
  for (auto* one : items) {
    TRY(auto* object, as_path_item(*one, path));
    if (!object->contains(key)) (*object)[key].emplace_object();
  }
  return {};
}

base::Result<std::vector<json::object*>> method_definitions(json::object& body, std::string_view path,
                                                            std::string_view method, bool integrated_only) {
  std::vector<json::object*> result;
  const auto key = method_key(method);
  TRY(const auto items, path_alternatives(body, path));
  for (auto* item : items) {
    auto* of_method = item->if_contains(key);
    TRY(as_method(of_method, path, method));
    TRY(const auto definitions, alternatives(*of_method));
    for (auto* definition : definitions) {
      TRY(auto* object, as_method(definition, path, method));
      if (!integrated_only || truthy_at(*object, kIntegration)) result.push_back(object);
    }
  }
  return result;
}

base::Result<std::vector<MethodDefinition>> all_method_definitions(json::object& body, std::string_view path,
                                                                   const std::vector<std::string_view>& skipped) {
  std::vector<MethodDefinition> result;
  TRY(const auto items, path_alternatives(body, path));
  for (auto* item : items) {
    for (auto& member : *item) {
      const std::string_view name = member.key();
      if (std::find(skipped.begin(), skipped.end(), name) != skipped.end()) continue;
      TRY(const auto definitions, alternatives(member.value()));
      for (auto* definition : definitions) {
        TRY(auto* object, as_method(definition, path, name));
        if (truthy_at(*object, kIntegration)) result.push_back({method_key(name), object});
      }
    }
  }
  return result;
}

base::Result<> set_timeout(json::object& body, std::string_view path, std::string_view method,
                           const json::value& milliseconds) {
  TRY(const auto definitions, method_definitions(body, path, method));
  for (auto* definition : definitions) object_in(*definition, kIntegration)["timeoutInMillis"] = milliseconds;
  return {};
}

base::Result<json::array> security_of(const json::object& definition, std::string_view path, std::string_view method) {
  const auto* security = definition.if_contains("security");
  if (security == nullptr) return json::array{};
  if (security->is_array()) return security->get_array();
  return invalid_document(fmt::format("Type of security for path {} method {} must be a list", path, method));
}

json::object requirement(std::string_view name, json::value scopes) {
  json::object result;
  result[name] = std::move(scopes);
  return result;
}

base::Result<json::object> code_location(const json::value& uri, std::string_view id, std::string_view property) {
  TRY(auto location, s3_location(uri, id, property));
  json::object result;
  result["S3Bucket"] = std::move(location.bucket);
  result["S3Key"] = std::move(location.key);
  if (location.version) result["S3ObjectVersion"] = std::move(*location.version);
  if (location.storage_mode) result["S3ObjectStorageMode"] = std::move(*location.storage_mode);
  return result;
}

base::Result<json::object> body_location(const json::value& uri, std::string_view id) {
  TRY(auto location, s3_location(uri, id, "DefinitionUri"));
  json::object result;
  result["Bucket"] = std::move(location.bucket);
  result["Key"] = std::move(location.key);
  if (location.version) result["Version"] = std::move(*location.version);
  return result;
}

}  // namespace localcloud::sam
