// Calls of functions on behalf of an API: the function's resource policy, and the time an integration has.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/lambda/lambda.h"

namespace localcloud {

// nullopt: the time is over (the function runs on). Errors: AccessDeniedException 403 if the function's policy does not
// let API Gateway call it for `source_arn`; else as Lambda::invoke.
awaitable<std::optional<base::Result<InvokeOutput>>> call_function(Cloud& cloud, std::string function,
                                                                   std::string payload, std::string trace_id,
                                                                   std::string source_arn, base::Millis limit);

}  // namespace localcloud
