// What reads one source for one mapping, until it is cancelled: QueuePoller (queue_poller.h) and StreamPoller
// (stream_poller.h). Both act as the function's role, and never end by themselves: a source, a function or a permission
// that is missing is a problem that is looked at again later.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/event_sources/mapping.h"
#include "localcloud/identity.h"
#include "localcloud/lambda/lambda.h"

namespace localcloud {

using boost::asio::awaitable;

// What outlives a poller when the mapping is changed or disabled.
struct Progress {
  std::string last_result = "No records processed";
  std::optional<std::uint64_t> position = {};  // of a stream: everything up to here is done, in every lane
};

struct PollerContext {
  Cloud& cloud;
  std::shared_ptr<const Mapping> mapping;
  std::shared_ptr<Progress> progress;
};

// The function's role as a principal; taken anew once an hour by the local clock, or when the role changes.
class RoleSession {
 public:
  explicit RoleSession(Cloud& cloud) : cloud_(cloud) {}
  base::Result<Principal> principal(const std::string& role_arn, const std::string& session_name);

 private:
  Cloud& cloud_;
  std::string role_arn_;
  base::WallTime until_{};
  Principal principal_;
};

// One invocation of the mapping's function with a batch. `error` is set if it failed.
struct BatchOutcome {
  bool throttled = false;  // by Lambda itself: the function did not run
  std::string function_error;
  std::string request_id;
  std::string version;  // that ran
  std::string payload;

  bool failed() const { return throttled || !function_error.empty(); }
};
awaitable<BatchOutcome> invoke_with_batch(PollerContext context, std::string event);

// Does work that never ends by itself; if it fails, that is logged and it begins again.
awaitable<void> keep_going(PollerContext context, std::function<awaitable<void>()> work);

// Runs for as long as the mapping is enabled.
awaitable<void> poll_queue(PollerContext context);
awaitable<void> poll_stream(PollerContext context);

// How long a problem is left alone.
constexpr base::Millis kProblemPause = std::chrono::seconds(10);

}  // namespace localcloud
