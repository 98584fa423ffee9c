// Events of REST and HTTP APIs: routes in the definition of an API of the same template, and who may call.

#include <fmt/format.h>

#include <algorithm>

#include "localcloud/cloudformation/sam/definition.h"
#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/events.h"
#include "localcloud/cloudformation/sam/http_definition.h"
#include "localcloud/cloudformation/sam/implicit_apis.h"
#include "localcloud/cloudformation/sam/resolve.h"
#include "localcloud/cloudformation/sam/rest_definition.h"
#include "localcloud/http_text.h"

namespace localcloud::sam {
namespace {

constexpr std::string_view kPrincipal = "apigateway.amazonaws.com";

// The logical id of the API an event names; or what it says instead.
json::value api_of(const Event& event, const char* property) {
  const auto* given = find(event.properties, property);
  if (given == nullptr) return nullptr;
  const auto* reference = given->is_object() ? given->get_object().if_contains("Ref") : nullptr;
  return reference != nullptr ? *reference : *given;
}

json::object integration_uri(const Target& target, std::string_view partition, bool streamed) {
  return sub(fmt::format("arn:{}:apigateway:${{AWS::Region}}:lambda:path/{}/functions/{}/{}", partition,
                         streamed ? "2021-11-15" : "2015-03-31", target.arn_in_sub(),
                         streamed ? "response-streaming-invocations" : "invocations"));
}

// In the ARN of a permission. A trailing slash goes.
std::string permission_path(std::string path, bool http) {
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return without_parameters(path, !http);
}

json::object execute_api_arn(std::string_view partition, std::string_view resource, const json::value& api) {
  json::object variables;
  variables["__ApiId__"] = api;
  variables["__Stage__"] = "*";
  return sub(fmt::format("arn:{}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/{}",
                         partition, resource),
             variables);
}

// How the logical id of a permission ends: the stage, if it is known.
base::Result<std::string> stage_suffix(const Context& context, const json::value& api) {
  if (!api.is_string()) return std::string("AllStages");
  const auto properties = object_at(object_at(context.resources, api.get_string()), "Properties");
  const auto* stage = find(properties, "StageName");
  if (stage == nullptr || !stage->is_string()) return std::string("Stage");
  if (stage->get_string().empty()) return invalid_resource(api.get_string(), "StageName cannot be empty.");
  return std::string(stage->get_string());
}

base::Result<> check_authorizer(const Event& event, const json::value& authorizer, const json::object& api_auth,
                                bool iam) {
  const auto where = fmt::format("on API method [{}] for path [{}]", lower_case(string_at(event.properties, "Method")),
                                 string_at(event.properties, "Path"));
  if (is_text(authorizer, "NONE")) {
    if (truthy_at(api_auth, "DefaultAuthorizer")) return {};
    return invalid_event(event.id, fmt::format("Unable to set Authorizer {} because 'NONE' is only a valid value when "
                                               "a DefaultAuthorizer on the API is specified.",
                                               where));
  }
  if (iam && is_text(authorizer, "AWS_IAM")) return {};
  const auto* declared = find(api_auth, "Authorizers");
  const auto name = text_of(authorizer);
  const auto refused = [&](std::string_view why) {
    return invalid_event(event.id, fmt::format("Unable to set Authorizer [{}] {}{}", name, where, why));
  };
  const bool any = declared != nullptr && truthy(*declared);
  if (!any && (event.type == "Api" || api_auth.empty()))
    return refused(" because the related API does not define any Authorizers.");
  if (!authorizer.is_string() || declared == nullptr || !declared->is_object()) {
    return refused(". The method authorizer must be a string with a corresponding dict entry in the api authorizer.");
  }
  if (!any) return refused(" because the related API does not define any Authorizers.");
  if (!truthy_at(declared->get_object(), name)) {
    return refused(" because it wasn't defined in the API's Authorizers.");
  }
  return {};
}

// --- REST

base::Result<> check_rest_auth(const Event& event, const json::object& auth, const json::object& api_auth,
                               std::string_view api_id) {
  const auto* authorizers = find(api_auth, "Authorizers");
  const auto* authorizer = find(auth, "Authorizer");
  const bool named = authorizer != nullptr && truthy(*authorizer);
  if (named && authorizers != nullptr && truthy(*authorizers) && !authorizers->is_object()) {
    return invalid_resource(api_id, "Property 'Auth.Authorizers' should be a map.");
  }
  if (named) TRY(check_authorizer(event, *authorizer, api_auth, true));
  if (truthy_at(auth, "AuthorizationScopes")) {
    if (!auth.at("AuthorizationScopes").is_array()) {
      return invalid_event(event.id, "Property 'Auth.AuthorizationScopes' should be a list.");
    }
    if (!named) return invalid_event(event.id, "AuthorizationScopes works only when Authorizer is set");
  }
  const auto* key = find(auth, "ApiKeyRequired");
  if (key != nullptr && !truthy(*key) && !truthy_at(api_auth, "ApiKeyRequired")) {
    return invalid_event(
        event.id, fmt::format("Unable to set ApiKeyRequired [False] on API method [{}] for path [{}] "
                              "because the related API does not specify any ApiKeyRequired.",
                              lower_case(string_at(event.properties, "Method")), string_at(event.properties, "Path")));
  }
  return {};
}

// The event's Auth into the definition.
base::Result<> add_rest_auth(Context& context, const Event& event, json::object& api, const std::string& api_id,
                             json::object& body) {
  const auto auth = object_at(event.properties, "Auth");
  if (auth.empty()) return {};
  if (const auto* given = find(api, "Auth")) {
    TRY(api["Auth"], with_parameters(*given, context.parameters));
  }
  const auto api_auth = object_at(api, "Auth");
  TRY(check_rest_auth(event, auth, api_auth, api_id));
  const auto path = string_at(event.properties, "Path");
  TRY(add_method_auth(body, path, lower_case(string_at(event.properties, "Method")), auth, api_auth));
  if (!truthy_at(auth, "ResourcePolicy")) return {};
  const auto* policy = auth.at("ResourcePolicy").if_object();
  if (policy == nullptr) return invalid_resource(event.id, "Property 'Auth.ResourcePolicy' should be a map.");
  TRY(const auto stage, stage_suffix(context, json::value(json::string(api_id))));
  TRY(add_resource_policy(body, *policy, path, json::value(json::string(stage))));
  if (truthy_at(*policy, "CustomStatements")) add_custom_statements(body, policy->at("CustomStatements"));
  return {};
}

base::Result<> add_rest_model(const Event& event, const json::object& api, json::object& body) {
  const auto model = object_at(event.properties, "RequestModel");
  if (!truthy_at(model, "Model")) return {};
  const auto path = string_at(event.properties, "Path");
  const auto method = lower_case(string_at(event.properties, "Method"));
  const auto& name = model.at("Model");
  const auto refused = [&](std::string_view why) {
    return invalid_event(event.id,
                         fmt::format("Unable to set RequestModel [{}] on API method [{}] for path [{}] because "
                                     "{}",
                                     text_of(name), method, path, why));
  };
  const auto* models = find(api, "Models");
  if (models == nullptr || !truthy(*models)) return refused("the related API does not define any Models.");
  if (!models->is_object()) return refused("the related API Models defined is of invalid type.");
  if (!name.is_string()) return refused("the related API does not contain valid Models.");
  if (!truthy_at(models->get_object(), name.get_string())) return refused("it wasn't defined in the API's Models.");
  TRY(add_request_model(body, path, method, model));
  const auto* validate_body = find(model, "ValidateBody");
  const auto* validate_parameters = find(model, "ValidateParameters");
  if (validate_body == nullptr && validate_parameters == nullptr) return {};
  const bool booleans = (validate_body == nullptr || validate_body->is_bool()) &&
                        (validate_parameters == nullptr || validate_parameters->is_bool());
  if (!booleans) {
    return invalid_event(event.id,
                         fmt::format("Unable to set Validator to RequestModel [{}] on API method [{}] for path [{}] "
                                     "ValidateBody and ValidateParameters must be a boolean type, strings or "
                                     "intrinsics are not supported.",
                                     text_of(name), method, path));
  }
  return add_request_validator(body, path, method, is_true(model, "ValidateBody"),
                               is_true(model, "ValidateParameters"));
}

base::Result<json::object> request_parameter(const Event& event, const json::value& given) {
  const auto refused = [&event](std::string_view why) {
    return invalid_event(event.id, fmt::format("Invalid value for 'RequestParameters' property. {}", why));
  };
  json::object settings;
  settings["Required"] = false;
  settings["Caching"] = false;
  std::string name;
  if (const auto* text = given.if_string()) {
    name = std::string(*text);
  } else if (const auto* object = given.if_object(); object != nullptr && !object->empty()) {
    name = std::string(object->begin()->key());
    const auto* values = object->begin()->value().if_object();
    const auto known = [](const auto& member) { return member.key() == "Required" || member.key() == "Caching"; };
    if (values == nullptr || !std::all_of(values->begin(), values->end(), known)) {
      return refused("Values must be an object, e.g { Required: true, Caching: false }");
    }
    for (const auto& [key, value] : *values) settings[key] = value;
  } else {
    return refused("Property must be either a string or an object");
  }
  constexpr std::string_view kPlaces[] = {"method.request.querystring.", "method.request.path.",
                                          "method.request.header."};
  const auto begins = [&name](std::string_view place) { return name.starts_with(place); };
  if (std::none_of(std::begin(kPlaces), std::end(kPlaces), begins)) {
    return refused(
        "Keys must be in the format 'method.request.[querystring|path|header].{value}', e.g "
        "'method.request.header.Authorization'.");
  }
  settings["Name"] = name;
  return settings;
}

base::Result<> add_rest_parameters(const Event& event, json::object& body) {
  if (!truthy_at(event.properties, "RequestParameters")) return {};
  json::array parameters;
  for (const auto& given : event.properties.at("RequestParameters").get_array()) {
    TRY(auto parameter, request_parameter(event, given));
    parameters.emplace_back(std::move(parameter));
  }
  return add_request_parameters(body, string_at(event.properties, "Path"),
                                lower_case(string_at(event.properties, "Method")), parameters);
}

base::Result<> add_rest_route(Context& context, const Event& event, const Target& target, json::object& api,
                              const std::string& api_id, json::object& body) {
  const auto path = string_at(event.properties, "Path");
  const auto method = lower_case(string_at(event.properties, "Method"));
  TRY(check_rest_definition(&api.at("DefinitionBody")));
  TRY(const auto taken, has_integration(body, path, method));
  if (taken) {
    return invalid_event(event.id,
                         fmt::format("API method \"{}\" defined multiple times for path \"{}\".", method, path));
  }
  if (const auto* auth = find(api, "Auth"); auth != nullptr && truthy(*auth) && !auth->is_object()) {
    return invalid_resource(api_id, "Property 'Auth' should be a map.");
  }
  const bool streamed = string_at(event.properties, "ResponseTransferMode") == "RESPONSE_STREAM";
  TRY(add_function_route(body,
                         RestRoute{.path = path,
                                   .method = method,
                                   .uri = integration_uri(target, "aws", streamed),
                                   .condition = target.condition,
                                   .streamed = streamed},
                         object_at(event.properties, "Auth"), object_at(api, "Auth")));
  TRY(add_rest_auth(context, event, api, api_id, body));
  if (truthy_at(event.properties, "TimeoutInMillis")) {
    TRY(set_timeout(body, path, method, event.properties.at("TimeoutInMillis")));
  }
  TRY(add_rest_model(event, api, body));
  return add_rest_parameters(event, body);
}

// MergeDefinitions: the route alone is made, and its members go over the user's.
base::Result<> merge_route(const Event& event, json::object& api, const std::string& api_id,
                           const json::object& made_body) {
  const auto path = string_at(event.properties, "Path");
  const auto method = lower_case(string_at(event.properties, "Method"));
  const auto of_path = object_at(object_at(made_body, "paths"), path);
  auto& paths = object_in(object_in(api, "DefinitionBody"), "paths");
  auto& own = object_in(paths, path)[method];
  if (!own.is_null() && !own.is_object()) {
    return invalid_resource(api_id,
                            fmt::format("Property 'DefinitionBody.paths.{}.{}' should be a map.", path, method));
  }
  if (own.is_null()) own.emplace_object();
  for (const auto& [key, value] : object_at(of_path, method_key(method))) own.get_object()[key] = value;
  return {};
}

}  // namespace

base::Result<> check_rest_event(const Context& context, const Event& event) {
  const auto api = api_of(event, "RestApiId");
  if (api.is_string() && find_object(context.resources, api.get_string()) == nullptr) {
    return invalid_event(event.id,
                         "RestApiId property of Api event must reference a valid resource in the same template.");
  }
  TRY(stage_suffix(context, api));
  return {};
}

base::Result<std::vector<Made>> make_rest_event(Context& context, const Event& event, const Target& target) {
  const auto api_id = api_of(event, "RestApiId");
  const auto method = lower_case(string_at(event.properties, "Method"));
  TRY(auto suffix, stage_suffix(context, api_id));
  const auto resource = fmt::format("{}{}", method == "any" ? "*" : upper(method),
                                    permission_path(string_at(event.properties, "Path"), false));
  std::vector<Made> made;
  made.push_back(permission(event, target,
                            {.principal = kPrincipal,
                             .source_arn = execute_api_arn("aws", resource, event.properties.at("RestApiId")),
                             .suffix = std::move(suffix)}));
  auto* api_resource = api_id.is_string() ? find_object(context.resources, api_id.get_string()) : nullptr;
  auto* api = api_resource == nullptr ? nullptr : find_object(*api_resource, "Properties");
  if (api == nullptr || find_object(*api, "DefinitionBody") == nullptr) return made;
  const std::string id(api_id.get_string());
  const bool merged = truthy_at(*api, "MergeDefinitions");
  if (truthy_at(*api, kManaged) || merged) {
    // Beside the API, since the API's other properties are read and set meanwhile.
    auto body = merged ? new_rest_definition() : api->at("DefinitionBody").get_object();
    TRY(add_rest_route(context, event, target, *api, id, body));
    if (merged) {
      TRY(merge_route(event, *api, id, body));
    } else {
      (*api)["DefinitionBody"] = std::move(body);
    }
  }
  const auto auth = object_at(event.properties, "Auth");
  if (!truthy_at(auth, "OverrideApiAuth")) return made;
  if (!truthy_at(auth, "Authorizer") && !truthy_at(auth, "ApiKeyRequired") && !truthy_at(auth, "ResourcePolicy")) {
    return invalid_event(event.id,
                         "Must define one of: Authorizer, ApiKeyRequired or ResourcePolicy when using the "
                         "OverrideApiAuth property.");
  }
  TRY(check_rest_definition(&api->at("DefinitionBody")));
  auto body = api->at("DefinitionBody").get_object();
  TRY(add_rest_auth(context, event, *api, id, body));
  (*api)["DefinitionBody"] = std::move(body);
  return made;
}

// --- HTTP

namespace {

base::Result<> add_http_auth(const Event& event, const json::object& api, std::string_view api_id, json::object& body) {
  auto auth = object_at(event.properties, "Auth");
  if (auth.empty()) return {};
  if (const auto* given = find(api, "Auth"); given != nullptr && !given->is_object()) {
    return invalid_resource(api_id, "Property 'Auth' should be a map.");
  }
  const auto api_auth = object_at(api, "Auth");
  if (!truthy_at(auth, "Authorizer")) {
    if (!truthy_at(api_auth, "DefaultAuthorizer")) {
      return invalid_event(event.id,
                           "'Auth' section requires either an explicit 'Authorizer' set or a 'DefaultAuthorizer' "
                           "configured on the HttpApi.");
    }
    auth["Authorizer"] = api_auth.at("DefaultAuthorizer");
  }
  TRY(check_authorizer(event, auth.at("Authorizer"), api_auth, is_true(api_auth, "EnableIamAuthorizer")));
  const auto path = string_at(event.properties, "Path");
  const auto method = lower_case(string_at(event.properties, "Method"));
  if (truthy_at(auth, "AuthorizationScopes") && !auth.at("AuthorizationScopes").is_array()) {
    return invalid_event(event.id, fmt::format("Unable to set Authorizer on API method [{}] for path [{}] because "
                                               "'AuthorizationScopes' must be a list of strings.",
                                               method, path));
  }
  return add_method_authorizer(body, path, method, auth, object_at(api_auth, "Authorizers"));
}

base::Result<> add_http_route(const Event& event, const Target& target, json::object& api, std::string_view api_id) {
  const auto path = string_at(event.properties, "Path");
  const auto method = lower_case(string_at(event.properties, "Method"));
  auto& body = object_in(api, "DefinitionBody");
  if (truthy_at(api, kManaged)) {
    TRY(const auto taken, has_integration(body, path, method));
    if (taken) {
      return invalid_event(event.id,
                           fmt::format("API method '{}' defined multiple times for path '{}'.", method, path));
    }
  }
  TRY(add_function_route(body, HttpRoute{.path = path,
                                         .method = method,
                                         .uri = integration_uri(target, "${AWS::Partition}", false),
                                         .condition = target.condition}));
  TRY(add_http_auth(event, api, api_id, body));
  if (truthy_at(event.properties, "TimeoutInMillis")) {
    TRY(set_timeout(body, path, method, event.properties.at("TimeoutInMillis")));
  }
  TRY(add_path_parameters(body, path, method));
  if (!truthy_at(event.properties, "PayloadFormatVersion")) return {};
  return set_payload_version(body, path, method, event.properties.at("PayloadFormatVersion"));
}

}  // namespace

base::Result<std::vector<Made>> make_http_event(Context& context, const Event& event, const Target& target) {
  const auto api_id = api_of(event, "ApiId");
  auto* resource = api_id.is_string() ? find_object(context.resources, api_id.get_string()) : nullptr;
  if (resource == nullptr) return invalid_event(event.id, "ApiId must be a valid reference to an API.");
  auto& api = object_in(*resource, "Properties");
  auto path = string_at(event.properties, "Path");
  const auto method = lower_case(string_at(event.properties, "Method"));
  auto* body = truthy_at(api, "DefinitionBody") ? find_object(api, "DefinitionBody") : nullptr;
  if (body != nullptr && !is_http_definition(&api.at("DefinitionBody"))) {
    const auto invalid = check_http_definition(&api.at("DefinitionBody"));
    return invalid_resource(api_id.get_string(), invalid.error().message);
  }

  // A permission for $default covers every route of the function.
  bool covered = false;
  if (path != kDefaultRoute && body != nullptr) {
    TRY(covered, default_route_is(*body, target.id()));
  }
  std::vector<Made> made;
  if (!covered) {
    const bool any = method == "any" || method == kAnyMethod;
    const auto tail = path == kDefaultRoute ? std::string() : permission_path(path, true);
    const auto route =
        any && tail == "/$default" ? tail.substr(1) : fmt::format("{}{}", any ? "*" : upper(method), tail);
    made.push_back(
        permission(event, target,
                   {.principal = kPrincipal,
                    .source_arn = execute_api_arn("${AWS::Partition}", route, event.properties.at("ApiId"))}));
  }
  if (body != nullptr) TRY(add_http_route(event, target, api, api_id.get_string()));
  return made;
}

}  // namespace localcloud::sam
