#include "localcloud/sns/sns.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"
#include "localcloud/testing/test_cloud.h"

namespace localcloud {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::string_view kTopic = "arn:aws:sns:us-east-1:123456789012:news";
constexpr std::string_view kFunction = "arn:aws:lambda:us-east-1:123456789012:function:reader";

class SnsTest : public ::testing::Test {
 protected:
  SnsTest() : sns_(make_sns(test_.cloud)), types_(sns_->resource_types()) {
    call("Action=CreateTopic&Name=news");
    test_.lambda.functions[std::string(kFunction)] = {.arn = std::string(kFunction), .role = {}};
    test_.lambda.permitted.push_back(fmt::format("{}|sns.amazonaws.com|{}", kFunction, kTopic));
  }

  net::Response call(std::string_view form) { return test_.query_call(*sns_, form, "sns"); }
  net::Response publish(std::string_view more) {
    return call(fmt::format("Action=Publish&TopicArn={}&{}", kTopic, more));
  }
  base::Result<ResourceState> subscribe(std::string_view more = "") {
    return test_.create(
        types_, "AWS::SNS::Subscription",
        fmt::format(R"({{"TopicArn":"{}","Protocol":"lambda","Endpoint":"{}"{}}})", kTopic, kFunction, more));
  }

  TestCloud test_;
  std::unique_ptr<Sns> sns_;
  ResourceTypes types_;
};

TEST_F(SnsTest, DeliversTheEventThatLambdaGetsFromAws) {
  auto subscription = subscribe();
  ASSERT_TRUE(subscription.has_value()) << subscription.error().message;
  auto response = publish(
      "Message=hello+there&Subject=greeting&MessageAttributes.entry.1.Name=kind&"
      "MessageAttributes.entry.1.Value.DataType=String&MessageAttributes.entry.1.Value.StringValue=warm");
  EXPECT_EQ(response.status, 200);
  ASSERT_THAT(test_.lambda.invocations, SizeIs(1));
  const auto& invocation = test_.lambda.invocations[0];
  EXPECT_EQ(invocation.function, kFunction);
  EXPECT_EQ(invocation.type, InvocationType::event);
  auto event = parse(invocation.payload);
  const auto& record = event.at("Records").at(0);
  const auto& sns = record.at("Sns").as_object();
  EXPECT_EQ(codec::find_string(record, "EventSource"), "aws:sns");
  EXPECT_EQ(codec::find_string(record, "EventVersion"), "1.0");
  EXPECT_EQ(codec::find_string(record, "EventSubscriptionArn"), subscription->physical_id);
  std::vector<std::string> names;
  for (const auto& member : sns) names.emplace_back(member.key());
  EXPECT_THAT(names, ::testing::ElementsAre("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp",
                                            "SignatureVersion", "Signature", "SigningCertUrl", "UnsubscribeUrl",
                                            "MessageAttributes"));
  EXPECT_EQ(sns.at("Type"), "Notification");
  EXPECT_EQ(sns.at("Subject"), "greeting");
  EXPECT_EQ(sns.at("Message"), "hello there");
  EXPECT_EQ(sns.at("MessageAttributes"), parse(R"({"kind":{"Type":"String","Value":"warm"}})"));
  EXPECT_THAT(response.body, HasSubstr("<MessageId>" + std::string(sns.at("MessageId").as_string()) + "</MessageId>"));
  EXPECT_THAT(std::string(sns.at("Timestamp").as_string()), ::testing::MatchesRegex("....-..-..T..:..:..\\....Z"));
}

TEST_F(SnsTest, HasNullForASubjectThatIsNotThere) {
  ASSERT_TRUE(subscribe().has_value());
  publish("Message=m");
  ASSERT_THAT(test_.lambda.invocations, SizeIs(1));
  EXPECT_TRUE(parse(test_.lambda.invocations[0].payload).at("Records").at(0).at("Sns").at("Subject").is_null());
}

TEST_F(SnsTest, DeliversOnlyWithTheFunctionsPermission) {
  ASSERT_TRUE(subscribe().has_value());
  test_.lambda.permitted.clear();
  EXPECT_EQ(publish("Message=m").status, 200);
  EXPECT_THAT(test_.lambda.invocations, SizeIs(0));
}

TEST_F(SnsTest, FiltersByMessageAttributes) {
  ASSERT_TRUE(subscribe(R"(,"FilterPolicy":{"kind":["warm",{"prefix":"hot"}]})").has_value());
  auto with = [&](std::string_view kind) {
    publish(
        fmt::format("Message=m&MessageAttributes.entry.1.Name=kind&MessageAttributes.entry.1.Value.DataType=String&"
                    "MessageAttributes.entry.1.Value.StringValue={}",
                    kind));
    return test_.lambda.invocations.size();
  };
  EXPECT_EQ(with("warm"), 1U);
  EXPECT_EQ(with("cold"), 1U);
  EXPECT_EQ(with("hotter"), 2U);
  publish("Message=m");
  EXPECT_EQ(test_.lambda.invocations.size(), 2U);
  EXPECT_THAT(subscribe(R"(,"FilterPolicy":{"kind":[{"wildcard":"a*"}]})").error().message, HasSubstr("wildcard"));
}

TEST_F(SnsTest, TakesLambdasTextOfAMessageWithOneAProtocol) {
  ASSERT_TRUE(subscribe().has_value());
  publish("MessageStructure=json&Message=%7B%22default%22%3A%22d%22%2C%22lambda%22%3A%22l%22%7D");
  ASSERT_THAT(test_.lambda.invocations, SizeIs(1));
  EXPECT_EQ(parse(test_.lambda.invocations[0].payload).at("Records").at(0).at("Sns").at("Message"), "l");
}

TEST_F(SnsTest, DeniesAsSnsDoes) {
  auto nobody = test_.role("nobody", R"({"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}})");
  net::Request request{.method = "POST", .target = "/", .headers = {}, .body = {}};
  request.body = fmt::format("Action=Publish&TopicArn={}&Message=m", kTopic);
  auto denied = test_.call(*sns_, request, "sns", nobody);
  EXPECT_EQ(denied.status, 403);
  EXPECT_THAT(denied.body, HasSubstr("<Code>AuthorizationError</Code>"));
  EXPECT_THAT(denied.body, HasSubstr("is not authorized to perform: SNS:Publish on resource: " + std::string(kTopic)));
}

TEST_F(SnsTest, RefusesWhatIsNotThere) {
  EXPECT_EQ(call("Action=CheckIfPhoneNumberIsOptedOut").status, 501);
  EXPECT_EQ(call(fmt::format("Action=Subscribe&TopicArn={}&Protocol=sms&Endpoint=x", kTopic)).status, 501);
  auto elsewhere =
      call(fmt::format("Action=Subscribe&TopicArn={}&Protocol=https&Endpoint=https%3A%2F%2Fexample.com%2F", kTopic));
  EXPECT_EQ(elsewhere.status, 501);
  EXPECT_THAT(elsewhere.body, HasSubstr("https://example.com/, which is not on this machine"));
  EXPECT_EQ(call("Action=Publish&TopicArn=arn:aws:sns:us-east-1:123456789012:gone&Message=m").status, 404);
  EXPECT_EQ(publish("Message=").status, 400);
}

}  // namespace
}  // namespace localcloud
