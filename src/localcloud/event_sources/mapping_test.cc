#include "localcloud/event_sources/mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "localcloud/event_sources/source_events.h"
#include "localcloud/event_sources/testing/source_account.h"

namespace localcloud {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct RefusalCase {
  std::string_view source;
  const char* members;
  int status;
  const char* words;
};

class MappingRefuses : public testing::TestWithParam<RefusalCase> {};

TEST_P(MappingRefuses, AsLambdaWordsIt) {
  SourceAccount account;
  auto made = account.map(GetParam().source, GetParam().members);
  ASSERT_FALSE(made) << GetParam().members;
  EXPECT_EQ(made.error().status, GetParam().status);
  EXPECT_THAT(made.error().message, HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    Settings, MappingRefuses,
    testing::Values(
        RefusalCase{kQueue, R"({"BatchSize":0})", 400, "'batchSize' failed to satisfy constraint"},
        RefusalCase{kQueue, R"({"BatchSize":10001})", 400, "less than or equal to 10000"},
        RefusalCase{kQueue, R"({"BatchSize":11})", 400,
                    "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"},
        RefusalCase{kQueue, R"({"MaximumBatchingWindowInSeconds":301})", 400, "less than or equal to 300"},
        RefusalCase{kQueue, R"({"ScalingConfig":{"MaximumConcurrency":1}})", 400, "greater than or equal to 2"},
        RefusalCase{kQueue, R"({"ScalingConfig":{"MaximumConcurrency":1001}})", 400, "less than or equal to 1000"},
        RefusalCase{kQueue, R"({"ScalingConfig":{"Minimum":1}})", 501, "ScalingConfig.Minimum"},
        RefusalCase{kQueue, R"({"StartingPosition":"LATEST"})", 400, "not valid for SQS"},
        RefusalCase{kQueue, R"({"ProvisionedPollerConfig":{"MinimumPollers":2}})", 501, "ProvisionedPollerConfig"},
        RefusalCase{kQueue, R"({"FunctionResponseTypes":["All"]})", 400, "ReportBatchItemFailures"},
        RefusalCase{kQueue, R"({"FilterCriteria":{"Filters":[{"Pattern":"{\"a\":1}"}]}})", 400,
                    "Invalid filter pattern definition."},
        RefusalCase{kQueue, R"({"FunctionName":"missing"})", 400, "Function does not exist"},
        RefusalCase{kStream, "{}", 400, "Value null at 'startingPosition'"},
        RefusalCase{kStream, R"({"StartingPosition":"FIRST"})", 400, "[LATEST, AT_TIMESTAMP, TRIM_HORIZON]"},
        RefusalCase{kStream, R"({"StartingPosition":"AT_TIMESTAMP"})", 400, "Unsupported starting position"},
        RefusalCase{kStream, R"({"StartingPosition":"LATEST","ParallelizationFactor":11})", 400, "equal to 10"},
        RefusalCase{kStream, R"({"StartingPosition":"LATEST","MaximumRetryAttempts":10001})", 400, "equal to 10000"},
        RefusalCase{kStream, R"({"StartingPosition":"LATEST","MaximumRecordAgeInSeconds":59})", 400, "60 and 604800"},
        RefusalCase{kStream, R"({"StartingPosition":"LATEST","TumblingWindowInSeconds":30})", 501, "TumblingWindow"},
        RefusalCase{kStream, R"({"StartingPosition":"LATEST","ScalingConfig":{"MaximumConcurrency":2}})", 400,
                    "not valid"},
        RefusalCase{
            kStream,
            R"({"StartingPosition":"LATEST","DestinationConfig":{"OnFailure":{"Destination":"arn:aws:s3:::b"}}})", 501,
            "S3"},
        RefusalCase{kQueue, R"({"FilterCriteria":{"Filters":[{"Pattern":"{}","Name":"n"}]}})", 501,
                    "FilterCriteria.Filters.Name"},
        RefusalCase{kStream,
                    R"({"StartingPosition":"LATEST","DestinationConfig":{"OnFailure":{"Destination":"","Topic":"t"}}})",
                    501, "DestinationConfig.OnFailure.Topic"},
        RefusalCase{"arn:aws:kinesis:us-east-1:123456789012:stream/s", R"({"StartingPosition":"LATEST"})", 501,
                    "kinesis"},
        RefusalCase{"arn:aws:kafka:us-east-1:123456789012:cluster/c", R"({"StartingPosition":"LATEST"})", 501, "kafka"},
        RefusalCase{"arn:aws:mq:us-east-1:123456789012:broker:b", "{}", 501, "mq"},
        RefusalCase{"arn:aws:sqs:us-east-1:123456789012:q.fifo", "{}", 501, "FIFO"},
        RefusalCase{"arn:aws:s3:::bucket", "{}", 400, "Unrecognized event source"}));

