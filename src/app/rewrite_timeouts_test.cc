#include "app/rewrite_timeouts.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/testing/rewriting.h"

namespace app {
namespace {

using app::testing::words_on;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Rewritten increased(std::string_view text) {
  auto options = app::testing::options();
  options.increase_timeout = true;
  return app::testing::rewritten(text, options);
}

// A function F with these events, and resources beside it.
Rewritten fed_by(std::string_view events, std::string_view resources) {
  return increased(fmt::format(R"(
Parameters: {{Given: {{Type: Number, Default: 1200}}, Unknown: {{Type: Number}}, Arn: {{Type: String}}}}
Globals: {{Function: {{Timeout: 20}}}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {{Handler: a.b, Runtime: nodejs22.x, CodeUri: src, Events: {{{}}}}}
{}
)",
                               events, resources));
}

codec::json::value property(const Rewritten& outcome, const char* id, const char* name) {
  const auto* value = codec::find(outcome.document, "Resources", id, "Properties", name);
  return value == nullptr ? codec::json::value() : *value;
}

TEST(IncreaseTimeout, RaisesLiveFunctionsAndNoOthers) {
  auto outcome = increased(R"(
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: nodejs22.x, CodeUri: src}}
  Stays: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: nodejs22.x, CodeUri: s3://b/k, Timeout: 5}}
)");
  EXPECT_EQ(property(outcome, "F", "Timeout"), 900);
  EXPECT_EQ(property(outcome, "Stays", "Timeout"), 5);
}

TEST(IncreaseTimeout, RaisesTheQueuesThatFeedThem) {
  auto outcome = fed_by("A: {Type: SQS, Properties: {Queue: !GetAtt Default.Arn}}", R"(
  Default: {Type: AWS::SQS::Queue}
  Short: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 120}}
  Long: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: !Ref Given}}
  Other: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 7}}
  Alias: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref F, FunctionVersion: '1', Name: x}}
  ToAlias:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref Alias, EventSourceArn: !GetAtt Short.Arn}
  ToF:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !GetAtt F.Arn, EventSourceArn: !Sub '${Long.Arn}'}
)");
  EXPECT_EQ(property(outcome, "F", "Timeout"), 900);
  EXPECT_EQ(property(outcome, "Default", "VisibilityTimeout"), 900);
  EXPECT_EQ(property(outcome, "Short", "VisibilityTimeout"), 900);
  EXPECT_EQ(codec::to_text(property(outcome, "Long", "VisibilityTimeout")), R"({"Ref":"Given"})");
  EXPECT_EQ(property(outcome, "Other", "VisibilityTimeout"), 7);
}

TEST(IncreaseTimeout, IsNotStoppedByStreams) {
  auto outcome = fed_by("S: {Type: DynamoDB, Properties: {Stream: !Ref Arn, StartingPosition: LATEST}}", R"(
  M:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref F, EventSourceArn: !Ref Arn, StartingPosition: LATEST}
)");
  EXPECT_EQ(property(outcome, "F", "Timeout"), 900);
}

TEST(IncreaseTimeout, LeavesAFunctionWhoseQueueCannotBeRaised) {
  struct {
    const char* events;
    const char* resources;
    const char* word;
  } cases[] = {
      {"A: {Type: SQS, Properties: {Queue: 'arn:aws:sqs:eu-west-1:123456789012:q'}}", "",
       "arn:aws:sqs:eu-west-1:123456789012:q\" is not of this template"},
      {"A: {Type: SQS, Properties: {Queue: !Ref Arn}}", "", "{\"Ref\":\"Arn\"} is not of this template"},
      {"A: {Type: SQS, Properties: {Queue: !GetAtt Q.Arn}}",
       "  Q: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: !Ref Unknown}}",
       "VisibilityTimeout of Q is known only after deployment"},
      {"A: {Type: SNS, Properties: {Topic: !Ref Arn, SqsSubscription: true}}", "",
       "SAM makes the queue of its event A"},
  };
  for (const auto& test : cases) {
    auto outcome = fed_by(test.events, test.resources);
    EXPECT_TRUE(property(outcome, "F", "Timeout").is_null()) << test.events;
    EXPECT_THAT(words_on(outcome, "F"), ElementsAre(HasSubstr(test.word)));
  }
}

TEST(IncreaseTimeout, IsOnlyDoneWhenAsked) {
  auto outcome = app::testing::rewritten(
      "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: nodejs22.x, CodeUri: s}}}");
  EXPECT_TRUE(property(outcome, "F", "Timeout").is_null());
  EXPECT_THAT(outcome.diagnostics, IsEmpty());
}

}  // namespace
}  // namespace app
