#include "localcloud/apigateway/function_call.h"

#include <boost/asio/this_coro.hpp>
#include <memory>

#include "base/notifier.h"
#include "base/task_group.h"
#include "localcloud/delivery.h"
#include "localcloud/iam/iam.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

constexpr std::string_view kService = "apigateway.amazonaws.com";

struct Answer {
  std::optional<base::Result<InvokeOutput>> result;
  bool late = false;
  base::Notifier there;
};

awaitable<void> invoke_into(Cloud& cloud, InvokeInput input, std::shared_ptr<Answer> answer) {
  answer->result = co_await cloud.lambda->invoke(std::move(input));
  answer->there.notify_all();
}

awaitable<void> be_late(Cloud& cloud, base::Millis limit, std::shared_ptr<Answer> answer) {
  co_await cloud.clock->sleep_for(limit);
  answer->late = true;
  answer->there.notify_all();
}

base::Result<> check_right(Cloud& cloud, const FunctionCall& call) {
  if (!call.credentials.empty()) {
    TRY(auto role, principal_of_role(cloud, call.credentials, kService, "BackplaneAssumeRoleSession"));
    return cloud.iam->authorize(role, "lambda:InvokeFunction", call.function);
  }
  if (cloud.lambda->permits(call.function, kService, call.source_arn)) return {};
  return aws_error(403, "AccessDeniedException", "Invalid permissions on Lambda function");
}

}  // namespace

awaitable<std::optional<base::Result<InvokeOutput>>> call_function(Cloud& cloud, FunctionCall call) {
  if (auto allowed = check_right(cloud, call); !allowed) {
    base::Result<InvokeOutput> denied = base::fail(allowed.error());
    co_return denied;
  }
  InvokeInput input;
  input.function = std::move(call.function);
  input.payload = std::move(call.payload);
  input.type = call.type;
  input.trace_id = std::move(call.trace_id);
  auto answer = std::make_shared<Answer>();
  base::TaskGroup tasks(co_await boost::asio::this_coro::executor);
  tasks.spawn(invoke_into(cloud, std::move(input), answer));
  tasks.spawn(be_late(cloud, call.limit, answer));
  while (!answer->result && !answer->late) co_await answer->there.wait();
  co_await tasks.close();
  co_return std::move(answer->result);
}

}  // namespace localcloud
