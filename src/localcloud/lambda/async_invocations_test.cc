#include "localcloud/lambda/async_invocations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"
#include "localcloud/testing/fake_sqs.h"
#include "localcloud/testing/test_cloud.h"

namespace localcloud {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

constexpr auto kFailures = "arn:aws:sqs:us-east-1:123456789012:failures";

// A function that answers as it is told.
class ScriptedFunctions final : public AsyncFunctions {
 public:
  base::Result<std::shared_ptr<const FunctionVersion>> version_of(std::string_view) const override {
    if (deleted) return aws_error(404, "ResourceNotFoundException", "Function not found");
    return std::make_shared<const FunctionVersion>(version);
  }
  bool never_runs(std::string_view) const override { return stopped; }
  awaitable<base::Result<InvokeOutput>> run_event(std::shared_ptr<const FunctionVersion>, InvokeInput,
                                                  std::string) override {
    ++runs;
    co_return answer();
  }

  FunctionVersion version{.name = "f", .arn = "arn", .role = "arn:aws:iam::123456789012:role/r"};
  std::function<base::Result<InvokeOutput>()> answer;
  bool deleted = false;
  bool stopped = false;  // reserves no concurrency
  int runs = 0;
};

base::Result<InvokeOutput> failed() {
  return InvokeOutput{.payload = R"({"errorMessage":"no"})", .function_error = "Unhandled"};
}

struct Fixture : TestCloud {
  Fixture() {
    role("r", R"({"Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}]})");
    cloud.sqs = &queue;
    functions.answer = failed;
  }
  ~Fixture() { base::run_until_done(loop, tasks.close()); }

  void configure(const char* members) {
    auto input = codec::parse_json(members).value().as_object();
    input["DestinationConfig"] = {{"OnFailure", {{"Destination", kFailures}}}};
    ASSERT_TRUE(invocations.put("f", "", input, false));
  }
  void send() {
    invocations.accept({.function = "f", .payload = "{}", .type = InvocationType::event}, "request");
    run();
  }
  void run() {
    loop.restart();
    while (loop.poll() > 0) {
    }
  }
  void pass(base::Millis time) {
    clock.advance(time);
    run();
  }
  std::string condition() const {
    auto record = codec::parse_json(queue.sent.at(0).body).value();
    return codec::find_string(record, "requestContext", "condition");
  }

  FakeSqs queue{clock};
  ScriptedFunctions functions;
  AsyncInvocations invocations{cloud, functions};
};

TEST(AsyncInvocations, RetriesAfterOneAndTwoMinutesAndNoMore) {
  Fixture account;
  account.configure("{}");
  account.send();
  account.pass(59s);
  EXPECT_EQ(account.functions.runs, 1);
  account.pass(1s);
  EXPECT_EQ(account.functions.runs, 2);
  account.pass(119s);
  EXPECT_EQ(account.functions.runs, 2);
  account.pass(1s);
  EXPECT_EQ(account.functions.runs, 3);
  account.pass(10h);
  EXPECT_EQ(account.functions.runs, 3);
  EXPECT_EQ(account.condition(), "RetriesExhausted");
}

TEST(AsyncInvocations, ThrottlesAreTriedAgainUntilTheEventIsTooOld) {
  Fixture account;
  account.configure(R"({"MaximumRetryAttempts":0})");
  account.functions.answer = []() -> base::Result<InvokeOutput> {
    return aws_error(429, "TooManyRequestsException", "Rate Exceeded.");
  };
  account.send();
  for (int i = 0; i < 71; ++i) account.pass(5min);
  EXPECT_GT(account.functions.runs, 70);
  EXPECT_THAT(account.queue.sent, IsEmpty());
  account.pass(5min);
  EXPECT_EQ(account.condition(), "EventAgeExceeded");
}

TEST(AsyncInvocations, AThrottledEventRunsOnceThereIsRoom) {
  Fixture account;
  account.configure("{}");
  account.functions.answer = []() -> base::Result<InvokeOutput> {
    return aws_error(429, "TooManyRequestsException", "Rate Exceeded.");
  };
  account.send();
  account.functions.answer = []() -> base::Result<InvokeOutput> { return InvokeOutput{.payload = "1"}; };
  account.pass(1s);
  EXPECT_EQ(account.functions.runs, 2);
  account.pass(10h);
  EXPECT_EQ(account.functions.runs, 2);
  EXPECT_THAT(account.queue.sent, IsEmpty());
}

TEST(AsyncInvocations, AnEventIsGivenUpAtItsMaximumAgeAndNoEarlier) {
  Fixture account;
  account.configure(R"({"MaximumEventAgeInSeconds":90})");
  account.send();
  account.pass(60s);
  EXPECT_EQ(account.functions.runs, 2);
  account.pass(29s);
  EXPECT_THAT(account.queue.sent, IsEmpty());
  account.pass(1s);
  EXPECT_EQ(account.condition(), "EventAgeExceeded");
  account.pass(10h);
  EXPECT_EQ(account.functions.runs, 2);
}

TEST(AsyncInvocations, AFunctionWithoutConcurrencyNeverRuns) {
  Fixture account;
  account.configure("{}");
  account.functions.stopped = true;
  account.functions.version.dead_letter_arn = "arn:aws:sqs:us-east-1:123456789012:dead";
  account.send();
  EXPECT_EQ(account.functions.runs, 0);
  ASSERT_THAT(account.queue.sent, SizeIs(2));
  EXPECT_EQ(account.condition(), "ZeroReservedConcurrency");
  EXPECT_EQ(account.queue.sent[1].body, "{}");
  EXPECT_EQ(codec::find_string(account.queue.sent[1].attributes, "ErrorCode", "StringValue"), "429");
}

TEST(AsyncInvocations, EventsOfADeletedFunctionEnd) {
  Fixture account;
  account.configure("{}");
  account.send();
  account.functions.deleted = true;
  account.pass(10h);
  EXPECT_EQ(account.functions.runs, 1);
  EXPECT_THAT(account.queue.sent, IsEmpty());
}

TEST(InvocationRecord, HandsPayloadsOnAsTheyAre) {
  InvocationRecord record{.time = base::from_epoch_ms(1'767'323'045'678),
                          .request_id = "r",
                          .function_arn = "arn:f:$LATEST",
                          .condition = "Success",
                          .invocations = 1,
                          .request_payload = R"({"n": 12345678901234567890123})",
                          .answer = FunctionAnswer{.executed_version = "$LATEST", .payload = "no JSON"}};
  EXPECT_EQ(record_text(record),
            R"({"version":"1.0","timestamp":"2026-01-02T03:04:05.678Z","requestContext":{"requestId":"r",)"
            R"("functionArn":"arn:f:$LATEST","condition":"Success","approximateInvokeCount":1},)"
            R"("requestPayload":{"n": 12345678901234567890123},)"
            R"("responseContext":{"statusCode":200,"executedVersion":"$LATEST"},"responsePayload":"no JSON"})");
  EXPECT_EQ(bus_event_text(record, "arn:bus"),
            R"({"source":"lambda","detail-type":"Lambda Function Invocation Result - Success",)"
            R"("resources":["arn:f:$LATEST","arn:bus"],"detail":)" +
                record_text(record) + "}");
}

}  // namespace
}  // namespace localcloud
