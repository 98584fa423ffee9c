#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"
#include "localcloud/event_sources/testing/source_account.h"

namespace localcloud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr auto kFromTheStart = R"({"StartingPosition":"TRIM_HORIZON"})";

// Fails while an item with this key is in the batch.
auto fail_on(std::string key) {
  return [key = std::move(key)](const json::array& records) {
    for (const auto& record : records) {
      if (codec::find_string(record, "dynamodb", "Keys", "id", "S") == key) return ScriptedLambda::failed();
    }
    return ScriptedLambda::succeeded("null");
  };
}

auto fail_always() {
  return [](const auto&) { return ScriptedLambda::failed(); };
}

TEST(StreamPoller, ReadsFromTheOldestRecordWithTrimHorizon) {
  SourceAccount account;
  for (auto key : {"a", "b"}) account.stream.put(key);
  ASSERT_TRUE(account.map(kStream, kFromTheStart));
  account.stream.put("c");
  account.run();
  EXPECT_THAT(account.function.batches(), ElementsAre("a,b", "c"));
  EXPECT_EQ(account.function.events[0][0], parse(R"({
    "eventID":"1","eventName":"INSERT","dynamodb":{"Keys":{"id":{"S":"a"}},"SequenceNumber":"00001"},
    "eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"us-east-1",
    "eventSourceARN":"arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-01-02T03:04:05.678"})"));
}

TEST(StreamPoller, ReadsWhatIsWrittenLaterWithLatest) {
  SourceAccount account;
  account.stream.put("a");
  ASSERT_TRUE(account.map(kStream, R"({"StartingPosition":"LATEST"})"));
  account.stream.put("b");
  account.run();
  EXPECT_THAT(account.function.batches(), ElementsAre("b"));
}

TEST(StreamPoller, TakesAsManyRecordsAsTheBatchSizeSays) {
  SourceAccount account;
  for (auto key : {"a", "b", "c"}) account.stream.put(key);
  ASSERT_TRUE(account.map(kStream, R"({"StartingPosition":"TRIM_HORIZON","BatchSize":2})"));
  EXPECT_THAT(account.function.batches(), ElementsAre("a,b", "c"));
}

TEST(StreamPoller, GathersForTheWindowOrUntilTheBatchIsFull) {
  SourceAccount account;
  account.stream.put("a");
  ASSERT_TRUE(
      account.map(kStream, R"({"StartingPosition":"TRIM_HORIZON","BatchSize":3,"MaximumBatchingWindowInSeconds":60})"));
  account.pass(59s);
  account.stream.put("b");
  account.run();
  EXPECT_THAT(account.function.batches(), IsEmpty());
  account.pass(1s);
  EXPECT_THAT(account.function.batches(), ElementsAre("a,b"));
  for (auto key : {"c", "d", "e"}) account.stream.put(key);
  account.run();
  EXPECT_THAT(account.function.batches(), ElementsAre("a,b", "c,d,e"));
}

TEST(StreamPoller, BeginsAgainAfterAFailureOfLambdaItself) {
  SourceAccount account;
  bool broken = true;
  account.function.answer = [&](const auto&) -> base::Result<InvokeOutput> {
    if (std::exchange(broken, false)) throw boost::system::system_error(boost::asio::error::connection_reset);
    return ScriptedLambda::succeeded("null");
  };
  account.stream.put("a");
  ASSERT_TRUE(account.map(kStream, kFromTheStart));
  account.pass(10s);
  EXPECT_THAT(account.function.batches(), ElementsAre("a", "a"));
}

TEST(StreamPoller, DropsWhatTheFilterDoesNotPass) {
  SourceAccount account;
  for (auto key : {"a", "b"}) account.stream.put(key);
  ASSERT_TRUE(account.map(kStream, R"({"StartingPosition":"TRIM_HORIZON","FilterCriteria":{"Filters":[
      {"Pattern":"{\"dynamodb\":{\"Keys\":{\"id\":{\"S\":[\"b\"]}}}}"}]}})"));
  EXPECT_THAT(account.function.batches(), ElementsAre("b"));
}

TEST(StreamPoller, AFailedBatchBlocksTheShardUntilItSucceeds) {
  SourceAccount account;
  account.function.answer = fail_always();
  account.stream.put("a");
  ASSERT_TRUE(account.map(kStream, kFromTheStart));
  account.stream.put("b");
  account.pass(1s);
  account.pass(2s);
  EXPECT_THAT(account.function.batches(), ElementsAre("a", "a", "a"));
  account.function.answer = fail_on("none");
  account.pass(4s);
  EXPECT_THAT(account.function.batches(), ElementsAre("a", "a", "a", "a", "b"));
}

