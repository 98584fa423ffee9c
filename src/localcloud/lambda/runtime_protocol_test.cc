#include "localcloud/lambda/runtime_protocol.h"

#include <gtest/gtest.h>

#include "codec/json.h"

namespace localcloud {
namespace {

using State = RuntimeProtocol::State;

RuntimeEvent event(std::string id) {
  return {.request_id = std::move(id),
          .function_arn = "arn:aws:lambda:us-east-1:123456789012:function:f",
          .trace_id = "Root=1-2-3",
          .client_context = {},
          .deadline_ms = 1767323045000,
          .payload = R"({"a":1})"};
}

net::Request body(std::string text, net::Headers headers = {}) {
  return {.method = "POST", .target = "/", .headers = std::move(headers), .body = std::move(text)};
}

std::string error_type(const net::Response& response) {
  return codec::find_string(codec::parse_json(response.body).value(), "errorType");
}

RuntimeProtocol running(std::string id) {
  RuntimeProtocol protocol;
  auto waiting = protocol.next();
  protocol.offer(event(std::move(id)));
  protocol.take_event(waiting.ticket);
  return protocol;
}

TEST(RuntimeProtocol, NextHasTheDocumentedHeadersAndLeavesEmptyOnesOut) {
  RuntimeProtocol protocol;
  auto waiting = protocol.next();
  ASSERT_FALSE(waiting.refused);
  EXPECT_FALSE(protocol.take_event(waiting.ticket));
  protocol.offer(event("id-1"));
  auto response = protocol.take_event(waiting.ticket);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->headers.get("Lambda-Runtime-Aws-Request-Id"), "id-1");
  EXPECT_EQ(response->headers.get("Lambda-Runtime-Deadline-Ms"), "1767323045000");
  EXPECT_EQ(response->headers.get("Lambda-Runtime-Invoked-Function-Arn"),
            "arn:aws:lambda:us-east-1:123456789012:function:f");
  EXPECT_EQ(response->headers.get("Lambda-Runtime-Trace-Id"), "Root=1-2-3");
  EXPECT_FALSE(response->headers.has("Lambda-Runtime-Client-Context"));
  EXPECT_EQ(response->headers.get("Content-Type"), "application/json");
  EXPECT_EQ(response->body, R"({"a":1})");
}

TEST(RuntimeProtocol, TakesOneAnswerForTheRightId) {
  auto protocol = running("id-1");
  auto wrong = protocol.response("id-2", body("{}"));
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(error_type(wrong), "InvalidRequestID");
  EXPECT_EQ(protocol.next().refused->status, 403);
  EXPECT_EQ(protocol.response("id-1", body("answer")).status, 202);
  EXPECT_EQ(protocol.response("id-1", body("again")).status, 403);
  EXPECT_EQ(protocol.error("id-1", body("again")).status, 403);
  auto answer = protocol.take_answer();
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->failed);
  EXPECT_EQ(answer->payload, "answer");
  EXPECT_FALSE(protocol.next().refused);
  EXPECT_EQ(protocol.state(), State::ready);
}

TEST(RuntimeProtocol, RefusesAnswersBeforeTheFirstInvocation) {
  RuntimeProtocol protocol;
  EXPECT_EQ(protocol.response("", body("{}")).status, 400);
  EXPECT_EQ(protocol.response("id", body("{}")).status, 400);
}

TEST(RuntimeProtocol, AnswersOfTheLimitPassAndOneByteMoreIsTooLarge) {
  auto fits = running("id");
  EXPECT_EQ(fits.response("id", body(std::string(6'291'556, 'x'))).status, 202);
  EXPECT_EQ(fits.take_answer()->payload.size(), 6'291'556U);

  auto protocol = running("id");
  EXPECT_EQ(protocol.response("id", body(std::string(6'291'557, 'x'))).status, 413);
  auto answer = protocol.take_answer();
  ASSERT_TRUE(answer && answer->failed);
  EXPECT_EQ(codec::find_string(codec::parse_json(answer->payload).value(), "errorType"),
            "Function.ResponseSizeTooLarge");
  EXPECT_FALSE(protocol.next().refused);
}

TEST(RuntimeProtocol, KnowsStreamingAndNamesOtherModes) {
  auto protocol = running("id");
  auto other = protocol.response("id", body("", {{"Lambda-Runtime-Function-Response-Mode", "magic"}}));
  EXPECT_EQ(other.status, 400);
  EXPECT_EQ(error_type(other), "InvalidFunctionResponseMode");
  EXPECT_EQ(protocol.response("id", body("abc", {{"Lambda-Runtime-Function-Response-Mode", "streaming"}})).status, 202);
  EXPECT_EQ(protocol.take_answer()->payload, "abc");
}

