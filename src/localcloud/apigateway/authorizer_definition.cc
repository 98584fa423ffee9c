#include "localcloud/apigateway/authorizer_definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "codec/json.h"
#include "localcloud/apigateway/bad_request.h"
#include "localcloud/apigateway/gateway_type.h"
#include "localcloud/http_text.h"
#include "localcloud/text_pattern.h"

namespace localcloud {

namespace {

using boost::json::object;

constexpr int kDefaultTtl = 300;
constexpr int kMaxTtl = 3600;

base::Result<IdentitySource> read_source(std::string_view expression) {
  std::string_view rest = expression;
  if (rest.starts_with('$')) rest.remove_prefix(1);
  for (std::string_view prefix : {"method.", "route."}) {
    if (rest.starts_with(prefix)) rest.remove_prefix(prefix.size());
  }
  using Place = IdentitySource::Place;
  constexpr std::array<std::pair<std::string_view, Place>, 4> kPlaces{{{"request.header.", Place::header},
                                                                       {"request.querystring.", Place::query},
                                                                       {"stageVariables.", Place::stage_variable},
                                                                       {"context.", Place::context}}};
  for (const auto& [prefix, place] : kPlaces) {
    if (rest.starts_with(prefix) && rest.size() > prefix.size()) {
      return IdentitySource{place, std::string(rest.substr(prefix.size()))};
    }
  }
  return bad_request(fmt::format("Invalid identity source: {}", expression));
}

base::Result<std::vector<IdentitySource>> read_sources(const std::vector<std::string>& expressions) {
  std::vector<IdentitySource> sources;
  for (const auto& expression : expressions) {
    TRY(auto source, read_source(expression));
    sources.push_back(std::move(source));
  }
  return sources;
}

base::Result<std::chrono::seconds> read_ttl(const object& properties, std::string_view name) {
  std::string text = text_property(properties, name, std::to_string(kDefaultTtl));
  int seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size() || seconds < 0 || seconds > kMaxTtl) {
    return bad_request(fmt::format("Authorizer result TTL must be between 0 and {}", kMaxTtl));
  }
  return std::chrono::seconds(seconds);
}

base::Result<> check_validation(const std::string& pattern) {
  if (is_text_pattern(pattern)) return {};
  return bad_request(fmt::format("Invalid identity validation expression: {}", pattern));
}

// The names by which the three ways of writing one call the same things.
struct Names {
  std::string_view type, uri, credentials, ttl, sources, validation, version, simple;
};
constexpr Names kRest{"Type",
                      "AuthorizerUri",
                      "AuthorizerCredentials",
                      "AuthorizerResultTtlInSeconds",
                      "IdentitySource",
                      "IdentityValidationExpression",
                      {},
                      {}};
constexpr Names kV2{"AuthorizerType",
                    "AuthorizerUri",
                    "AuthorizerCredentialsArn",
                    "AuthorizerResultTtlInSeconds",
                    "IdentitySource",
                    {},
                    "AuthorizerPayloadFormatVersion",
                    "EnableSimpleResponses"};
constexpr Names kOpenApi{"type",
                         "authorizerUri",
                         "authorizerCredentials",
                         "authorizerResultTtlInSeconds",
                         "identitySource",
                         "identityValidationExpression",
                         "authorizerPayloadFormatVersion",
                         "enableSimpleResponses"};

std::vector<std::string> source_texts(const object& properties, std::string_view name) {
  const auto* found = properties.if_contains(name);
  if (found != nullptr && found->is_string()) return comma_list(found->get_string());
  return list_property(properties, name);
}

base::Result<> read_type(GatewayKind kind, std::string type, Authorizer& authorizer) {
  for (char& c : type) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  if (type == "REQUEST") {
    authorizer.type = Authorizer::Type::request;
  } else if (type == "TOKEN" && kind == GatewayKind::rest) {
    authorizer.type = Authorizer::Type::token;
  } else {
    return bad_request(fmt::format("authorizer type {}: the local cloud has Lambda authorizers only", type));
  }
  return {};
}

base::Result<Authorizer> read(GatewayKind kind, const object& properties, const Names& names) {
  Authorizer authorizer;
  TRY(read_type(kind, text_property(properties, names.type), authorizer));
  authorizer.name = text_property(properties, "Name");
  TRY(authorizer.function, function_of_uri(text_property(properties, names.uri)));
  authorizer.credentials = text_property(properties, names.credentials);
  TRY(authorizer.result_ttl, read_ttl(properties, names.ttl));
  if (kind == GatewayKind::websocket) authorizer.result_ttl = std::chrono::seconds(0);
  TRY(authorizer.sources, read_sources(source_texts(properties, names.sources)));
  if (!names.validation.empty()) authorizer.validation = text_property(properties, names.validation);
  TRY(check_validation(authorizer.validation));
  if (authorizer.type == Authorizer::Type::token && authorizer.sources.size() > 1) {
    return bad_request("Invalid identity source: a TOKEN authorizer has one header");
  }
  bool keeps = kind == GatewayKind::rest && authorizer.result_ttl.count() > 0;
  if (keeps && authorizer.sources.empty()) {
    return bad_request("Identity source is required for REQUEST authorizers whose results are cached");
  }
  if (kind != GatewayKind::http) return authorizer;
  authorizer.payload_version = text_property(properties, names.version);
  if (authorizer.payload_version != "1.0" && authorizer.payload_version != "2.0") {
    return bad_request("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer");
  }
  authorizer.simple_responses = flag_property(properties, names.simple);
  if (authorizer.simple_responses && authorizer.payload_version == "1.0") {
    return bad_request("EnableSimpleResponses needs AuthorizerPayloadFormatVersion 2.0");
  }
  return authorizer;
}

}  // namespace

