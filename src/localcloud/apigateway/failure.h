// How an API says no: the kinds of failure that REST APIs call gateway responses, with AWS's statuses and texts, and
// the words of HTTP APIs for the same (AGW-guide supported-gateway-response-types.md). Pure.
#pragma once

#include <string>
#include <string_view>

#include "localcloud/apigateway/gateway_model.h"
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
};

// "ACCESS_DENIED", as gateway responses are named.
std::string_view name_of(FailureKind kind);

net::Response failure_response(GatewayKind api, const Failure& failure);

}  // namespace localcloud
