#include "localcloud/logs/logs.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"
#include "localcloud/testing/test_cloud.h"

namespace localcloud {
namespace {

class LogsTest : public ::testing::Test {
 protected:
  LogsTest() : logs_(make_logs(test_.cloud)) {}

  TestCloud::JsonAnswer call(std::string_view operation, std::string_view body) {
    return test_.json_call(*logs_, operation, body, "logs");
  }
  static std::string messages(const json::value& body) {
    std::string all;
    for (const auto& event : body.at("events").as_array()) all += codec::find_string(event, "message") + "|";
    return all;
  }

  TestCloud test_;
  std::unique_ptr<Logs> logs_;
};

TEST_F(LogsTest, KeepsWhatFunctionsWrite) {
  logs_->append("/aws/lambda/f", "s1", "START one");
  logs_->append("/aws/lambda/f", "s1", "ERROR two");
  logs_->append("/aws/lambda/f", "s2", "ERROR three");
  auto read = call("GetLogEvents", R"({"logGroupName":"/aws/lambda/f","logStreamName":"s1","startFromHead":true})");
  EXPECT_EQ(messages(read.body), "START one|ERROR two|");
  auto next = call("GetLogEvents", R"({"logGroupName":"/aws/lambda/f","logStreamName":"s1","nextToken":")" +
                                       codec::find_string(read.body, "nextForwardToken") + "\"}");
  EXPECT_EQ(messages(next.body), "");
  EXPECT_EQ(messages(call("FilterLogEvents", R"({"logGroupName":"/aws/lambda/f","filterPattern":"ERROR"})").body),
            "ERROR two|ERROR three|");
  EXPECT_EQ(call("FilterLogEvents", R"({"logGroupName":"/aws/lambda/f","filterPattern":"%a%"})").status, 501);
}

TEST_F(LogsTest, TakesEventsInOrderAlone) {
  call("CreateLogGroup", R"({"logGroupName":"g"})");
  EXPECT_EQ(codec::find_string(call("CreateLogGroup", R"({"logGroupName":"g"})").body, "__type"),
            "ResourceAlreadyExistsException");
  call("CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})");
  auto now = base::epoch_ms(test_.clock.now());
  auto put = [&](std::int64_t first, std::int64_t second) {
    return call("PutLogEvents", fmt::format(R"({{"logGroupName":"g","logStreamName":"s","logEvents":[
        {{"timestamp":{},"message":"a"}},{{"timestamp":{},"message":"b"}}]}})",
                                            first, second))
        .status;
  };
  EXPECT_EQ(put(now - 1, now), 200);
  EXPECT_EQ(put(now, now - 1), 400);
  auto streams = call("DescribeLogStreams", R"({"logGroupName":"g"})");
  EXPECT_EQ(streams.body.at("logStreams").at(0).at("lastEventTimestamp"), now);
  EXPECT_EQ(call("PutLogEvents", R"({"logGroupName":"none","logStreamName":"s","logEvents":[]})").status, 400);
}

TEST_F(LogsTest, RefusesTimesBeforeTheEpoch) {
  call("CreateLogGroup", R"({"logGroupName":"g"})");
  call("CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})");
  auto put = call("PutLogEvents", R"({"logGroupName":"g","logStreamName":"s","logEvents":[
      {"timestamp":-9223372036854775808,"message":"a"},{"timestamp":9223372036854775807,"message":"b"}]})");
  EXPECT_EQ(put.status, 400);
  EXPECT_EQ(codec::find_string(put.body, "__type"), "InvalidParameterException");
}

TEST_F(LogsTest, RemovesAGroupWhosePropertiesAreWrong) {
  auto types = logs_->resource_types();
  EXPECT_FALSE(test_.create(types, "AWS::Logs::LogGroup", R"({"LogGroupName":"g","RetentionInDays":2})"));
  EXPECT_TRUE(test_.create(types, "AWS::Logs::LogGroup", R"({"LogGroupName":"g","RetentionInDays":3})"));
}

}  // namespace
}  // namespace localcloud
