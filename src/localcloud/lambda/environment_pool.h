// The execution environments of every function: an invocation gets an idle one of the same version, the most recently
// used first, or a new one. Ends environments that idled for long by the local clock.
#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/task_group.h"
#include "localcloud/cloud.h"
#include "localcloud/lambda/environment.h"

namespace localcloud {

class EnvironmentPool {
 public:
  EnvironmentPool(Cloud& cloud, Runtimes& runtimes);

  // The answer of the function, its own failures included. Errors: only while it ends. If the caller is cancelled the
  // invocation goes on without it.
  awaitable<base::Result<InvokeOutput>> run(std::shared_ptr<const FunctionVersion> version,
                                            std::shared_ptr<PendingInvocation> invocation);

  // Ends the environments of a version, after the invocation they have.
  void retire(const FunctionVersion& version);

  std::size_t size() const { return environments_.size(); }
  // How many environments of versions that `counts` have an invocation.
  template <typename Predicate>
  int busy(Predicate counts) const {
    return static_cast<int>(std::count_if(environments_.begin(), environments_.end(), [&](const auto& environment) {
      return environment->busy() && counts(environment->version());
    }));
  }

  // Kills all of them and waits. No new ones after that.
  awaitable<void> shut_down();

 private:
  std::shared_ptr<ExecutionEnvironment> find_idle(const FunctionVersion& version) const;
  awaitable<void> live(std::shared_ptr<ExecutionEnvironment> environment);
  awaitable<void> recycle();

  Cloud& cloud_;
  Runtimes& runtimes_;
  base::TaskGroup tasks_;
  std::vector<std::shared_ptr<ExecutionEnvironment>> environments_;
  std::uint64_t uses_ = 0;
  bool recycling_ = false;
  bool closed_ = false;
};

}  // namespace localcloud
