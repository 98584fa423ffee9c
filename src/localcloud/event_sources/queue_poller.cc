// A queue's poller (Lambda developer guide, "Using Lambda with Amazon SQS"): long polls, gathers a batch up to its
// size, window and payload, and invokes; several batches at once, up to MaximumConcurrency, or five as Lambda begins
// with. What succeeded or did not pass the filter is deleted; what failed reappears after the queue's visibility
// timeout.
#include <algorithm>
#include <vector>

#include "base/notifier.h"
#include "localcloud/event_sources/poller.h"
#include "localcloud/event_sources/source_events.h"
#include "localcloud/local_clock.h"
#include "localcloud/log_failure.h"
#include "localcloud/sqs/sqs.h"

namespace localcloud {

namespace {

constexpr base::Millis kLongPoll = std::chrono::seconds(20);
constexpr int kFirstConcurrency = 5;
constexpr int kLargestReceive = 10;

using Messages = std::vector<QueueMessage>;

// Batches that are with the function outlive the poller's own task, so that a mapping that is disabled finishes them.
struct QueuePoller {
  explicit QueuePoller(PollerContext its_context) : context(std::move(its_context)), role(context.cloud) {}

  PollerContext context;
  RoleSession role;
  int in_flight = 0;
  base::Notifier batch_ended;

  const Mapping& mapping() const { return *context.mapping; }
  int limit() const { return mapping().maximum_concurrency.value_or(kFirstConcurrency); }
};
using Poller = std::shared_ptr<QueuePoller>;

struct InFlight {
  explicit InFlight(Poller its_poller) : poller(std::move(its_poller)) {}
  ~InFlight() {
    --poller->in_flight;
    poller->batch_ended.notify_all();
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  Poller poller;
};

void remove_messages(QueuePoller& poller, const Principal& role, const Messages& messages) {
  if (messages.empty()) return;
  std::vector<std::string> handles;
  for (const auto& message : messages) handles.push_back(message.receipt_handle);
  OnBehalfOf receiver{.caller = role};
  auto removed = poller.context.cloud.sqs->remove(receiver, poller.mapping().source_arn, handles);
  if (!removed) poller.context.progress->last_result = "PROBLEM: " + removed.error().message;
}

// Takes what does not pass the filter out of `messages` and off the queue.
void drop_filtered(QueuePoller& poller, const Principal& role, Messages& messages) {
  const auto& mapping = poller.mapping();
  Messages dropped;
  std::erase_if(messages, [&](QueueMessage& message) {
    bool passes = mapping.filter.passes(queue_record(message, mapping.source_arn, poller.context.cloud.region));
    if (!passes) dropped.push_back(std::move(message));
    return !passes;
  });
  remove_messages(poller, role, dropped);
}

awaitable<base::Result<Messages>> gather(Poller poller, Principal role) {
  auto& cloud = poller->context.cloud;
  const auto& mapping = poller->mapping();
  auto size = static_cast<std::size_t>(mapping.batch_size);
  Messages batch;
  base::WallTime deadline{};
  base::Millis wait = kLongPoll;
  do {
    std::size_t most = std::min<std::size_t>(kLargestReceive, size - batch.size());
    OnBehalfOf receiver{.caller = role};
    CO_TRY(auto messages, co_await cloud.sqs->receive(receiver, mapping.source_arn, most, wait));
    drop_filtered(*poller, role, messages);
    if (batch.empty()) deadline = cloud.clock->now() + std::chrono::seconds(mapping.window_seconds);
    batch.insert(batch.end(), std::make_move_iterator(messages.begin()), std::make_move_iterator(messages.end()));
    if (batch.empty()) break;
    wait = std::min(kLongPoll, std::chrono::ceil<base::Millis>(deadline - cloud.clock->now()));
  } while (batch.size() < size && cloud.clock->now() < deadline);
  co_return batch;
}

// Deletes what the function is done with.
void settle(QueuePoller& poller, const Principal& role, const BatchOutcome& outcome, Messages batch) {
  if (outcome.failed()) return;
  if (poller.mapping().reports_item_failures) {
    std::vector<std::string> ids;
    for (const auto& message : batch) ids.push_back(message.id);
    auto failed = failed_items(outcome.payload, ids);
    if (!failed) return;
    for (auto at = failed->rbegin(); at != failed->rend(); ++at) {
      batch.erase(batch.begin() + static_cast<std::ptrdiff_t>(*at));
    }
  }
  remove_messages(poller, role, batch);
}

awaitable<void> process(std::shared_ptr<InFlight> place, Principal role, Messages batch) {
  auto& poller = *place->poller;
  const auto& mapping = poller.mapping();
  while (!batch.empty()) {
    std::vector<json::object> records;
    for (const auto& message : batch) {
      records.push_back(queue_record(message, mapping.source_arn, poller.context.cloud.region));
    }
    auto count = records_that_fit(records);
    records.resize(count);
    auto end = batch.begin() + static_cast<std::ptrdiff_t>(count);
    Messages now(std::make_move_iterator(batch.begin()), std::make_move_iterator(end));
    batch.erase(batch.begin(), end);
    auto outcome = co_await invoke_with_batch(poller.context, event_text(records));
    settle(poller, role, outcome, std::move(now));
  }
}

awaitable<void> read_queue(PollerContext context) {
  auto& cloud = context.cloud;
  auto poller = std::make_shared<QueuePoller>(std::move(context));
  auto& last_result = poller->context.progress->last_result;
  for (;;) {
    while (poller->in_flight >= poller->limit()) co_await poller->batch_ended.wait();
    auto function = cloud.lambda->facts(poller->mapping().function_arn);
    auto role = function ? poller->role.principal(function->role, "event-source") : base::fail(function.error());
    auto batch = role ? co_await gather(poller, *role) : base::Result<Messages>(base::fail(role.error()));
    if (!batch) {
      last_result = "PROBLEM: " + batch.error().message;
      co_await cloud.clock->sleep_for(kProblemPause);
      continue;
    }
    if (batch->empty()) continue;
    ++poller->in_flight;
    auto work = process(std::make_shared<InFlight>(poller), *role, std::move(*batch));
    cloud.tasks->spawn(log_failure("lambda: a batch of a queue", std::move(work)));
  }
}

}  // namespace

awaitable<void> poll_queue(PollerContext context) {
  return keep_going(context, [context] { return read_queue(context); });
}

}  // namespace localcloud
