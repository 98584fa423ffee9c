// A stream's poller (Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB"): one reader for each lane of
// ParallelizationFactor, which takes the items whose key falls into its lane, in order. A batch that fails blocks its
// lane: it is tried again, halved with BisectBatchOnFunctionError, cut with ReportBatchItemFailures, until it succeeds,
// its retries are used up or its records are too old; what is given up goes to the OnFailure destination.
//
// Between tries it waits 1 second, then twice as long each time up to a minute, by the local clock; AWS does not say
// how long it waits.
#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <deque>
#include <functional>
#include <vector>

#include "base/log.h"
#include "base/task_group.h"
#include "codec/json.h"
#include "localcloud/delivery.h"
#include "localcloud/dynamodb/dynamodb.h"
#include "localcloud/event_sources/poller.h"
#include "localcloud/event_sources/source_events.h"
#include "localcloud/iam/iam.h"
#include "localcloud/local_clock.h"
#include "localcloud/wait_for_either.h"

namespace localcloud {

namespace {

constexpr std::size_t kRead = 1000;  // of GetRecords
constexpr base::Millis kRetention = std::chrono::hours(24);
constexpr base::Millis kFirstPause = std::chrono::seconds(1);
constexpr base::Millis kLongestPause = std::chrono::minutes(1);

using Records = std::vector<StreamRecord>;

struct StreamPoller {
  explicit StreamPoller(PollerContext its_context)
      : context(std::move(its_context)),
        role(context.cloud),
        done(static_cast<std::size_t>(context.mapping->parallelization), context.progress->position.value_or(0)) {}

  PollerContext context;
  RoleSession role;
  std::vector<std::uint64_t> done;  // by lane: every record of the lane up to this sequence

  const Mapping& mapping() const { return *context.mapping; }

  void set_done(std::size_t lane, std::uint64_t sequence) {
    done[lane] = sequence;
    context.progress->position = *std::min_element(done.begin(), done.end());
  }