TEST(EventSources, AMappingNeedsTheRolesPermissions) {
  SourceAccount account(
      R"({"Statement":[{"Effect":"Allow","Action":"sqs:ReceiveMessage","Resource":"*"},
                       {"Effect":"Allow","Action":"dynamodb:Get*","Resource":"*"}]})");
  EXPECT_EQ(account.map(kQueue).error().message,
            "The function execution role does not have permissions to call DeleteMessage on SQS");
  EXPECT_THAT(account.map(kStream, R"({"StartingPosition":"LATEST"})").error().message,
              HasSubstr("Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and "
                        "ListStreams Actions on your stream in IAM."));
}

TEST(EventSources, AQueueHasToHideMessagesForAsLongAsTheFunctionRuns) {
  SourceAccount account;
  account.function.timeout = std::chrono::seconds(31);
  EXPECT_EQ(account.map(kQueue).error().message,
            "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds");
}

TEST(EventSources, ASourceHasToBeThere) {
  SourceAccount account;
  account.queue.missing = true;
  account.stream.missing = true;
  EXPECT_EQ(account.map(kQueue).error().message,
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error "
            "Message: The specified queue does not exist.");
  EXPECT_THAT(account.map(kStream, R"({"StartingPosition":"LATEST"})").error().message, HasSubstr("Stream not found"));
}

TEST(EventSources, AFunctionReadsASourceOnce) {
  SourceAccount account;
  auto uuid = account.map(kQueue);
  ASSERT_TRUE(uuid);
  auto again = account.map(kQueue);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().status, 409);
  EXPECT_EQ(again.error().message,
            "An event source mapping with SQS arn (\" arn:aws:sqs:us-east-1:123456789012:queue \") and function (\" f "
            "\") already exists. Please update or delete the existing mapping with UUID " +
                *uuid);
  EXPECT_TRUE(account.map(kQueue, R"({"FunctionName":"g"})"));
}

TEST(PartialAnswer, NamesTheItemsThatFailed) {
  std::vector<std::string> ids{"a", "b", "c"};
  for (auto all_succeeded : {"null", "{}", R"({"batchItemFailures":null})", R"({"batchItemFailures":[]})"}) {
    EXPECT_THAT(failed_items(all_succeeded, ids).value(), IsEmpty()) << all_succeeded;
  }
  EXPECT_THAT(failed_items(R"({"batchItemFailures":[{"itemIdentifier":"c"},{"itemIdentifier":"a"}]})", ids).value(),
              ElementsAre(0U, 2U));
  for (auto all_failed :
       {"no JSON", R"("text")", R"({"batchItemFailures":{}})", R"({"batchItemFailures":[{"itemIdentifier":""}]})",
        R"({"batchItemFailures":[{"itemIdentifier":null}]})", R"({"batchItemFailures":[{"id":"a"}]})",
        R"({"batchItemFailures":[{"itemIdentifier":"z"}]})"}) {
    EXPECT_FALSE(failed_items(all_failed, ids)) << all_failed;
  }
}

TEST(QueueRecord, ShowsMessageAttributesAsFunctionsSeeThem) {
  QueueMessage message{.id = "m", .message_attributes = {{"a", {{"DataType", "String"}, {"StringValue", "v"}}}}};
  EXPECT_EQ(queue_record(message, kQueue, "us-east-1").at("messageAttributes"),
            parse(R"({"a":{"stringValue":"v","stringListValues":[],"binaryListValues":[],"dataType":"String"}})"));
}

}  // namespace
}  // namespace localcloud
