#include "localcloud/lambda/environment_pool.h"

#include "localcloud/log_failure.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {
constexpr base::Millis kIdleLimit = std::chrono::minutes(8);  // AWS documents none; minutes are what others measured
constexpr base::Millis kRecyclePeriod = std::chrono::minutes(1);
}  // namespace

EnvironmentPool::EnvironmentPool(Cloud& cloud, Runtimes& runtimes)
    : cloud_(cloud), runtimes_(runtimes), tasks_(cloud.executor) {}

std::shared_ptr<ExecutionEnvironment> EnvironmentPool::find_idle(const FunctionVersion& version) const {
  std::shared_ptr<ExecutionEnvironment> best;
  for (const auto& environment : environments_) {
    if (!environment->idle() || &environment->version() != &version) continue;
    if (!best || environment->last_used() > best->last_used()) best = environment;
  }
  return best;
}

awaitable<base::Result<InvokeOutput>> EnvironmentPool::run(std::shared_ptr<const FunctionVersion> version,
                                                           std::shared_ptr<PendingInvocation> invocation) {
  if (closed_) co_return aws_error(429, "TooManyRequestsException", "Rate Exceeded.");
  auto environment = find_idle(*version);
  bool fresh = environment == nullptr;
  if (fresh) environment = std::make_shared<ExecutionEnvironment>(cloud_, runtimes_, version);
  environment->assign(invocation);
  if (fresh) {
    environments_.push_back(environment);
    tasks_.spawn(live(environment));
    if (!std::exchange(recycling_, true)) tasks_.spawn(recycle());
  }
  environment->set_last_used(++uses_);
  while (!invocation->output) co_await invocation->done.wait();
  co_return *invocation->output;
}

awaitable<void> EnvironmentPool::live(std::shared_ptr<ExecutionEnvironment> environment) {
  co_await log_failure("an execution environment", environment->run());
  std::erase(environments_, environment);
}

void EnvironmentPool::retire(const FunctionVersion& version) {
  auto all = environments_;
  for (const auto& environment : all) {
    if (&environment->version() == &version) environment->retire();
  }
}

awaitable<void> EnvironmentPool::recycle() {
  for (;;) {
    co_await cloud_.clock->sleep_for(kRecyclePeriod);
    auto now = cloud_.clock->now();
    auto all = environments_;
    for (const auto& environment : all) {
      if (environment->idle() && now - environment->idle_since() >= kIdleLimit) environment->retire();
    }
  }
}

awaitable<void> EnvironmentPool::shut_down() {
  closed_ = true;
  auto all = environments_;
  for (const auto& environment : all) environment->kill();
  co_await tasks_.close();
}

}  // namespace localcloud