base::Result<Authorizer> read_rest_authorizer(const object& properties) {
  return read(GatewayKind::rest, properties, kRest);
}

base::Result<Authorizer> read_v2_authorizer(GatewayKind kind, const object& properties) {
  return read(kind, properties, kV2);
}

base::Result<Authorizer> read_openapi_authorizer(GatewayKind kind, const object& scheme) {
  const auto* found = scheme.if_contains("x-amazon-apigateway-authorizer");
  if (found == nullptr || !found->is_object()) {
    return bad_request("a security scheme without x-amazon-apigateway-authorizer is not implemented");
  }
  object properties = found->get_object();
  static const std::set<std::string_view> kKnown{
      kOpenApi.type,       kOpenApi.uri,     kOpenApi.credentials, kOpenApi.ttl,       kOpenApi.sources,
      kOpenApi.validation, kOpenApi.version, kOpenApi.simple,      "jwtConfiguration", "providerARNs"};
  for (const auto& [key, value] : properties) {
    if (!kKnown.contains(key)) {
      return bad_request(fmt::format("x-amazon-apigateway-authorizer.{} is not implemented by the local cloud",
                                     std::string_view(key)));
    }
  }
  // The header of a TOKEN authorizer is the scheme's name.
  if (lower_case(text_property(properties, kOpenApi.type)) == "token") {
    properties[kOpenApi.sources] = "method.request.header." + text_property(scheme, "name", "Authorization");
  }
  return read(kind, properties, kOpenApi);
}

base::Result<RouteAccess> read_access(const Definition& definition, const object& properties) {
  RouteAccess access;
  std::string type = text_property(properties, "AuthorizationType", "NONE");
  access.iam = type == "AWS_IAM";
  access.api_key = flag_property(properties, "ApiKeyRequired");
  if (type == "NONE" || access.iam) return access;
  if (type != "CUSTOM") {
    return bad_request(fmt::format("AuthorizationType {}: the local cloud has NONE, AWS_IAM and CUSTOM", type));
  }
  access.authorizer = text_property(properties, "AuthorizerId");
  if (!definition.authorizers.contains(access.authorizer)) return bad_request("Invalid authorizer ID specified");
  return access;
}

}  // namespace localcloud
