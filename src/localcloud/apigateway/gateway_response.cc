// Gateway responses: how a REST API words its failures (AGW-guide supported-gateway-response-types.md,
// api-gateway-gatewayResponse-definition.md).
#include <fmt/format.h>

#include <charconv>

#include "codec/json.h"
#include "localcloud/apigateway/bad_request.h"
#include "localcloud/apigateway/failure.h"
#include "localcloud/apigateway/gateway_type.h"
#include "localcloud/apigateway/integration_definition.h"

namespace localcloud {

namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kPlace = "gatewayresponse.header.";

const GatewayResponse* find_response(const Definition& definition, std::string_view name, int status) {
  auto found = definition.responses.find(std::string(name));
  if (found == definition.responses.end())
    found = definition.responses.find(status < 500 ? "DEFAULT_4XX" : "DEFAULT_5XX");
  return found == definition.responses.end() ? nullptr : &found->second;
}

// "ResponseParameters" of CloudFormation, "responseParameters" of OpenAPI.
std::string_view spelled(const json::object& properties, std::string_view upper, std::string_view lower) {
  return properties.contains(upper) ? upper : lower;
}

}  // namespace

net::Response gateway_response(const Definition& definition, const Failure& failure, MappingSources sources) {
  auto response = failure_response(GatewayKind::rest, failure);
  const auto* own = find_response(definition, name_of(failure.kind), response.status);
  if (own == nullptr) return response;
  if (own->status) response.status = *own->status;
  auto said = codec::parse_json(response.body).value_or(json::value());
  std::string message = codec::find_string(said, "message") + codec::find_string(said, "Message");
  sources.scope.context["error"] = {{"message", message},
                                    {"messageString", codec::to_text(json::value(message))},
                                    {"responseType", name_of(failure.kind)},
                                    {"validationErrorString", failure.detail}};
  for (const auto& [to, from] : own->parameters) {
    if (auto value = rest_value(from, sources)) response.headers.set(to.substr(kPlace.size()), std::move(*value));
  }
  auto text = own->templates.find(kJson);
  if (text == own->templates.end()) text = own->templates.begin();
  if (text == own->templates.end()) return response;
  auto parsed = MappingTemplate::parse(text->second);
  auto rendered = parsed ? parsed->render(sources.scope) : base::fail(parsed.error());
  if (rendered) response.body = std::move(rendered->text);
  response.headers.set("Content-Type", text->first);
  return response;
}

base::Result<> check_response_type(std::string_view type) {
  if (type == "DEFAULT_4XX" || type == "DEFAULT_5XX") return {};
  for (int kind = 0; kind <= static_cast<int>(FailureKind::unsupported_media_type); ++kind) {
    if (name_of(static_cast<FailureKind>(kind)) == type) return {};
  }
  return bad_request(fmt::format("Invalid gateway response type: {}", type));
}

base::Result<GatewayResponse> read_gateway_response(const json::object& properties) {
  GatewayResponse response;
  std::string status = text_property(properties, spelled(properties, "StatusCode", "statusCode"));
  if (!status.empty()) {
    int code = 0;
    auto [end, error] = std::from_chars(status.data(), status.data() + status.size(), code);
    if (error != std::errc{} || code < 100 || code > 599) {
      return bad_request(fmt::format("Invalid status code specified: {}", status));
    }
    response.status = code;
  }
  TRY(response.templates, read_templates(properties, spelled(properties, "ResponseTemplates", "responseTemplates")));
  response.parameters = map_property(properties, spelled(properties, "ResponseParameters", "responseParameters"));
  for (const auto& [to, from] : response.parameters) {
    if (!to.starts_with(kPlace)) {
      return bad_request(fmt::format("{} is not implemented by the local cloud in gateway responses", to));
    }
    TRY(check_rest_mapping({{"integration.request.header.X", from}}, false));
  }
  return response;
}

}  // namespace localcloud
