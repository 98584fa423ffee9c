#include "session/trigger.h"

#include <gtest/gtest.h>

namespace session {
namespace {

TEST(Trigger, IsReadFromTheShapeOfTheEvent) {
  struct {
    const char* event;
    const char* trigger;
  } cases[] = {
      {R"({"version":"2.0","rawPath":"/orders","requestContext":{"domainName":"x.execute-api.us-east-1.amazonaws.com","http":{"method":"GET"}}})",
       "http-api GET /orders"},
      {R"({"version":"2.0","rawPath":"/","requestContext":{"domainName":"x.lambda-url.us-east-1.on.aws","http":{"method":"POST"}}})",
       "function-url POST /"},
      {R"({"httpMethod":"PUT","path":"/a","resource":"/a","requestContext":{"apiId":"x"}})", "rest-api PUT /a"},
      {R"({"httpMethod":"GET","path":"/h","requestContext":{"elb":{}}})", "alb GET /h"},
      {R"({"requestContext":{"eventType":"CONNECT","connectionId":"c","routeKey":"$connect"}})", "websocket $connect"},
      {R"({"methodArn":"arn:x","requestContext":{"http":{}}})", "authorizer"},
      {R"({"Records":[{"EventSource":"aws:sns","Sns":{"TopicArn":"arn:aws:sns:us-east-1:1:greetings"}}]})",
       "sns greetings"},
      {R"({"Records":[{"eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:1:jobs"}]})", "sqs jobs"},
      {R"({"Records":[{"eventSource":"aws:dynamodb","eventSourceARN":"arn:aws:dynamodb:us-east-1:1:table/items/stream/2026-11-23T16:22:46.275"}]})",
       "dynamodb items"},
      {R"({"Records":[{"eventSource":"aws:kinesis","eventSourceARN":"arn:aws:kinesis:us-east-1:1:stream/clicks"}]})",
       "kinesis clicks"},
      {R"({"Records":[{"eventSource":"aws:s3","s3":{"bucket":{"name":"photos"}}}]})", "s3 photos"},
      {R"({"detail-type":"Scheduled Event","source":"aws.events"})", "eventbridge Scheduled Event"},
      {R"({"Records":[]})", "invoke"},
      {"[1]", "invoke"},
      {"not json", "invoke"},
  };
  for (const auto& [event, trigger] : cases) EXPECT_EQ(trigger_of(event), trigger) << event;
}

}  // namespace
}  // namespace session
