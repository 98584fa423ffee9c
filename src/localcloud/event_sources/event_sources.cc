#include "localcloud/event_sources/event_sources.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "localcloud/delivery.h"
#include "localcloud/dynamodb/dynamodb.h"
#include "localcloud/event_sources/event_sources_service.h"
#include "localcloud/iam/iam.h"
#include "localcloud/local_clock.h"
#include "localcloud/sqs/sqs.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "InvalidParameterValueException", std::move(message));
}

// Keeps the group until its children have ended.
awaitable<void> own(std::shared_ptr<base::TaskGroup> group) {
  co_await group->join();
}

}  // namespace

std::string EventSourcesService::arn_of(std::string_view uuid) const {
  return fmt::format("arn:aws:lambda:{}:{}:event-source-mapping:{}", cloud_.region, cloud_.account_id, uuid);
}

base::Result<EventSourcesService::Entry*> EventSourcesService::find(std::string_view uuid) {
  auto found = mappings_.find(uuid);
  if (found != mappings_.end()) return &found->second;
  return aws_error(404, "ResourceNotFoundException", "The resource you requested does not exist.");
}

void EventSourcesService::start(Entry& entry) {
  if (!entry.mapping->enabled) return;
  entry.poller = std::make_shared<base::TaskGroup>(cloud_.executor);
  PollerContext context{.cloud = cloud_, .mapping = entry.mapping, .progress = entry.progress};
  entry.poller->spawn(entry.mapping->kind == SourceKind::queue ? poll_queue(context) : poll_stream(context));
  cloud_.tasks->spawn(own(entry.poller));
}

void EventSourcesService::stop(Entry& entry) {
  if (entry.poller) entry.poller->cancel();
  entry.poller.reset();
}

base::Result<std::string> EventSourcesService::create(const json::object& input) {
  TRY(auto mapping, read_mapping(input));
  TRY(check(mapping));
  TRY(check_conflict(mapping));
  mapping.uuid = base::random_uuid();
  mapping.modified = cloud_.clock->now();
  auto progress = std::make_shared<Progress>();
  if (mapping.starting_position == "LATEST") {
    TRY(progress->position, cloud_.dynamodb->stream_end(mapping.source_arn));
  }
  auto uuid = mapping.uuid;
  auto& entry = mappings_[uuid];
  entry.mapping = std::make_shared<const Mapping>(std::move(mapping));
  entry.progress = std::move(progress);
  start(entry);
  return uuid;
}

base::Result<> EventSourcesService::update(std::string_view uuid, const json::object& input) {
  TRY(auto* entry, find(uuid));
  TRY(auto mapping, change_mapping(*entry->mapping, input));
  return put(*entry, std::move(mapping));
}

base::Result<> EventSourcesService::replace(std::string_view uuid, const json::object& input) {
  TRY(auto* entry, find(uuid));
  TRY(auto mapping, read_mapping(input));
  mapping.uuid = uuid;
  return put(*entry, std::move(mapping));
}

base::Result<> EventSourcesService::put(Entry& entry, Mapping mapping) {
  TRY(check(mapping));
  mapping.modified = cloud_.clock->now();
  stop(entry);
  entry.mapping = std::make_shared<const Mapping>(std::move(mapping));
  start(entry);
  return {};
}

base::Result<> EventSourcesService::remove(std::string_view uuid) {
  TRY(auto* entry, find(uuid));
  stop(*entry);
  mappings_.erase(mappings_.find(uuid));
  return {};
}

base::Result<> EventSourcesService::check(Mapping& mapping) const {
  auto function = cloud_.lambda->facts(mapping.function);
  if (!function) return invalid("Function does not exist");
  mapping.function_arn = function->arn;
  auto role = principal_of_role(cloud_, function->role, "lambda.amazonaws.com", "event-source");
  if (!role) return invalid("The role defined for the function cannot be assumed by Lambda.");
  if (mapping.kind == SourceKind::queue) return check_queue(mapping, *role, function->timeout);
  return check_stream(mapping, *role);
}

base::Result<> EventSourcesService::check_queue(const Mapping& mapping, const Principal& role,
                                                base::Millis function_timeout) const {
  for (std::string_view action : {"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"}) {
    if (cloud_.iam->authorize(role, fmt::format("sqs:{}", action), mapping.source_arn)) continue;
    return invalid(fmt::format("The function execution role does not have permissions to call {} on SQS", action));
  }
  auto queue = cloud_.sqs->facts(mapping.source_arn);
  if (!queue) {
    return invalid(fmt::format("Error occurred while ReceiveMessage. SQS Error Code: {}. SQS Error Message: {}",
                               queue.error().code, queue.error().message));
  }
  if (queue->visibility_timeout >= function_timeout) return {};
  auto seconds = [](base::Millis time) { return std::chrono::duration_cast<std::chrono::seconds>(time).count(); };
  return invalid(fmt::format("Queue visibility timeout: {} seconds is less than Function timeout: {} seconds",
                             seconds(queue->visibility_timeout), seconds(function_timeout)));
}

base::Result<> EventSourcesService::check_stream(const Mapping& mapping, const Principal& role) const {
  bool allowed = cloud_.iam->authorize(role, "dynamodb:ListStreams", "*").has_value();
  for (std::string_view action : {"dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"}) {
    allowed = allowed && cloud_.iam->authorize(role, action, mapping.source_arn).has_value();
  }
  if (!allowed) {
    return invalid(fmt::format(
        "Cannot access stream {}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, "
        "and ListStreams Actions on your stream in IAM.",
        mapping.source_arn));
  }
  if (!cloud_.dynamodb->stream_end(mapping.source_arn)) return invalid("Stream not found: " + mapping.source_arn);
  if (mapping.on_failure.empty()) return {};
  auto action = delivery_action(mapping.on_failure);
  if (cloud_.iam->authorize(role, action, mapping.on_failure)) return {};
  return invalid(fmt::format("The function's execution role does not have permissions to call {} on {}",
                             action.substr(action.find(':') + 1), mapping.on_failure));
}

base::Result<> EventSourcesService::check_conflict(const Mapping& mapping) const {
  for (const auto& [uuid, entry] : mappings_) {
    if (entry.mapping->source_arn != mapping.source_arn || entry.mapping->function_arn != mapping.function_arn)
      continue;
    auto name = mapping.function_arn.substr(mapping.function_arn.find(":function:") + 10);
    auto what = mapping.kind == SourceKind::queue
                    ? fmt::format("An event source mapping with SQS arn (\" {} \") and function (\" {} \")",
                                  mapping.source_arn, name)
                    : fmt::format("The event source arn (\" {} \") and function (\" {} \") provided mapping",
                                  mapping.source_arn, name);
    return aws_error(
        409, "ResourceConflictException",
        fmt::format("{} already exists. Please update or delete the existing mapping with UUID {}", what, uuid));
  }
  return {};
}

std::unique_ptr<EventSources> make_event_sources(Cloud& cloud) {
  return std::make_unique<EventSourcesService>(cloud);
}

}  // namespace localcloud
