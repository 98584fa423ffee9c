// Where the parts of a request to an integration, and of its answer, come from: the mapping expressions of REST APIs
// ("method.request.header.X", "integration.response.body.id", "'text'") and of HTTP APIs ("$request.path.id",
// "${stageVariables.x}/y") (AGW-guide request-response-data-mappings.md, http-api-parameter-mapping.md). Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/apigateway/gateway_model.h"
#include "localcloud/apigateway/velocity.h"
#include "net/http.h"

namespace localcloud {

// What expressions look into; of an answer, `answer` is there too.
struct MappingSources {
  TemplateScope scope;
  const net::Response* answer = nullptr;
};

// Errors: BadRequestException, an expression or a place that is not there, by name.
base::Result<> check_rest_mapping(const ParameterMap& map, bool of_answer);
base::Result<> check_http_mapping(const ParameterMap& map, bool of_answer);

// nullopt: it is absent.
std::optional<std::string> rest_value(std::string_view expression, const MappingSources& sources);
std::string http_value(std::string_view expression, const MappingSources& sources);

}  // namespace localcloud
