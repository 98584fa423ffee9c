// DynamoDB Streams: what GetRecords and Lambda's event sources read. Each stream has one shard.
#include <fmt/format.h>

#include <algorithm>

#include "codec/base64.h"
#include "codec/json.h"
#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/dynamodb/errors.h"
#include "localcloud/local_clock.h"

namespace localcloud {

namespace {

constexpr std::chrono::minutes kIteratorLife{15};  // the API reference, GetShardIterator
constexpr std::int64_t kMostListed = 100;
constexpr std::int64_t kMostRecords = 1000;

// Reading goes on after `sequence`.
struct Iterator {
  std::string stream_arn;
  std::uint64_t sequence = 0;
  std::int64_t issued = 0;  // milliseconds since the epoch

  std::string text() const {
    auto inner = fmt::format(R"({{"after":{},"issued":{}}})", sequence, issued);
    return fmt::format("{}|1|{}", stream_arn, codec::base64_encode(inner));
  }
};

base::Result<Iterator> parse_iterator(std::string_view text) {
  auto invalid = [] { return validation_exception("Invalid ShardIterator"); };
  auto bar = text.find("|1|");
  if (bar == std::string_view::npos) return invalid();
  auto inner = codec::parse_json(codec::base64_decode(text.substr(bar + 3)).value_or(""));
  const auto* after = inner ? codec::find(*inner, "after") : nullptr;
  const auto* issued = inner ? codec::find(*inner, "issued") : nullptr;
  if (after == nullptr || !after->is_int64() || issued == nullptr || !issued->is_int64()) return invalid();
  if (after->get_int64() < 0 || issued->get_int64() < 0) return invalid();
  return Iterator{.stream_arn = std::string(text.substr(0, bar)),
                  .sequence = static_cast<std::uint64_t>(after->get_int64()),
                  .issued = issued->get_int64()};
}

base::Result<std::int64_t> parse_limit(const json::object& input, std::int64_t most) {
  auto limit = number_member(input, "Limit", most);
  if (limit >= 1 && limit <= most) return limit;
  return validation_exception(
      fmt::format("1 validation error detected: Value '{}' at 'limit' failed to satisfy constraint: Member must have "
                  "value {}",
                  limit, limit < 1 ? "greater than or equal to 1" : fmt::format("less than or equal to {}", most)));
}

tl::unexpected<base::Error> trimmed() {
  return aws_error(400, "TrimmedDataAccessException",
                   "The operation attempted to read past the oldest stream record in a shard.");
}

// The API and Lambda's events spell the members of an identity differently.
json::object api_record(const StreamRecord& one) {
  auto record = one.record;
  if (const auto* identity = object_member(record, "userIdentity")) {
    record["userIdentity"] =
        json::object{{"Type", text_member(*identity, "type")}, {"PrincipalId", text_member(*identity, "principalId")}};
  }
  return record;
}

json::object describe_summary(const Stream& stream) {
  return {{"StreamArn", stream.arn}, {"StreamLabel", stream.label}, {"TableName", stream.table}};
}

}  // namespace

void DynamoDbService::open_stream(Table& its_table) {
  auto now = cloud_.clock->now();
  std::erase_if(streams_, [&](const auto& one) { return one.second.gone(now); });
  constexpr std::size_t kLabel = 23;  // without the Z
  auto arn_at = [&](base::WallTime time) { return its_table.arn + "/stream/" + iso_time(time).substr(0, kLabel); };
  auto made = now;
  while (streams_.contains(arn_at(made))) made += base::Millis(1);
  Stream fresh{.arn = arn_at(made),
               .label = iso_time(made).substr(0, kLabel),
               .table = its_table.name,
               .view = its_table.stream_view,
               .key = its_table.key,
               .created = now};
  its_table.stream_arn = fresh.arn;
  streams_.emplace(fresh.arn, std::move(fresh));
}

void DynamoDbService::close_stream(Table& its_table) {
  if (its_table.stream_view.empty()) return;
  if (auto found = streams_.find(its_table.stream_arn); found != streams_.end()) {
    found->second.close(cloud_.clock->now());
  }
  its_table.stream_view.clear();
}

void DynamoDbService::set_stream(Table& its_table, const std::string& view) {
  close_stream(its_table);
  its_table.stream_view = view;
  if (!view.empty()) open_stream(its_table);
}

base::Result<const Stream*> DynamoDbService::stream(std::string_view arn) const {
  auto found = streams_.find(arn);
  if (found == streams_.end() || found->second.gone(cloud_.clock->now())) {
    return aws_error(400, "ResourceNotFoundException",
                     fmt::format("Requested resource not found: Stream: {} not found", arn));
  }
  return &found->second;
}

base::Result<std::vector<StreamRecord>> DynamoDbService::stream_records(std::string_view stream_arn,
                                                                        std::uint64_t sequence, std::size_t max) const {
  TRY(const auto* found, stream(stream_arn));
  return found->after(sequence, max, cloud_.clock->now());
}

base::Result<std::uint64_t> DynamoDbService::stream_end(std::string_view stream_arn) const {
  TRY(const auto* found, stream(stream_arn));
  return found->end;
}

std::string DynamoDbService::shard_id(std::string_view stream_arn) const {
  auto found = stream(stream_arn);
  return found ? (*found)->shard_id() : std::string();
}

awaitable<void> DynamoDbService::stream_grows(std::string stream_arn, std::uint64_t sequence) {
  for (;;) {
    auto found = stream(stream_arn);
    if (!found || (*found)->end > sequence) co_return;
    auto changed = (*found)->changed;
    co_await changed.wait();
  }
}

DynamoDbService::Outcome DynamoDbService::list_streams(const Call& call, const json::object& input) {
  TRY(check_members("ListStreams", input, {"TableName", "Limit", "ExclusiveStartStreamArn"}));
  auto wanted = text_member(input, "TableName");
  TRY(cloud_.iam->authorize(call.caller, "dynamodb:ListStreams",
                            arn_of(wanted.empty() ? "*" : std::string_view(wanted)) + "/stream/*"));
  TRY(auto limit, parse_limit(input, kMostListed));
  json::object output;
  json::array listed;
  for (auto at = streams_.upper_bound(text_member(input, "ExclusiveStartStreamArn")); at != streams_.end(); ++at) {
    const auto& one = at->second;
    if ((!wanted.empty() && one.table != wanted) || one.gone(cloud_.clock->now())) continue;
    if (static_cast<std::int64_t>(listed.size()) == limit) {
      output["LastEvaluatedStreamArn"] = listed.back().at("StreamArn");
      break;
    }
    listed.push_back(describe_summary(one));
  }
  output["Streams"] = std::move(listed);
  return output;
}

DynamoDbService::Outcome DynamoDbService::describe_stream(const Call& call, const json::object& input) {
  TRY(check_members("DescribeStream", input, {"StreamArn", "Limit", "ExclusiveStartShardId"}));
  auto arn = text_member(input, "StreamArn");
  TRY(cloud_.iam->authorize(call.caller, "dynamodb:DescribeStream", arn));
  TRY(const auto* found, stream(arn));
  TRY(parse_limit(input, kMostListed));
  json::array shards;
  if (text_member(input, "ExclusiveStartShardId") != found->shard_id()) {
    json::object range{{"StartingSequenceNumber", sequence_number(1)}};
    if (found->closed) range["EndingSequenceNumber"] = sequence_number(found->end);
    shards.push_back({{"ShardId", found->shard_id()}, {"SequenceNumberRange", std::move(range)}});
  }
  auto description = describe_summary(*found);
  description["StreamStatus"] = found->closed ? "DISABLED" : "ENABLED";
  description["StreamViewType"] = found->view;
  description["CreationRequestDateTime"] = epoch_seconds(found->created);
  description["KeySchema"] = found->key.describe();
  description["Shards"] = std::move(shards);
  return json::object{{"StreamDescription", std::move(description)}};
}

DynamoDbService::Outcome DynamoDbService::shard_iterator(const Call& call, const json::object& input) {
  auto arn = text_member(input, "StreamArn");
  TRY(cloud_.iam->authorize(call.caller, "dynamodb:GetShardIterator", arn));
  TRY(auto* found, stream(arn));
  auto now = cloud_.clock->now();
  if (text_member(input, "ShardId") != found->shard_id()) {
    return aws_error(400, "ResourceNotFoundException", "Requested resource not found: Shard does not exist");
  }
  auto type = text_member(input, "ShardIteratorType");
  auto oldest = found->oldest(now);
  std::uint64_t after = 0;
  if (type == "LATEST") {
    after = found->end;
  } else if (type == "TRIM_HORIZON") {
    after = oldest - 1;
  } else if (type == "AT_SEQUENCE_NUMBER" || type == "AFTER_SEQUENCE_NUMBER") {
    auto sequence = parse_sequence_number(text_member(input, "SequenceNumber"));
    if (!sequence || *sequence == 0 || *sequence > found->end) {
      return validation_exception("Invalid SequenceNumber");
    }
    after = type == "AT_SEQUENCE_NUMBER" ? *sequence - 1 : *sequence;
    if (after + 1 < oldest) return trimmed();
  } else {
    return validation_exception(
        fmt::format("1 validation error detected: Value '{}' at 'shardIteratorType' failed to satisfy constraint: "
                    "Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_SEQUENCE_NUMBER, "
                    "TRIM_HORIZON]",
                    type));
  }
  return json::object{
      {"ShardIterator", Iterator{.stream_arn = found->arn, .sequence = after, .issued = base::epoch_ms(now)}.text()}};
}

DynamoDbService::Outcome DynamoDbService::get_records(const Call& call, const json::object& input) {
  TRY(auto iterator, parse_iterator(text_member(input, "ShardIterator")));
  TRY(cloud_.iam->authorize(call.caller, "dynamodb:GetRecords", iterator.stream_arn));
  TRY(const auto* found, stream(iterator.stream_arn));
  auto now = cloud_.clock->now();
  if (base::epoch_ms(now) - iterator.issued > base::Millis(kIteratorLife).count()) {
    return aws_error(400, "ExpiredIteratorException",
                     "Iterator expired. The iterator was created more than 15 minutes ago.");
  }
  if (iterator.sequence + 1 < found->oldest(now)) return trimmed();
  TRY(auto limit, parse_limit(input, kMostRecords));
  json::array records;
  for (const auto& one : found->after(iterator.sequence, static_cast<std::size_t>(limit), now)) {
    iterator.sequence = one.sequence;
    records.push_back(api_record(one));
  }
  json::object output{{"Records", std::move(records)}};
  // A closed shard that was read to its end has no next iterator.
  iterator.issued = base::epoch_ms(now);
  if (!found->closed || iterator.sequence < found->end) output["NextShardIterator"] = iterator.text();
  return output;
}

}  // namespace localcloud
