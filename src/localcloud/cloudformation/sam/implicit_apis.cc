#include "localcloud/cloudformation/sam/implicit_apis.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "localcloud/cloudformation/sam/definition.h"
#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/values.h"

namespace localcloud::sam {
namespace {

struct ApiKind {
  bool http;
  std::string_view event_type;    // of a function
  std::string_view api_property;  // of the event
  std::string_view resource_type;
  std::string_view implicit_id;
};

constexpr ApiKind kRest = {false, "Api", "RestApiId", "AWS::Serverless::Api", "ServerlessRestApi"};
constexpr ApiKind kHttp = {true, "HttpApi", "ApiId", "AWS::Serverless::HttpApi", "ServerlessHttpApi"};

void add_default_definitions(json::object& resources, const ApiKind& kind) {
  for (auto& [_, value] : resources) {
    auto* resource = value.if_object();
    if (resource == nullptr || string_at(*resource, "Type") != kind.resource_type) continue;
    auto& properties = object_in(*resource, "Properties");
    if (truthy_at(properties, "DefinitionBody") || truthy_at(properties, "DefinitionUri")) continue;
    properties["DefinitionBody"] = kind.http ? new_http_definition() : new_rest_definition();
    properties[kManaged] = true;
  }
}

json::object implicit_api(const ApiKind& kind) {
  json::object properties;
  if (!kind.http) properties["StageName"] = "Prod";
  properties["DefinitionBody"] = kind.http ? new_http_definition() : new_rest_definition();
  properties[kManaged] = true;
  json::object resource;
  resource["Type"] = kind.resource_type;
  resource["Properties"] = std::move(properties);
  return resource;
}

// One kind of API in one template.
class ImplicitApis {
 public:
  ImplicitApis(json::object& document, const ApiKind& kind)
      : document_(document), resources_(object_in(document, "Resources")), kind_(kind) {}

  // The errors, one for a function.
  base::Result<std::vector<std::string>> run() {
    json::value existing;
    if (const auto* given = resources_.if_contains(kind_.implicit_id)) existing = *given;
    resources_[kind_.implicit_id] = implicit_api(kind_);
    std::vector<std::string> errors;
    for (auto& [id, value] : resources_) {
      auto* function = value.if_object();
      if (function == nullptr || string_at(*function, "Type") != "AWS::Serverless::Function") continue;
      if (auto done = read_events(*function); !done) {
        if (done.error().code == kEndsTransform) return tl::unexpected(done.error());
        errors.push_back(
            fmt::format("Resource with id [{}] is invalid. {}", std::string_view(id), done.error().message));
      }
    }
    if (!errors.empty()) return errors;
    set_attributes();
    set_path_conditions();
    remove_if_unused(std::move(existing));
    for (auto& [name, condition] : combined_) object_in(document_, "Conditions")[name] = condition;
    return errors;
  }

 private:
  using MethodConditions = std::map<std::string, std::string>;  // "" for none

  base::Result<> read_events(json::object& function) {
    auto* properties = find_object(function, "Properties");
    auto* events = properties == nullptr ? nullptr : find_object(*properties, "Events");
    if (events == nullptr) return {};
    for (auto& [id, value] : *events) {
      auto* event = value.if_object();
      if (event == nullptr || string_at(*event, "Type") != kind_.event_type) continue;
      if (const auto* given = find(*event, "Properties"); given != nullptr && !given->is_object()) {
        return invalid_event(id, "Properties should be a map.");
      }
      if (!kind_.http && !truthy_at(*event, "Properties")) continue;  // its own check says what is missing
      TRY(read_event(id, object_in(*event, "Properties"), function));
    }
    return {};
  }

