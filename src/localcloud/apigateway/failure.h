// How an API says no: the kinds of failure that REST APIs call gateway responses, with AWS's statuses and texts, and
// the words of HTTP APIs for the same (AGW-guide supported-gateway-response-types.md). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/apigateway/gateway_model.h"
#include "localcloud/apigateway/parameter_mapping.h"
#include "net/http.h"

namespace localcloud {

enum class FailureKind {
  access_denied,
  api_configuration_error,
  authorizer_configuration_error,
  authorizer_failure,
  bad_request_body,
  bad_request_parameters,
  expired_token,
  integration_failure,
  integration_timeout,
  invalid_api_key,
  invalid_signature,
  missing_authentication_token,
  quota_exceeded,
  request_too_large,
  resource_not_found,
  throttled,
  unauthorized,
  unsupported_media_type,
};

struct Failure {
  FailureKind kind = FailureKind::api_configuration_error;
  std::string message = {};  // empty: the kind's own
  std::string detail = {};   // $context.error.validationErrorString
};

// "ACCESS_DENIED", as gateway responses are named.
std::string_view name_of(FailureKind kind);

// In AWS's own words.
net::Response failure_response(GatewayKind api, const Failure& failure);

// In the words of a REST API, if its gateway responses have some for it. `sources`: of the request.
net::Response gateway_response(const Definition& definition, const Failure& failure, MappingSources sources);
// A gateway response as templates write it, with CloudFormation's or OpenAPI's names. Errors: BadRequestException.
base::Result<GatewayResponse> read_gateway_response(const json::object& properties);
base::Result<> check_response_type(std::string_view type);

}  // namespace localcloud
