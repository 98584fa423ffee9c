#include "localcloud/apigateway/integration_definition.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "localcloud/apigateway/bad_request.h"
#include "localcloud/apigateway/gateway_type.h"
#include "localcloud/apigateway/parameter_mapping.h"
#include "localcloud/apigateway/service_call.h"
#include "localcloud/apigateway/velocity.h"
#include "localcloud/http_text.h"
#include "localcloud/json_members.h"
#include "localcloud/text_pattern.h"

namespace localcloud {

namespace {

using json::object;

tl::unexpected<base::Error> not_there(std::string_view what) {
  return bad_request(fmt::format("{} is not implemented by the local cloud", what));
}

base::Result<> check_members(const object& integration) {
  static const std::set<std::string_view> kKnown{
      "type",
      "uri",
      "httpMethod",
      "credentials",
      "requestParameters",
      "responses",
      "timeoutInMillis",
      "passthroughBehavior",
      "cacheNamespace",
      "cacheKeyParameters",
      "connectionType",
      "requestTemplates",
      "payloadFormatVersion",
      "integrationSubtype",
      "responseParameters",
      "contentHandling",
      "responseTransferMode",
      "integrationResponses"};  // OpenAPI has no such member, and AWS's import passes over it
  for (const auto& [key, value] : integration) {
    if (!kKnown.contains(key)) return not_there(fmt::format("integration {}", std::string_view(key)));
  }
  std::string connection = text_property(integration, "connectionType", "INTERNET");
  if (connection != "INTERNET") return not_there("connectionType " + connection);
  return {};
}

base::Result<ContentHandling> read_content_handling(const object& properties) {
  std::string handling = text_property(properties, "contentHandling");
  if (handling.empty()) return ContentHandling::as_it_is;
  if (handling == "CONVERT_TO_BINARY") return ContentHandling::to_binary;
  if (handling == "CONVERT_TO_TEXT") return ContentHandling::to_text;
  return bad_request("Invalid content handling: " + handling);
}

base::Result<Passthrough> read_passthrough(const object& integration) {
  std::string behavior = lower_case(text_property(integration, "passthroughBehavior", "WHEN_NO_MATCH"));
  if (behavior == "when_no_match") return Passthrough::when_no_match;
  if (behavior == "when_no_templates") return Passthrough::when_no_templates;
  if (behavior == "never") return Passthrough::never;
  return bad_request("Invalid passthrough behavior: " + behavior);
}

base::Result<IntegrationResponse> read_response(const std::string& pattern, const object& response) {
  static const std::set<std::string_view> kKnown{"statusCode", "responseParameters", "responseTemplates",
                                                 "contentHandling"};
  for (const auto& [key, value] : response) {
    if (!kKnown.contains(key)) return not_there(fmt::format("integration response {}", std::string_view(key)));
  }
  IntegrationResponse made;
  made.key = pattern == "default" ? std::string() : pattern;
  if (!is_text_pattern(made.key)) return bad_request(fmt::format("Invalid selection pattern specified: {}", pattern));
  std::string status = text_property(response, "statusCode");
  auto [end, error] = std::from_chars(status.data(), status.data() + status.size(), made.status);
  if (error != std::errc{} || made.status < 100 || made.status > 599) {
    return bad_request(fmt::format("Invalid statusCode of an integration response: {}", status));
  }
  TRY(made.content, read_content_handling(response));
  TRY(made.templates, read_templates(response, "responseTemplates"));
  made.parameters = map_property(response, "responseParameters");
  TRY(check_rest_mapping(made.parameters, true));
  return made;
}

base::Result<> read_responses(const object& integration, Integration& made) {
  for (const auto& [pattern, response] : object_in(integration, "responses")) {
    if (!response.is_object()) continue;
    TRY(auto read, read_response(std::string(pattern), response.get_object()));
    made.responses[pattern] = std::move(read);
  }
  return {};
}

base::Result<> read_target(GatewayKind kind, const object& integration, Integration& made) {
  using Type = Integration::Type;
  std::string type = lower_case(text_property(integration, "type"));
  std::string uri = text_property(integration, "uri");
  made.proxy = type.ends_with("_proxy");
  made.method = text_property(integration, "httpMethod");
  made.subtype = text_property(integration, "integrationSubtype");
  if (kind == GatewayKind::http && type == "aws_proxy" && !made.subtype.empty()) {
    made.type = Type::aws;
    if (!is_service_subtype(made.subtype)) return not_there("IntegrationSubtype " + made.subtype);
    return {};
  }
  bool lambda = uri.find(":lambda:path/") != std::string::npos || uri.starts_with("arn:aws:lambda:");
  if (type == "aws_proxy" || (type == "aws" && lambda && kind == GatewayKind::rest)) {
    made.type = Type::lambda;
    TRY(made.function, function_of_uri(uri));
    return {};
  }
  if (type == "http_proxy" || (type == "http" && kind == GatewayKind::rest)) {
    made.type = Type::http;
    made.uri = uri;
    if (!uri.starts_with("http://") && !uri.starts_with("https://")) {
      return bad_request(fmt::format("Invalid HTTP endpoint specified for URI: {}", uri));
    }
    return {};
  }
  if (type == "mock" && kind == GatewayKind::rest) {
    made.type = Type::mock;
    return {};
  }
  if (type != "aws" || kind != GatewayKind::rest) return not_there("integration type " + type);
  return read_service_uri(uri, made);
}

// Of a REST API: the mode and the URI have to say the same.
base::Result<> read_transfer_mode(const object& integration, Integration& made) {
  std::string mode = text_property(integration, "responseTransferMode", "BUFFERED");
  if (mode != "BUFFERED" && mode != "STREAM") return bad_request("Invalid response transfer mode: " + mode);
  made.streamed = mode == "STREAM";
  bool streams = text_property(integration, "uri").ends_with("/response-streaming-invocations");
  if (made.streamed && !(made.type == Integration::Type::lambda && made.proxy)) {
    return not_there("responseTransferMode STREAM of anything but a Lambda proxy integration");
  }
  if (made.streamed == streams) return {};
  return bad_request("A streamed response needs responseTransferMode STREAM and a response-streaming-invocations URI");
}

base::Result<> read_http_parameters(const object& integration, Integration& made) {
  made.request_parameters = map_property(integration, "requestParameters");
  if (made.subtype.empty()) TRY(check_http_mapping(made.request_parameters, false));
  for (const auto& [status, parameters] : object_in(integration, "responseParameters")) {
    auto& map = made.response_parameters[std::string(status)];
    if (!parameters.is_object()) continue;
    // CloudFormation writes {"ResponseParameters":[{"Destination":…,"Source":…}]}, OpenAPI {"overwrite:…":…}.
    const auto* list = parameters.get_object().if_contains("ResponseParameters");
    if (list == nullptr) map = map_property(object{{"map", parameters}}, "map");
    if (list != nullptr && list->is_array()) {
      for (const auto& one : list->get_array()) {
        if (const auto* pair = one.if_object())
          map[text_property(*pair, "Destination")] = text_property(*pair, "Source");
      }
    }
    TRY(check_http_mapping(map, true));
  }
  return {};
}

}  // namespace

base::Result<Templates> read_templates(const object& properties, std::string_view name) {
  Templates templates;
  for (const auto& [key, text] : map_property(properties, name)) {
    TRY(MappingTemplate::parse(text));
    templates[key] = text;
  }
  return templates;
}

base::Result<> read_service_uri(std::string_view uri, Integration& integration) {
  // "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem"
  std::string_view rest = uri;
  for (int colons = 0; colons < 4; ++colons) {
    std::size_t at = rest.find(':');
    if (at == std::string_view::npos) return bad_request(fmt::format("Invalid ARN specified in the request: {}", uri));
    rest.remove_prefix(at + 1);
  }
  std::size_t at = rest.find(':');
  integration.type = Integration::Type::aws;
  integration.service = rest.substr(0, at);
  integration.uri = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  if (!integration.uri.starts_with("action/") && !integration.uri.starts_with("path/")) {
    return bad_request(fmt::format("AWS ARN for integration must contain path or action: {}", uri));
  }
  if (!is_callable_service(integration.service)) return not_there(fmt::format("integration URI {}", uri));
  return {};
}

base::Result<object> openapi_names(const object& property) {
  object renamed;
  for (const auto& [key, value] : property) {
    std::string name(key);
    if (name == "IntegrationHttpMethod") {
      renamed["httpMethod"] = value;
    } else if (name != "IntegrationResponses") {
      name[0] = static_cast<char>(name[0] >= 'A' && name[0] <= 'Z' ? name[0] - 'A' + 'a' : name[0]);
      renamed[name] = value;
    }
  }
  object responses;
  for (const auto& response : list_in(property, "IntegrationResponses")) {
    if (!response.is_object()) continue;
    object made;
    for (const auto& [key, value] : response.get_object()) {
      std::string name(key);
      name[0] = static_cast<char>(name[0] >= 'A' && name[0] <= 'Z' ? name[0] - 'A' + 'a' : name[0]);
      if (name != "selectionPattern") made[name] = value;
    }
    responses[text_property(response.get_object(), "SelectionPattern", "default")] = std::move(made);
  }
  if (!responses.empty()) renamed["responses"] = std::move(responses);
  return renamed;
}

base::Result<Integration> read_integration(GatewayKind kind, const object& integration) {
  TRY(check_members(integration));
  Integration made;
  TRY(read_target(kind, integration, made));
  made.credentials = text_property(integration, "credentials");
  TRY(made.timeout,
      timeout_property(integration, "timeoutInMillis", base::Millis(kind == GatewayKind::http ? 30'000 : 29'000)));
  if (made.type == Integration::Type::aws && made.credentials.empty()) {
    return bad_request("Role ARN must be specified for AWS integrations");
  }
  if (kind == GatewayKind::http) {
    made.payload_version = text_property(integration, "payloadFormatVersion", "1.0");
    if (made.payload_version != "1.0" && made.payload_version != "2.0") {
      return bad_request("PayloadFormatVersion must be 1.0 or 2.0");
    }
    TRY(read_http_parameters(integration, made));
    return made;
  }
  TRY(read_transfer_mode(integration, made));
  TRY(made.content, read_content_handling(integration));
  TRY(made.passthrough, read_passthrough(integration));
  TRY(made.request_templates, read_templates(integration, "requestTemplates"));
  made.request_parameters = map_property(integration, "requestParameters");
  // Of a proxy integration of a function they are for its cache alone.
  if (!(made.type == Integration::Type::lambda && made.proxy)) TRY(check_rest_mapping(made.request_parameters, false));
  TRY(read_responses(integration, made));
  return made;
}

}  // namespace localcloud