  base::Result<> read_event(std::string_view id, json::object& event, const json::object& function) {
    share_tags(event, function);
    if (!event.contains(kind_.api_property)) event[kind_.api_property] = ref_to(kind_.implicit_id);
    if (kind_.http && !truthy_at(event, "Path") && !truthy_at(event, "Method")) {
      event["Path"] = "$default";
      event["Method"] = kAnyMethod;
    }
    json::value api = event[kind_.api_property];
    if (const auto* reference = api.if_object(); reference != nullptr && reference->contains("Ref")) {
      api = json::value(reference->at("Ref"));
    }
    for (const char* name : {"Path", "Method"}) {
      if (find(event, name) == nullptr) return invalid_event(id, fmt::format("Property '{}' is required.", name));
    }
    if (!api.is_string())
      return invalid_event(id, fmt::format("Property '{}' should be a string.", kind_.api_property));
    for (const char* name : {"Path", "Method"}) {
      if (!event.at(name).is_string()) {
        return invalid_event(id, fmt::format("Property '{}' should be a string.", name));
      }
    }
    const std::string api_id(api.get_string());
    const auto path = string_at(event, "Path");
    conditions_[api_id][path][string_at(event, "Method")] = string_at(function, "Condition");
    if (api_id == kind_.implicit_id) {
      deletion_policies_.insert(string_at(function, "DeletionPolicy"));
      replace_policies_.insert(string_at(function, "UpdateReplacePolicy"));
    }
    TRY(add_to_api(id, api_id, path, string_at(event, "Method")));
    return kind_.http && event.contains("RouteSettings") ? add_route_settings(id, api_id, event, function)
                                                         : base::Result<>{};
  }

  void share_tags(const json::object& event, const json::object& function) {
    if (event.contains(kind_.api_property)) return;
    const auto properties = object_at(function, "Properties");
    const auto globals = object_at(object_at(document_, "Globals"), "Function");
    const bool wanted = truthy_at(properties, "PropagateTags") || truthy_at(globals, "PropagateTags");
    const auto tags = truthy_at(properties, "Tags") ? object_at(properties, "Tags") : object_at(globals, "Tags");
    if (!wanted || tags.empty()) return;
    auto& api = object_in(object_in(resources_, kind_.implicit_id), "Properties");
    auto& shared = object_in(api, "Tags");
    for (const auto& [key, value] : tags) shared[key] = value;
    api["PropagateTags"] = true;
  }

  base::Result<> add_to_api(std::string_view event_id, std::string_view api_id, std::string_view path,
                            std::string_view method) {
    auto* api = find_object(resources_, api_id);
    const bool other = api != nullptr && !kind_.http && string_at(*api, "Type") == kHttp.resource_type;
    if (api == nullptr || other) {
      return invalid_event(event_id, fmt::format("{} must be a valid reference to an '{}' resource in same template.",
                                                 kind_.api_property, kind_.resource_type));
    }
    auto* properties = find_object(*api, "Properties");
    if (properties == nullptr || !truthy_at(*properties, kManaged)) return {};
    const auto* body = find(*properties, "DefinitionBody");
    if (kind_.http ? !is_http_definition(body) : !is_rest_definition(body)) return {};
    return add_path(object_in(*properties, "DefinitionBody"), path, method);
  }

  base::Result<> add_route_settings(std::string_view event_id, std::string_view api_id, const json::object& event,
                                    const json::object& function) {
    const auto method = string_at(event, "Method");
    const auto path = string_at(event, "Path");
    auto& properties = object_in(object_in(resources_, api_id), "Properties");
    if (const auto* given = find(properties, "RouteSettings"); given != nullptr && !given->is_object()) {
      return invalid_resource(api_id, "Property 'RouteSettings' should be a map.");
    }
    json::value settings = event.at("RouteSettings");
    const auto condition = string_at(function, "Condition");
    if (!condition.empty()) settings = if_condition(condition, settings);
    if (!settings.is_object()) return invalid_event(event_id, "Property 'RouteSettings' should be a map.");
    const auto route = method == kAnyMethod ? path : fmt::format("{} {}", upper(method), path);
    auto& of_route = object_in(object_in(properties, "RouteSettings"), route);
    for (const auto& [key, value] : settings.get_object()) of_route[key] = value;
    return {};
  }