  bool wants(std::size_t lane, const StreamRecord& record) const {
    if (done.size() > 1) {
      const auto* change = record.record.if_contains("dynamodb");
      const auto* keys = change != nullptr ? codec::find(*change, "Keys") : nullptr;
      auto hash = keys != nullptr ? std::hash<std::string>()(codec::to_text(*keys)) : 0;
      if (hash % done.size() != lane) return false;
    }
    return mapping().filter.passes(stream_event_record(record, mapping().source_arn, context.cloud.region));
  }
};
using Poller = std::shared_ptr<StreamPoller>;

// Records that are tried together.
struct Part {
  Records records;
  int failures = 0;
  int invocations = 0;
  std::string request_id = {};
  std::string version = {};
  std::string function_error = {};
};

// The function's role, allowed to read.
base::Result<Principal> reader_of(StreamPoller& poller) {
  auto& cloud = poller.context.cloud;
  TRY(auto function, cloud.lambda->facts(poller.mapping().function_arn));
  TRY(auto role, poller.role.principal(function.role, "event-source"));
  TRY(cloud.iam->authorize(role, "dynamodb:GetRecords", poller.mapping().source_arn));
  return role;
}

struct Gathered {
  Records records;
  std::uint64_t end = 0;  // what is done once the records are
};

awaitable<base::Result<Gathered>> gather(Poller poller, std::size_t lane) {
  auto& cloud = poller->context.cloud;
  const auto& mapping = poller->mapping();
  Gathered batch{.records = {}, .end = poller->done[lane]};
  auto size = static_cast<std::size_t>(mapping.batch_size);
  auto deadline = base::WallTime::max();
  for (bool was_empty = false;;) {
    CO_TRY(reader_of(*poller));
    CO_TRY(auto found, cloud.dynamodb->stream_records(mapping.source_arn, batch.end, kRead));
    for (auto& record : found) {
      if (batch.records.size() == size) break;
      batch.end = record.sequence;
      if (poller->wants(lane, record)) batch.records.push_back(std::move(record));
    }
    if (batch.records.empty()) {
      poller->set_done(lane, batch.end);
    } else if (deadline == base::WallTime::max()) {
      deadline = cloud.clock->now() + std::chrono::seconds(mapping.window_seconds);
    }
    if (batch.records.size() == size || cloud.clock->now() >= deadline) co_return batch;
    if (!found.empty()) continue;
    // A stream that is closed does not grow, and does not let anyone wait for it.
    if (was_empty && batch.records.empty()) co_await cloud.clock->sleep_for(kProblemPause);
    was_empty = batch.records.empty();
    co_await wait_for_either(cloud.dynamodb->stream_grows(mapping.source_arn, batch.end),
                             cloud.clock->sleep_until(deadline));
  }
}

// What is given up is told to the destination, if there is one and the role may.
awaitable<void> give_up(Poller poller, Part part, std::string condition) {
  auto& cloud = poller->context.cloud;
  const auto& mapping = poller->mapping();
  if (mapping.on_failure.empty()) co_return;
  GivenUpBatch batch{.time = cloud.clock->now(),
                     .request_id = part.request_id,
                     .function_arn = mapping.function_arn,
                     .condition = std::move(condition),
                     .invocations = part.invocations,
                     .version = part.version,
                     .function_error = part.function_error,
                     .stream_arn = mapping.source_arn,
                     .shard_id = cloud.dynamodb->shard_id(mapping.source_arn),
                     .records = std::move(part.records)};
  auto role = reader_of(*poller);
  auto sent = base::Result<>(base::fail(base::ErrorKind::permission, "no role"));
  if (role) {
    OnBehalfOf sender{.caller = *role};
    sent = co_await deliver(
        cloud, {.target_arn = mapping.on_failure, .payload = given_up_text(batch), .sender = std::move(sender)});
  }
  if (!sent) {
    base::log_warn("lambda: {}: nothing was sent to {}: {}", mapping.function_arn, mapping.on_failure,
                   sent.error().message);
  }
}

// The first records, up to `count`, as a part of their own before the rest.
void split(std::deque<Part>& parts, std::size_t count) {
  Part rest = parts.front();
  auto& first = parts.front().records;
  rest.records.erase(rest.records.begin(), rest.records.begin() + static_cast<std::ptrdiff_t>(count));
  first.resize(count);
  parts.insert(parts.begin() + 1, std::move(rest));
}

// Changes the parts by what became of the first; false if there is something to wait for before the next try.
bool settle(const Mapping& mapping, std::deque<Part>& parts, const BatchOutcome& outcome) {
  auto& part = parts.front();
  if (outcome.throttled) return false;
  ++part.invocations;
  part.request_id = outcome.request_id;
  part.version = outcome.version;
  part.function_error = outcome.function_error;
  bool failed = outcome.failed();
  std::size_t done = 0;
  if (!failed && mapping.reports_item_failures) {
    std::vector<std::string> ids;
    for (const auto& record : part.records) ids.push_back(sequence_of(record));
    auto items = failed_items(outcome.payload, ids);
    failed = !items || !items->empty();
    if (items && !items->empty()) done = items->front();
  }
  if (!failed) {
    parts.pop_front();
    return true;
  }
  if (done > 0) {
    part.records.erase(part.records.begin(), part.records.begin() + static_cast<std::ptrdiff_t>(done));
    part.failures = 0;
  } else if (mapping.bisects && part.records.size() > 1) {
    split(parts, part.records.size() / 2);  // which does not count as a retry
  } else {
    ++part.failures;
  }
  return false;
}

// Takes what is too old off the first part.
Records take_expired(const StreamPoller& poller, Part& part) {
  base::Millis age = kRetention;
  if (poller.mapping().maximum_age_seconds >= 0) {
    age = std::min<base::Millis>(age, std::chrono::seconds(poller.mapping().maximum_age_seconds));
  }
  auto oldest = poller.context.cloud.clock->now() - age;
  auto kept = std::find_if(part.records.begin(), part.records.end(),
                           [&](const StreamRecord& record) { return record.written >= oldest; });
  Records expired(std::make_move_iterator(part.records.begin()), std::make_move_iterator(kept));
  part.records.erase(part.records.begin(), kept);
  return expired;
}

awaitable<void> process(Poller poller, Records records) {
  auto& cloud = poller->context.cloud;
  const auto& mapping = poller->mapping();
  std::deque<Part> parts;
  parts.push_back({.records = std::move(records)});
  auto pause = kFirstPause;
  while (!parts.empty()) {
    if (auto expired = take_expired(*poller, parts.front()); !expired.empty()) {
      Part given_up = parts.front();
      given_up.records = std::move(expired);
      co_await give_up(poller, std::move(given_up), "RecordAgeExceeded");
    }
    if (parts.front().records.empty()) {
      parts.pop_front();
      continue;
    }
    std::vector<json::object> events;
    for (const auto& record : parts.front().records) {
      events.push_back(stream_event_record(record, mapping.source_arn, cloud.region));
    }
    if (auto fit = records_that_fit(events); fit < events.size()) {
      split(parts, fit);
      continue;
    }
    auto outcome = co_await invoke_with_batch(poller->context, event_text(events));
    if (settle(mapping, parts, outcome)) {
      pause = kFirstPause;
      continue;
    }
    if (mapping.maximum_retries >= 0 && parts.front().failures > mapping.maximum_retries) {
      Part given_up = std::move(parts.front());
      parts.pop_front();
      co_await give_up(poller, std::move(given_up), "RetryAttemptsExhausted");
      pause = kFirstPause;
      continue;
    }
    co_await cloud.clock->sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

awaitable<void> read_lane(Poller poller, std::size_t lane) {
  for (;;) {
    auto batch = co_await gather(poller, lane);
    if (!batch) {
      poller->context.progress->last_result = "PROBLEM: " + batch.error().message;
      co_await poller->context.cloud.clock->sleep_for(kProblemPause);
      continue;
    }
    co_await process(poller, std::move(batch->records));
    poller->set_done(lane, batch->end);
  }
}

}  // namespace

awaitable<void> poll_stream(PollerContext context) {
  auto poller = std::make_shared<StreamPoller>(std::move(context));
  base::TaskGroup lanes(co_await boost::asio::this_coro::executor);
  for (std::size_t lane = 0; lane < poller->done.size(); ++lane) {
    lanes.spawn(keep_going(poller->context, [poller, lane] { return read_lane(poller, lane); }));
  }
  co_await lanes.join();
}

}  // namespace localcloud
