#include "localcloud/apigateway/function_call.h"

#include "localcloud/apigateway/time_limit.h"
#include "localcloud/delivery.h"
#include "localcloud/iam/iam.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

constexpr std::string_view kService = "apigateway.amazonaws.com";

}  // namespace

base::Result<> check_right_to_call(Cloud& cloud, const FunctionCall& call) {
  if (!call.credentials.empty()) {
    TRY(auto role, principal_of_role(cloud, call.credentials, kService, "BackplaneAssumeRoleSession"));
    return cloud.iam->authorize(role, "lambda:InvokeFunction", call.function);
  }
  if (cloud.lambda->permits(call.function, kService, call.source_arn)) return {};
  return aws_error(403, "AccessDeniedException", "Invalid permissions on Lambda function");
}

awaitable<std::optional<base::Result<InvokeOutput>>> call_function(Cloud& cloud, FunctionCall call) {
  if (auto allowed = check_right_to_call(cloud, call); !allowed) {
    base::Result<InvokeOutput> denied = base::fail(allowed.error());
    co_return denied;
  }
  InvokeInput input;
  input.function = std::move(call.function);
  input.payload = std::move(call.payload);
  input.type = call.type;
  input.trace_id = std::move(call.trace_id);
  co_return co_await within(cloud, call.limit, cloud.lambda->invoke(std::move(input)));
}

}  // namespace localcloud
