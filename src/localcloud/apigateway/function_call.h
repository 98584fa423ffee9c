// Calls of functions on behalf of an API: the function's resource policy or the role that the API takes, and the time
// an integration has, by the local clock.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/lambda/lambda.h"

namespace localcloud {

struct FunctionCall {
  std::string function;  // ARN
  std::string payload;
  std::string source_arn;        // of the method, for the function's policy
  std::string credentials = {};  // ARN of the role that calls; empty: the function's policy decides
  std::string trace_id = {};
  InvocationType type = InvocationType::request_response;
  base::Millis limit{29'000};
};

// May API Gateway call the function? By its policy, or the role's. Errors: AccessDeniedException 403.
base::Result<> check_right_to_call(Cloud& cloud, const FunctionCall& call);

// nullopt: the time is over (the function runs on). Errors: AccessDeniedException 403 if neither the function's policy
// nor the role lets API Gateway call it; else as Lambda::invoke.
awaitable<std::optional<base::Result<InvokeOutput>>> call_function(Cloud& cloud, FunctionCall call);

}  // namespace localcloud
