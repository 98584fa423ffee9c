#include "localcloud/apigateway/request_validation.h"

#include <fmt/format.h>

#include "codec/json.h"
#include "localcloud/apigateway/json_schema.h"
#include "localcloud/http_text.h"

namespace localcloud {

namespace {

std::optional<Failure> missing_parameters(const Route& route, const MappingSources& sources) {
  std::vector<std::string> missing;
  for (const auto& [parameter, required] : route.parameters) {
    auto value = required ? rest_value(parameter, sources) : std::optional<std::string>("");
    if (!required || (value && !value->empty())) continue;
    missing.push_back(parameter.substr(parameter.rfind('.') + 1));
  }
  if (missing.empty()) return std::nullopt;
  return Failure{FailureKind::bad_request_parameters,
                 fmt::format("Missing required request parameters: [{}]", fmt::join(missing, ", "))};
}

std::optional<Failure> unfit_body(const Definition& definition, const Route& route, const net::Request& request) {
  std::string type = lower_case(request.headers.get_or("Content-Type", "application/json"));
  type = type.substr(0, type.find(';'));
  auto model = route.models.find(type);
  if (model == route.models.end()) model = route.models.find("$default");
  if (model == route.models.end()) return std::nullopt;
  auto schema = definition.models.find(model->second);
  if (schema == definition.models.end()) return std::nullopt;  // "Empty" and "Error" take everything
  auto body = codec::parse_json(request.body);
  std::string wrong = body ? violation(schema->second, *body, definition.models) : "invalid JSON";
  if (wrong.empty()) return std::nullopt;
  return Failure{FailureKind::bad_request_body, {}, fmt::format("[{}]", wrong)};
}

}  // namespace

std::optional<Failure> validate_request(const Definition& definition, const Route& route, const MappingSources& sources,
                                        const net::Request& request) {
  auto validator = definition.validators.find(route.validator);
  if (validator == definition.validators.end()) return std::nullopt;
  if (validator->second.parameters) {
    if (auto failure = missing_parameters(route, sources)) return failure;
  }
  return validator->second.body ? unfit_body(definition, route, request) : std::nullopt;
}

}  // namespace localcloud
