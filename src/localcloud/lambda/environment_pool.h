// The execution environments of every function: an invocation gets an idle one of the function's present version, the
// most recently used first, or a new one. Enforces the concurrency of the account (1,000) and of functions that reserve
// some, and ends environments that idled for long by the local clock.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task_group.h"
#include "localcloud/cloud.h"
#include "localcloud/lambda/environment.h"

namespace localcloud {

class EnvironmentPool {
 public:
  explicit EnvironmentPool(Cloud& cloud);

  // The answer of the function, its own failures included. Errors: TooManyRequestsException 429. If the caller is
  // cancelled the invocation goes on without it.
  awaitable<base::Result<InvokeOutput>> run(std::shared_ptr<const FunctionVersion> version,
                                            std::shared_ptr<PendingInvocation> invocation);

  // Ends the environments of a function, after the invocation they have.
  void retire(std::string_view function);

  std::size_t size() const { return environments_.size(); }
  std::size_t busy(std::string_view function) const;

  // Kills all of them and waits. No new ones after that.
  awaitable<void> shut_down();

 private:
  std::optional<base::Error> no_capacity(const FunctionVersion& version) const;
  std::shared_ptr<ExecutionEnvironment> find_idle(const FunctionVersion& version) const;
  awaitable<void> live(std::shared_ptr<ExecutionEnvironment> environment);
  awaitable<void> recycle();

  Cloud& cloud_;
  base::TaskGroup tasks_;
  std::vector<std::shared_ptr<ExecutionEnvironment>> environments_;
  std::uint64_t uses_ = 0;
  bool recycling_ = false;
  bool closed_ = false;
};

}  // namespace localcloud
