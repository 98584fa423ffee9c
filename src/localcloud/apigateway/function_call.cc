#include "localcloud/apigateway/function_call.h"

#include <boost/asio/this_coro.hpp>
#include <memory>

#include "base/notifier.h"
#include "base/task_group.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

struct Answer {
  std::optional<base::Result<InvokeOutput>> result;
  base::Notifier there;
};

awaitable<void> invoke_into(Cloud& cloud, InvokeInput input, std::shared_ptr<Answer> answer) {
  answer->result = co_await cloud.lambda->invoke(std::move(input));
  answer->there.notify_all();
}

}  // namespace

awaitable<std::optional<base::Result<InvokeOutput>>> call_function(Cloud& cloud, std::string function,
                                                                   std::string payload, std::string trace_id,
                                                                   std::string source_arn, base::Millis limit) {
  if (!cloud.lambda->permits(function, "apigateway.amazonaws.com", source_arn)) {
    base::Result<InvokeOutput> denied =
        aws_error(403, "AccessDeniedException", "Invalid permissions on Lambda function");
    co_return denied;
  }
  InvokeInput input;
  input.function = std::move(function);
  input.payload = std::move(payload);
  input.trace_id = std::move(trace_id);
  auto answer = std::make_shared<Answer>();
  base::TaskGroup tasks(co_await boost::asio::this_coro::executor);
  auto deadline = std::chrono::steady_clock::now() + limit;
  tasks.spawn(invoke_into(cloud, std::move(input), answer));
  while (!answer->result && std::chrono::steady_clock::now() < deadline) co_await answer->there.wait(deadline);
  co_await tasks.close();
  co_return std::move(answer->result);
}

}  // namespace localcloud