TEST(RuntimeProtocol, AStreamHoldsTheInvocationUntilItsEnd) {
  RuntimeProtocol protocol;
  protocol.next();
  protocol.offer({.request_id = "id", .payload = "{}"});
  EXPECT_FALSE(protocol.begin_stream("id"));
  EXPECT_EQ(protocol.state(), RuntimeProtocol::State::busy);
  EXPECT_EQ(protocol.begin_stream("id")->status, 403);
  EXPECT_EQ(protocol.begin_stream("other")->status, 400);
  EXPECT_EQ(protocol.end_stream("id", {}, "whole").status, 202);
  EXPECT_EQ(protocol.take_answer()->payload, "whole");
}

TEST(RuntimeProtocol, AStreamThatIsCutOffIsAnError) {
  RuntimeProtocol protocol;
  protocol.next();
  protocol.offer({.request_id = "id", .payload = "{}"});
  EXPECT_FALSE(protocol.begin_stream("id"));
  protocol.stream_cut_off("id");
  auto answer = protocol.take_answer();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->failed);
  EXPECT_EQ(answer->error_type, "Runtime.TruncatedResponse");
}

TEST(RuntimeProtocol, AStreamThatBrokeIsAnError) {
  auto protocol = running("id");
  protocol.response("id", body("half", {{"Lambda-Runtime-Function-Response-Mode", "streaming"},
                                        {"Lambda-Runtime-Function-Error-Type", "Function.Broken"},
                                        {"Lambda-Runtime-Function-Error-Body", "eyJhIjoxfQ=="}}));
  auto answer = protocol.take_answer();
  ASSERT_TRUE(answer && answer->failed);
  EXPECT_EQ(answer->error_type, "Function.Broken");
  EXPECT_EQ(answer->payload, R"({"a":1})");
}

TEST(RuntimeProtocol, KeepsErrorTypesOfTheDocumentedFormOnly) {
  for (auto [sent, kept] : {std::pair{"Function.Unexpected", "Function.Unexpected"},
                            {"Runtime.no", "Runtime.Unknown"},
                            {"TypeError", "Function.Unknown"},
                            {"", "Function.Unknown"}}) {
    auto protocol = running("id");
    EXPECT_EQ(protocol.error("id", body("{}", {{"Lambda-Runtime-Function-Error-Type", sent}})).status, 202);
    EXPECT_EQ(protocol.take_answer()->error_type, kept) << sent;
  }
}

TEST(RuntimeProtocol, InitErrorsCountOnlyWhileStarting) {
  RuntimeProtocol protocol;
  EXPECT_EQ(protocol.init_error(body(R"({"errorType":"X"})")).status, 202);
  EXPECT_EQ(protocol.state(), State::failed);
  EXPECT_EQ(protocol.take_answer()->payload, R"({"errorType":"X"})");
  EXPECT_EQ(protocol.next().refused->status, 403);
  auto busy = running("id");
  EXPECT_EQ(busy.init_error(body("{}")).status, 403);
}

TEST(RuntimeProtocol, ASecondNextMakesTheFirstVoid) {
  RuntimeProtocol protocol;
  auto first = protocol.next();
  auto second = protocol.next();
  EXPECT_TRUE(protocol.is_void(first.ticket));
  protocol.offer(event("id"));
  EXPECT_FALSE(protocol.take_event(first.ticket));
  EXPECT_TRUE(protocol.take_event(second.ticket));
}

TEST(RuntimeProtocol, RoutesItsPathsAndNamesWhatIsNotThere) {
  using Operation = RuntimeProtocol::Operation;
  EXPECT_EQ(RuntimeProtocol::route("GET", "/2018-06-01/runtime/invocation/next").operation, Operation::next);
  EXPECT_EQ(RuntimeProtocol::route("POST", "/2018-06-01/runtime/init/error").operation, Operation::init_error);
  auto response = RuntimeProtocol::route("POST", "/2018-06-01/runtime/invocation/abc/response");
  EXPECT_EQ(response.operation, Operation::response);
  EXPECT_EQ(response.request_id, "abc");
  EXPECT_EQ(RuntimeProtocol::route("POST", "/2018-06-01/runtime/invocation/abc/error").operation, Operation::error);
  EXPECT_EQ(RuntimeProtocol::route("GET", "/2018-06-01/runtime/invocation/abc/error").operation, Operation::unknown);
  auto extension = RuntimeProtocol::unknown("POST", "/2020-01-01/extension/register");
  EXPECT_EQ(extension.status, 501);
  EXPECT_NE(extension.body.find("/2020-01-01/extension/register"), std::string::npos);
  EXPECT_EQ(RuntimeProtocol::unknown("GET", "/").status, 404);
}

}  // namespace
}  // namespace localcloud
