// Integrations that call other services of the account themselves, with the rights of the integration's role: the
// service's own API, within the process (AGW-guide api-gateway-api-integration-types.md,
// http-api-develop-integrations-aws-services.md).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "net/http.h"

namespace localcloud {

using boost::asio::awaitable;

bool is_callable_service(std::string_view service);
bool is_service_subtype(std::string_view subtype);

struct ServiceCall {
  std::string service;      // "dynamodb"
  std::string uri;          // "action/PutItem" or "path/…"
  std::string credentials;  // ARN of the role
  net::Request request;     // method, query in the target ("?a=b"), headers and body; the path is the uri's
};
// Errors: the role is gone or does not trust API Gateway. What the service refuses is an answer.
awaitable<base::Result<net::Response>> call_service(Cloud& cloud, ServiceCall call);

// "SQS-SendMessage" with its parameters as call_service() wants it.
ServiceCall call_of_subtype(std::string_view subtype, const std::map<std::string, std::string>& parameters,
                            std::string credentials);

}  // namespace localcloud