TEST(StreamPoller, GivesUpAfterTheRetriesAndTellsTheDestination) {
  SourceAccount account;
  account.function.answer = fail_on("a");
  account.stream.put("a");
  ASSERT_TRUE(account.map(kStream, R"({"StartingPosition":"TRIM_HORIZON","BatchSize":1,"MaximumRetryAttempts":1,
      "DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:failures"}}})"));
  account.stream.put("b");
  account.pass(1s);
  EXPECT_THAT(account.function.batches(), ElementsAre("a", "a", "b"));
  ASSERT_EQ(account.queue.sent.size(), 1U);
  EXPECT_EQ(account.queue.sent[0].queue_arn, "arn:aws:sqs:us-east-1:123456789012:failures");
  EXPECT_THAT(account.queue.sent[0].sender, testing::HasSubstr("assumed-role/reader/"));
  auto record = parse(account.queue.sent[0].body);
  EXPECT_EQ(*codec::find(record, "requestContext"), parse(R"({"requestId":"request",
      "functionArn":"arn:aws:lambda:us-east-1:123456789012:function:f","condition":"RetryAttemptsExhausted",
      "approximateInvokeCount":2})"));
  EXPECT_EQ(*codec::find(record, "responseContext"),
            parse(R"({"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"})"));
  EXPECT_EQ(codec::find_string(record, "DDBStreamBatchInfo", "startSequenceNumber"), "00001");
  EXPECT_EQ(codec::find_string(record, "DDBStreamBatchInfo", "shardId"), "shard");
  EXPECT_EQ(codec::find_string(record, "DDBStreamBatchInfo", "streamArn"), kStream);
}

TEST(StreamPoller, ThrottlingIsNoFailureOfTheFunction) {
  SourceAccount account;
  account.function.answer = [](const auto&) { return ScriptedLambda::throttled(); };
  account.stream.put("a");
  ASSERT_TRUE(account.map(kStream, R"({"StartingPosition":"TRIM_HORIZON","MaximumRetryAttempts":0})"));
  account.pass(1s);
  account.pass(2s);
  EXPECT_THAT(account.function.batches(), ElementsAre("a", "a", "a"));
}

TEST(StreamPoller, HalvesABatchUntilTheBadRecordIsAlone) {
  SourceAccount account;
  account.function.answer = fail_on("c");
  for (auto key : {"a", "b", "c", "d"}) account.stream.put(key);
  ASSERT_TRUE(account.map(
      kStream, R"({"StartingPosition":"TRIM_HORIZON","BisectBatchOnFunctionError":true,"MaximumRetryAttempts":0})"));
  for (int i = 0; i < 10; ++i) account.pass(1min);
  EXPECT_THAT(account.function.batches(), ElementsAre("a,b,c,d", "a,b", "c,d", "c", "d"));
}

TEST(StreamPoller, ContinuesFromTheFirstRecordThatAPartialAnswerNames) {
  SourceAccount account;
  account.function.answer = [&](const json::array& records) {
    bool again = records.size() == 4;
    return ScriptedLambda::succeeded(
        again ? R"({"batchItemFailures":[{"itemIdentifier":"00004"},{"itemIdentifier":"00003"}]})" : "{}");
  };
  for (auto key : {"a", "b", "c", "d"}) account.stream.put(key);
  ASSERT_TRUE(account.map(
      kStream, R"({"StartingPosition":"TRIM_HORIZON","FunctionResponseTypes":["ReportBatchItemFailures"]})"));
  account.pass(1s);
  EXPECT_THAT(account.function.batches(), ElementsAre("a,b,c,d", "c,d"));
}

TEST(StreamPoller, DropsRecordsThatAreTooOld) {
  SourceAccount account;
  account.function.answer = fail_on("a");
  account.stream.put("a");
  ASSERT_TRUE(account.map(kStream, R"({"StartingPosition":"TRIM_HORIZON","MaximumRecordAgeInSeconds":60,
      "DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:failures"}}})"));
  account.pass(61s);
  account.stream.put("b");
  account.run();
  EXPECT_THAT(account.function.batches(), ElementsAre("a", "b"));
  ASSERT_EQ(account.queue.sent.size(), 1U);
  EXPECT_EQ(codec::find_string(parse(account.queue.sent[0].body), "requestContext", "condition"), "RecordAgeExceeded");
}

TEST(StreamPoller, RetriesForADayAtMost) {
  SourceAccount account;
  account.function.answer = fail_on("a");
  account.stream.put("a");
  ASSERT_TRUE(account.map(kStream, kFromTheStart));
  account.pass(24h + 1s);
  account.stream.put("b");
  account.run();
  EXPECT_THAT(account.function.batches(), ElementsAre("a", "b"));
}

TEST(StreamPoller, ParallelLanesKeepTheOrderOfAKey) {
  SourceAccount account;
  account.function.answer = fail_on("a");
  for (int round = 0; round < 3; ++round) {
    for (auto key : {"a", "b", "c", "d", "e", "f", "g", "h"}) account.stream.put(key);
  }
  ASSERT_TRUE(account.map(kStream, R"({"StartingPosition":"TRIM_HORIZON","ParallelizationFactor":10,"BatchSize":1})"));
  auto batches = account.function.batches();
  EXPECT_EQ(std::count(batches.begin(), batches.end(), "a"), 1);
  // Lanes without "a" go on: at least one of the other keys is in another lane.
  EXPECT_GT(batches.size(), 3U);
}

TEST(StreamPoller, GoesOnWhereItWasAfterAChange) {
  SourceAccount account;
  account.stream.put("a");
  auto uuid = account.map(kStream, kFromTheStart);
  ASSERT_TRUE(account.service.update(*uuid, parse(R"({"Enabled":false})").as_object()));
  account.stream.put("b");
  account.run();
  EXPECT_THAT(account.function.batches(), ElementsAre("a"));
  ASSERT_TRUE(account.service.update(*uuid, parse(R"({"Enabled":true})").as_object()));
  account.run();
  EXPECT_THAT(account.function.batches(), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace localcloud
