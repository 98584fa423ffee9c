// What a function gets from a queue or a stream, and what its answer says about the batch. Pure.
// Sources: Lambda developer guide, "Using Lambda with Amazon SQS", "Using AWS Lambda with Amazon DynamoDB",
// "Implementing partial batch responses".
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "localcloud/dynamodb/dynamodb.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/sqs/sqs.h"

namespace localcloud {

namespace json = boost::json;

json::object queue_record(const QueueMessage& message, std::string_view queue_arn, std::string_view region);
json::object stream_event_record(const StreamRecord& record, std::string_view stream_arn, std::string_view region);

// {"Records":[…]}
std::string event_text(const std::vector<json::object>& records);

// How many of the records, from the first on, fit into one invocation's payload (6 MB); at least one.
std::size_t records_that_fit(const std::vector<json::object>& records);

// Which of `ids` failed, by {"batchItemFailures":[{"itemIdentifier":…}]}: positions in order, none if all succeeded.
// nullopt: the whole batch failed, since the answer is no JSON or names an item that is not of the batch.
std::optional<std::vector<std::size_t>> failed_items(std::string_view answer, const std::vector<std::string>& ids);

// What a stream's OnFailure destination is told about records that are given up.
struct GivenUpBatch {
  base::WallTime time;
  std::string request_id;
  std::string function_arn;
  std::string condition;  // "RetryAttemptsExhausted", "RecordAgeExceeded"
  int invocations = 0;
  std::string version;         // that ran
  std::string function_error;  // empty if it never failed
  std::string stream_arn;
  std::string shard_id;
  std::vector<StreamRecord> records;  // one at least
};
std::string given_up_text(const GivenUpBatch& batch);

std::string sequence_of(const StreamRecord& record);  // dynamodb.SequenceNumber

}  // namespace localcloud
