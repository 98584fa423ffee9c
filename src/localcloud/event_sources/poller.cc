#include "localcloud/event_sources/poller.h"

#include <fmt/format.h>

#include "localcloud/delivery.h"
#include "localcloud/local_clock.h"
#include "localcloud/log_failure.h"

namespace localcloud {

base::Result<Principal> RoleSession::principal(const std::string& role_arn, const std::string& session_name) {
  auto now = cloud_.clock->now();
  if (role_arn == role_arn_ && now < until_) return principal_;
  TRY(principal_, principal_of_role(cloud_, role_arn, "lambda.amazonaws.com", session_name));
  role_arn_ = role_arn;
  until_ = now + std::chrono::hours(1);
  return principal_;
}

awaitable<void> keep_going(PollerContext context, std::function<awaitable<void>()> work) {
  auto what = fmt::format("lambda: the event source mapping {}", context.mapping->uuid);
  for (;;) {
    co_await log_failure(what, work());
    co_await context.cloud.clock->sleep_for(kProblemPause);
  }
}

awaitable<BatchOutcome> invoke_with_batch(PollerContext context, std::string event) {
  auto output =
      co_await context.cloud.lambda->invoke({.function = context.mapping->function_arn, .payload = std::move(event)});
  auto& last_result = context.progress->last_result;
  BatchOutcome outcome;
  if (!output) {
    last_result = "PROBLEM: " + output.error().message;
    outcome.throttled = true;
    co_return outcome;
  }
  last_result = output->function_error.empty() ? "OK" : "PROBLEM: Function call failed";
  outcome.function_error = std::move(output->function_error);
  outcome.request_id = std::move(output->request_id);
  outcome.version = std::move(output->version);
  outcome.payload = std::move(output->payload);
  co_return outcome;
}

}  // namespace localcloud