  static std::set<std::string> distinct(const MethodConditions& methods) {
    std::set<std::string> result;
    for (const auto& [_, condition] : methods) result.insert(condition);
    return result;
  }

  // Condition and policies of the implicit API: those of all functions behind it.
  void set_attributes() {
    auto& api = object_in(resources_, kind_.implicit_id);
    std::set<std::string> all;
    for (const auto& [_, methods] : conditions_[std::string(kind_.implicit_id)]) all.merge(distinct(methods));
    if (all.size() == 1 && !all.contains("")) api["Condition"] = *all.begin();
    if (all.size() > 1 && !all.contains("")) {
      const auto name = fmt::format("{}Condition", kind_.implicit_id);
      api["Condition"] = name;
      combine(name, all);
    }
    const auto strongest = [&api](const char* attribute, const std::set<std::string>& policies) {
      for (const char* policy : {"Retain", "Snapshot", "Delete"}) {
        if (!policies.contains(policy)) continue;
        api[attribute] = policy;
        return;
      }
    };
    deletion_policies_.erase("Snapshot");
    strongest("DeletionPolicy", deletion_policies_);
    strongest("UpdateReplacePolicy", replace_policies_);
  }

  void set_path_conditions() {
    for (auto& [id, value] : resources_) {
      auto* api = value.if_object();
      if (api == nullptr || string_at(*api, "Type") != kind_.resource_type) continue;
      auto& properties = object_in(*api, "Properties");
      if (!truthy_at(properties, kManaged)) continue;
      auto& paths = object_in(object_in(properties, "DefinitionBody"), "paths");
      for (auto& [path, item] : paths) {
        const auto all = distinct(conditions_[std::string(id)][std::string(path)]);
        if (all.empty() || all.contains("")) continue;
        std::string condition = *all.begin();
        if (all.size() > 1) {
          auto name = replaced(replaced(replaced(path, "/", "SLASH"), "{", "OB"), "}", "CB");
          condition = fmt::format("{}{}PathCondition", std::string_view(id), name);
          combine(condition, all);
        }
        item = if_condition(condition, std::move(item));
      }
    }
  }

  void remove_if_unused(json::value existing) {
    const auto body = object_at(object_at(object_at(resources_, kind_.implicit_id), "Properties"), "DefinitionBody");
    if (!path_names(body).empty()) return;
    if (existing.is_null())
      resources_.erase(kind_.implicit_id);
    else
      resources_[kind_.implicit_id] = std::move(existing);
  }

  // Fn::Or takes ten; more become a chain.
  void combine(std::string_view name, const std::set<std::string>& conditions) {
    constexpr std::size_t kMost = 10;
    std::vector<std::string> rest(conditions.begin(), conditions.end());
    auto number = (rest.size() - 2) / (kMost - 1);
    while (rest.size() > 1) {
      const auto made = number > 0 ? fmt::format("{}{}", name, number--) : std::string(name);
      json::array choices;
      const auto taken = std::min(kMost, rest.size());
      for (std::size_t i = 0; i < taken; ++i) {
        json::object choice;
        choice["Condition"] = rest[i];
        choices.emplace_back(std::move(choice));
      }
      rest.erase(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(taken));
      rest.push_back(made);
      json::object either;
      either["Fn::Or"] = std::move(choices);
      combined_[made] = std::move(either);
    }
  }

  json::object& document_;
  json::object& resources_;
  const ApiKind& kind_;
  std::map<std::string, std::map<std::string, MethodConditions>> conditions_;  // by API, then path
  std::set<std::string> deletion_policies_, replace_policies_;                 // of the implicit API's functions
  json::object combined_;                                                      // conditions to add
};

}  // namespace

base::Result<std::vector<std::string>> add_implicit_apis(json::object& document) {
  auto& resources = object_in(document, "Resources");
  add_default_definitions(resources, kRest);
  add_default_definitions(resources, kHttp);
  TRY(auto errors, ImplicitApis(document, kRest).run());
  if (!errors.empty()) return errors;
  return ImplicitApis(document, kHttp).run();
}

}  // namespace localcloud::sam
