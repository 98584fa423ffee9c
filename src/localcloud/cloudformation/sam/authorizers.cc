#include "localcloud/cloudformation/sam/authorizers.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "localcloud/cloudformation/sam/definition.h"
#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/values.h"
#include "localcloud/http_text.h"

namespace localcloud::sam {
namespace {

json::object api_key_scheme(const json::value& header) {
  json::object scheme;
  scheme["type"] = "apiKey";
  scheme["name"] = header;
  scheme["in"] = "header";
  return scheme;
}

json::object authorizer_uri(const json::object& authorizer) {
  json::object variables;
  if (const auto* function = authorizer.if_contains("FunctionArn")) variables["__FunctionArn__"] = *function;
  return sub("arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations",
             variables);
}

void set_invoke_role(json::object& target, const json::object& authorizer) {
  const auto* role = find(authorizer, "FunctionInvokeRole");
  if (role != nullptr && truthy(*role) && !is_text(*role, "NONE")) target["authorizerCredentials"] = *role;
}

struct Source {
  const char* property;
  const char* prefix;
};

constexpr std::array<Source, 4> kRestSources = {{{"Headers", "method.request.header."},
                                                 {"QueryStrings", "method.request.querystring."},
                                                 {"StageVariables", "stageVariables."},
                                                 {"Context", "context."}}};
constexpr std::array<Source, 4> kHttpSources = {{{"Headers", "$request.header."},
                                                 {"QueryStrings", "$request.querystring."},
                                                 {"StageVariables", "$stageVariables."},
                                                 {"Context", "$context."}}};

base::Result<std::vector<std::string>> identity_sources(const json::object& identity,
                                                        const std::array<Source, 4>& kinds, std::string_view api_id,
                                                        std::string_view at) {
  std::vector<std::string> sources;
  for (const auto& kind : kinds) {
    if (!truthy_at(identity, kind.property)) continue;
    const auto* names = identity.at(kind.property).if_array();
    if (names == nullptr)
      return invalid_resource(api_id, fmt::format("Property '{}.{}' should be a list.", at, kind.property));
    for (std::size_t i = 0; i < names->size(); ++i) {
      const auto* name = (*names)[i].if_string();
      if (name == nullptr) {
        return invalid_resource(api_id, fmt::format("Property '{}.{}[{}]' should be a string.", at, kind.property, i));
      }
      sources.push_back(fmt::format("{}{}", kind.prefix, std::string_view(*name)));
    }
  }
  return sources;
}

// A REQUEST authorizer may have no source only if its answers are not kept.
bool lacks_source(const json::object& identity) {
  for (const auto& kind : kRestSources) {
    if (truthy_at(identity, kind.property)) return false;
  }
  const auto* kept = find(identity, "ReauthorizeEvery");
  if (kept == nullptr) return true;
  std::int64_t seconds = 0;
  if (const auto* number = kept->if_int64()) return *number > 0;
  const auto text = text_of(*kept);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return error != std::errc() || end != text.data() + text.size() || seconds > 0;
}

base::Result<> check_rest(std::string_view api_id, std::string_view name, const json::object& authorizer) {
  const auto* type = find(authorizer, "FunctionPayloadType");
  if (type != nullptr && !is_text(*type, "TOKEN") && !is_text(*type, "REQUEST")) {
    return invalid_resource(api_id,
                            fmt::format("{} Authorizer has invalid 'FunctionPayloadType': {}.", name, text_of(*type)));
  }
  const auto* identity = find(authorizer, "Identity");
  if (identity != nullptr && truthy(*identity) && !identity->is_object()) {
    return invalid_resource(api_id, fmt::format("Property 'Authorizer.{}.Identity' should be a map.", name));
  }
  if (type != nullptr && is_text(*type, "REQUEST") && lacks_source(object_at(authorizer, "Identity"))) {
    return invalid_resource(api_id, fmt::format("{} Authorizer must specify Identity with at least one of Headers, "
                                                "QueryStrings, StageVariables, or Context.",
                                                name));
  }
  if (const auto* scopes = find(authorizer, "AuthorizationScopes"); scopes != nullptr && !scopes->is_array()) {
    return invalid_resource(api_id,
                            fmt::format("Property 'Authorizers.{}.AuthorizationScopes' should be a list.", name));
  }
  const auto* without = find(authorizer, "DisableFunctionDefaultPermissions");
  if (without != nullptr && !without->is_bool()) {
    return invalid_resource(
        api_id, fmt::format("Property 'Authorizers.{}.DisableFunctionDefaultPermissions' should be a boolean.", name));
  }
  return {};
}

json::object lower_keys(const json::object& object) {
  json::object result;
  for (const auto& [key, value] : object) result[lower_case(key)] = value;
  return result;
}

base::Result<> check_http(std::string_view api_id, std::string_view name, const json::object& authorizer, bool jwt) {
  static constexpr std::array<std::pair<const char*, const char*>, 9> kFor = {
      {{"AuthorizationScopes", "OAuth2 Authorizer"},
       {"JwtConfiguration", "OAuth2 Authorizer"},
       {"IdentitySource", "OAuth2 Authorizer. For Lambda Authorizer, use the 'Identity' property instead"},
       {"FunctionArn", "Lambda Authorizer"},
       {"FunctionInvokeRole", "Lambda Authorizer"},
       {"Identity", "Lambda Authorizer"},
       {"AuthorizerPayloadFormatVersion", "Lambda Authorizer"},
       {"EnableSimpleResponses", "Lambda Authorizer"},
       {"EnableFunctionDefaultPermissions", "Lambda Authorizer"}}};
  if (const auto* scopes = find(authorizer, "AuthorizationScopes"); scopes != nullptr && !scopes->is_array()) {
    return invalid_resource(api_id, "AuthorizationScopes must be a list.");
  }
  for (const auto& [property, kind] : kFor) {
    const bool of_jwt = std::string_view(kind).starts_with("OAuth2");
    if (find(authorizer, property) != nullptr && of_jwt != jwt) {
      return invalid_resource(api_id, fmt::format("{} is only supported for {}.", property, kind));
    }
  }
  const auto missing = [&](const char* property) {
    return invalid_resource(api_id, fmt::format("{} {} must define '{}'.", name,
                                                jwt ? "OAuth2 Authorizer" : "Lambda Authorizer", property));
  };
  if (jwt) {
    if (!truthy_at(authorizer, "IdentitySource")) return missing("IdentitySource");
    return {};
  }
  if (!truthy_at(authorizer, "FunctionArn")) return missing("FunctionArn");
  if (!truthy_at(authorizer, "AuthorizerPayloadFormatVersion")) return missing("AuthorizerPayloadFormatVersion");
  const auto* permitted = find(authorizer, "EnableFunctionDefaultPermissions");
  if (permitted != nullptr && !permitted->is_bool()) {
    return invalid_resource(
        api_id, fmt::format("Property 'Authorizers.{}.EnableFunctionDefaultPermissions' should be a boolean.", name));
  }
  return {};
}

}  // namespace

json::object rest_iam_authorizer() {
  auto scheme = api_key_scheme("Authorization");
  scheme["x-amazon-apigateway-authtype"] = "awsSigv4";
  return scheme;
}

json::object http_iam_authorizer() {
  return rest_iam_authorizer();
}

base::Result<json::object> rest_authorizer(std::string_view api_id, std::string_view name,
                                           const json::object& authorizer) {
  if (truthy_at(authorizer, "UserPoolArn")) return not_here(api_id, fmt::format("The Cognito authorizer {}", name));
  TRY(check_rest(api_id, name, authorizer));
  const auto identity = object_at(authorizer, "Identity");
  const bool by_request = string_at(authorizer, "FunctionPayloadType") == "REQUEST";
  json::value header = "Authorization";
  if (truthy_at(identity, "Header")) header = identity.at("Header");
  auto scheme = api_key_scheme(by_request ? json::value("Unused") : header);
  scheme["x-amazon-apigateway-authtype"] = "custom";
  json::object target;
  target["type"] = by_request ? "request" : "token";
  target["authorizerUri"] = authorizer_uri(authorizer);
  set_if(target, "authorizerResultTtlInSeconds", find(identity, "ReauthorizeEvery"));
  set_invoke_role(target, authorizer);
  if (by_request) {
    TRY(const auto sources,
        identity_sources(identity, kRestSources, api_id, fmt::format("Auth.Authorizers.{}.Identity", name)));
    if (!sources.empty()) target["identitySource"] = fmt::format("{}", fmt::join(sources, ", "));
  } else if (truthy_at(identity, "ValidationExpression")) {
    target["identityValidationExpression"] = identity.at("ValidationExpression");
  }
  scheme[kAuthorizer] = std::move(target);
  return scheme;
}

base::Result<json::object> http_authorizer(std::string_view api_id, std::string_view name,
                                           const json::object& authorizer) {
  if (authorizer.contains("OpenIdConnectUrl")) {
    return invalid_resource(api_id, fmt::format("'OpenIdConnectUrl' is no longer a supported property for authorizer "
                                                "'{}'. Please refer to the AWS SAM documentation.",
                                                name));
  }
  const bool jwt = truthy_at(authorizer, "JwtConfiguration");
  TRY(check_http(api_id, name, authorizer, jwt));
  json::object target;
  if (jwt) {
    const auto* configuration = find_object(authorizer, "JwtConfiguration");
    if (configuration == nullptr) return invalid_resource(api_id, "Property 'JwtConfiguration' should be a map.");
    target["jwtConfiguration"] = lower_keys(*configuration);
    target["identitySource"] = authorizer.at("IdentitySource");
    target["type"] = "jwt";
    json::object scheme;
    scheme["type"] = "oauth2";
    scheme[kAuthorizer] = std::move(target);
    return scheme;
  }
  target["type"] = "request";
  target["authorizerUri"] = authorizer_uri(authorizer);
  set_invoke_role(target, authorizer);
  if (truthy_at(authorizer, "Identity")) {
    const auto* identity = find_object(authorizer, "Identity");
    if (identity == nullptr) {
      return invalid_resource(api_id, fmt::format("Property 'Auth.Authorizers.{}.Identity' should be a map.", name));
    }
    set_if(target, "authorizerResultTtlInSeconds", find(*identity, "ReauthorizeEvery"));
    TRY(const auto sources,
        identity_sources(*identity, kHttpSources, api_id, fmt::format("Authorizers.{}.Identity", name)));
    target["identitySource"] = json::array(sources.begin(), sources.end());
  }
  target["authorizerPayloadFormatVersion"] = authorizer.at("AuthorizerPayloadFormatVersion");
  if (truthy_at(authorizer, "EnableSimpleResponses")) {
    target["enableSimpleResponses"] = authorizer.at("EnableSimpleResponses");
  }
  auto scheme = api_key_scheme("Unused");
  scheme[kAuthorizer] = std::move(target);
  return scheme;
}

}  // namespace localcloud::sam
