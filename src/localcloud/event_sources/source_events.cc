#include "localcloud/event_sources/source_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "codec/json.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

constexpr std::size_t kMaxPayload = 6 * 1024 * 1024;  // of a synchronous invocation
constexpr std::size_t kEnvelope = 64;                 // {"Records":[…]}, generously

// {"DataType":"String","StringValue":"v"} as functions see it.
json::object event_attribute(const json::value& attribute) {
  json::object seen;
  for (auto [from, to] : {std::pair{"StringValue", "stringValue"}, std::pair{"BinaryValue", "binaryValue"}}) {
    if (const auto* value = codec::find(attribute, std::string_view(from))) seen[to] = *value;
  }
  seen["stringListValues"] = json::array();
  seen["binaryListValues"] = json::array();
  seen["dataType"] = codec::find_string(attribute, "DataType");
  return seen;
}

std::string seconds_text(base::WallTime time) {
  auto text = iso_time(time);  // "…:05.678Z"
  return text.substr(0, text.find('.')) + "Z";
}

}  // namespace

json::object queue_record(const QueueMessage& message, std::string_view queue_arn, std::string_view region) {
  json::object attributes;
  for (const auto& [name, value] : message.message_attributes) attributes[name] = event_attribute(value);
  return json::object{{"messageId", message.id},
                      {"receiptHandle", message.receipt_handle},
                      {"body", message.body},
                      {"attributes", message.attributes},
                      {"messageAttributes", std::move(attributes)},
                      {"md5OfBody", message.md5_of_body},
                      {"eventSource", "aws:sqs"},
                      {"eventSourceARN", queue_arn},
                      {"awsRegion", region}};
}

json::object stream_event_record(const StreamRecord& record, std::string_view stream_arn, std::string_view region) {
  json::object seen = record.record;
  seen["eventVersion"] = "1.1";
  seen["eventSource"] = "aws:dynamodb";
  seen["awsRegion"] = region;
  seen["eventSourceARN"] = stream_arn;
  return seen;
}

std::string event_text(const std::vector<json::object>& records) {
  json::array list;
  for (const auto& record : records) list.push_back(record);
  json::object event;
  event["Records"] = std::move(list);
  return codec::to_text(event);
}

std::size_t records_that_fit(const std::vector<json::object>& records) {
  std::size_t size = kEnvelope;
  std::size_t count = 0;
  for (const auto& record : records) {
    size += codec::to_text(record).size() + 1;
    if (size > kMaxPayload && count > 0) break;
    ++count;
  }
  return count;
}

std::optional<std::vector<std::size_t>> failed_items(std::string_view answer, const std::vector<std::string>& ids) {
  auto parsed = codec::parse_json(answer);
  if (!parsed) return std::nullopt;
  if (parsed->is_null()) return std::vector<std::size_t>{};
  const auto* response = parsed->if_object();
  if (response == nullptr) return std::nullopt;
  const auto* failures = response->if_contains("batchItemFailures");
  if (failures == nullptr || failures->is_null()) return std::vector<std::size_t>{};
  if (!failures->is_array()) return std::nullopt;
  std::set<std::size_t> positions;
  for (const auto& failure : failures->get_array()) {
    auto id = codec::find_string(failure, "itemIdentifier");
    auto found = std::find(ids.begin(), ids.end(), id);
    if (id.empty() || found == ids.end()) return std::nullopt;
    positions.insert(static_cast<std::size_t>(found - ids.begin()));
  }
  return std::vector<std::size_t>(positions.begin(), positions.end());
}

std::string given_up_text(const GivenUpBatch& batch) {
  const auto& first = batch.records.front();
  const auto& last = batch.records.back();
  json::object record;
  record["requestContext"] = json::object{{"requestId", batch.request_id},
                                          {"functionArn", batch.function_arn},
                                          {"condition", batch.condition},
                                          {"approximateInvokeCount", batch.invocations}};
  if (batch.invocations > 0) {
    json::object context{{"statusCode", 200}, {"executedVersion", batch.version}};
    if (!batch.function_error.empty()) context["functionError"] = batch.function_error;
    record["responseContext"] = std::move(context);
  }
  record["version"] = "1.0";
  record["timestamp"] = iso_time(batch.time);
  record["DDBStreamBatchInfo"] = json::object{{"shardId", batch.shard_id},
                                              {"startSequenceNumber", sequence_of(first)},
                                              {"endSequenceNumber", sequence_of(last)},
                                              {"approximateArrivalOfFirstRecord", seconds_text(first.written)},
                                              {"approximateArrivalOfLastRecord", seconds_text(last.written)},
                                              {"batchSize", batch.records.size()},
                                              {"streamArn", batch.stream_arn}};
  return codec::to_text(record);
}

std::string sequence_of(const StreamRecord& record) {
  const auto* change = record.record.if_contains("dynamodb");
  return change == nullptr ? std::string() : codec::find_string(*change, "SequenceNumber");
}

}  // namespace localcloud
