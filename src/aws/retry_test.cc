#include "aws/retry.h"

#include <gtest/gtest.h>

#include "aws/client.h"
#include "aws/testing/fake_world.h"
#include "aws/times.h"

namespace aws {
namespace {

using base::Millis;
using testing::FakeHttp;

net::Response refusal(int status, std::string_view code, net::Headers headers = {}) {
  return {status, std::move(headers), fmt::format(R"({{"__type":"{}","message":"no"}})", code)};
}

TEST(FailureKind, FollowsCodesAndStatuses) {
  struct {
    base::ErrorKind kind;
    const char* code;
    int status;
    FailureKind expected;
  } cases[] = {{base::ErrorKind::service, "ThrottlingException", 400, FailureKind::throttled},
               {base::ErrorKind::service, "SlowDown", 503, FailureKind::throttled},
               {base::ErrorKind::service, "", 429, FailureKind::throttled},
               {base::ErrorKind::service, "RequestTimeout", 400, FailureKind::transient},
               {base::ErrorKind::service, "IDPCommunicationError", 400, FailureKind::transient},
               {base::ErrorKind::service, "Whatever", 500, FailureKind::transient},
               {base::ErrorKind::service, "Whatever", 504, FailureKind::transient},
               {base::ErrorKind::service, "NotImplemented", 501, FailureKind::final},
               {base::ErrorKind::service, "ValidationError", 400, FailureKind::final},
               {base::ErrorKind::permission, "AccessDenied", 403, FailureKind::final},
               {base::ErrorKind::connect, "", 0, FailureKind::transient},
               {base::ErrorKind::transport, "", 0, FailureKind::transient}};
  for (const auto& one : cases) {
    base::Error error{.kind = one.kind, .message = "", .code = one.code, .status = one.status};
    EXPECT_EQ(failure_kind(error), one.expected) << one.code << one.status;
  }
}

TEST(RetryPause, DoublesUpTo20SecondsWithFullJitter) {
  EXPECT_EQ(retry_pause(FailureKind::transient, 1, 0.5, nullptr), Millis(25));
  EXPECT_EQ(retry_pause(FailureKind::transient, 2, 0.5, nullptr), Millis(50));
  EXPECT_EQ(retry_pause(FailureKind::throttled, 1, 0.5, nullptr), Millis(500));
  EXPECT_EQ(retry_pause(FailureKind::throttled, 3, 0.5, nullptr), Millis(2'000));
  EXPECT_EQ(retry_pause(FailureKind::throttled, 30, 0.5, nullptr), Millis(10'000));
  EXPECT_EQ(retry_pause(FailureKind::throttled, 1, 0.0, nullptr), Millis(0));
}

TEST(RetryPause, IsAsLongAsTheServiceAsksButFiveSecondsMoreAtMost) {
  net::Headers soon{{"x-amz-retry-after", "1500"}};
  EXPECT_EQ(retry_pause(FailureKind::transient, 1, 0.5, &soon), Millis(1'500));
  net::Headers late{{"Retry-After", "60"}};
  EXPECT_EQ(retry_pause(FailureKind::throttled, 1, 0.5, &late), Millis(5'500));
  net::Headers nonsense{{"Retry-After", "Tue, 15 Nov 1994 08:12:31 GMT"}};
  EXPECT_EQ(retry_pause(FailureKind::throttled, 1, 0.5, &nonsense), Millis(500));
}

TEST(RetryTokens, RunOutAndComeBackWithSuccess) {
  CallMemory memory;
  int retries = 0;
  while (take_tokens(memory, FailureKind::transient)) ++retries;
  EXPECT_EQ(retries, 35);  // 500 / 14
  EXPECT_TRUE(take_tokens(memory, FailureKind::throttled));
  EXPECT_EQ(memory.retry_tokens, 5);
  give_tokens(memory, FailureKind::transient);
  give_tokens(memory, std::nullopt);
  EXPECT_EQ(memory.retry_tokens, 20);
  for (int i = 0; i < 1'000; ++i) give_tokens(memory, std::nullopt);
  EXPECT_EQ(memory.retry_tokens, 500);
}

class Exchange : public ::testing::Test {
 protected:
  base::Result<net::Response> send(CallOptions options = {}) {
    config_.http = &http_;
    config_.clock = &clock_;
    config_.region = "eu-west-1";
    return testing::result_of(exchange(config_, net::parse_url("https://sts.example/").value(), {}, "sts", options));
  }
  // Answers as told; the last one for ever.
  void answer(std::vector<net::Response> answers) {
    http_.answer_with([answers, at = std::size_t{0}](const net::Url&, const net::Request&) mutable {
      return answers[std::min(at++, answers.size() - 1)];
    });
  }

  FakeHttp http_;
  base::FakeClock clock_;  // 2026-01-02T03:04:05Z
  ClientConfig config_{.credentials = fixed_credentials({"AK", "secret"})};
};

TEST_F(Exchange, TriesThreeTimesUnlessToldOtherwise) {
  answer({refusal(500, "InternalError")});
  EXPECT_EQ(send()->status, 500);
  EXPECT_EQ(http_.sent.size(), 3U);
  EXPECT_EQ(config_.memory->retry_tokens, 500 - 2 * 14);
  EXPECT_EQ(send({.attempts = 1})->status, 500);
  EXPECT_EQ(http_.sent.size(), 4U);
  config_.attempts = 2;
  send();
  EXPECT_EQ(http_.sent.size(), 6U);
}

TEST_F(Exchange, StopsAtTheFirstSuccessAndAtWhatIsFinal) {
  answer({refusal(503, "ServiceUnavailable"), {}});
  EXPECT_EQ(send()->status, 200);
  EXPECT_EQ(http_.sent.size(), 2U);
  EXPECT_EQ(config_.memory->retry_tokens, 500);
  answer({refusal(400, "ValidationError")});
  send();
  EXPECT_EQ(http_.sent.size(), 3U);
}

TEST_F(Exchange, DoesNotHammerAServiceThatIsDown) {
  answer({refusal(500, "InternalError")});
  config_.memory->retry_tokens = 10;
  send();
  EXPECT_EQ(http_.sent.size(), 1U);
}

TEST_F(Exchange, SignsByTheServicesClockOnceItIsKnown) {
  answer({refusal(403, "InvalidSignatureException", {{"Date", "Fri, 02 Jan 2026 03:34:05 GMT"}}), {}});
  EXPECT_EQ(send()->status, 200);
  ASSERT_EQ(http_.sent.size(), 2U);
  EXPECT_EQ(http_.sent[0].request.headers.get("X-Amz-Date"), "20260102T030405Z");
  EXPECT_EQ(http_.sent[1].request.headers.get("X-Amz-Date"), "20260102T033405Z");
  send();
  EXPECT_EQ(http_.sent[2].request.headers.get("X-Amz-Date"), "20260102T033405Z") << "kept for what follows";
  EXPECT_EQ(signing_time(config_), clock_.wall_now() + std::chrono::minutes(30));
}

TEST_F(Exchange, DoesNotBlameTheClockForAWrongSecret) {
  answer({refusal(403, "SignatureDoesNotMatch", {{"Date", "Fri, 02 Jan 2026 03:05:05 GMT"}})});
  send();
  EXPECT_EQ(http_.sent.size(), 1U);
  EXPECT_EQ(config_.memory->clock_offset.count(), 0);
}

TEST_F(Exchange, SignsNothingWithoutCredentials) {
  answer({{}});
  config_.credentials = nullptr;
  send();
  EXPECT_FALSE(http_.sent[0].request.headers.has("Authorization"));
}

TEST(Times, ReadsWhatServicesAndToolsWrite) {
  auto at = base::FakeClock().wall_now();  // 2026-01-02T03:04:05Z
  for (const char* text : {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05UTC", "2026-01-02T03:04:05.678Z",
                           "2026-01-02T03:04:05+00:00", "2026-01-02T05:04:05+02:00", "2026-01-01T21:34:05-0530"}) {
    EXPECT_EQ(parse_iso_date(text), at) << text;
  }
  EXPECT_EQ(iso_date(at), "2026-01-02T03:04:05Z");
  EXPECT_EQ(parse_http_date("Fri, 02 Jan 2026 03:04:05 GMT"), at);
  EXPECT_GT(parse_iso_date("9999-12-31T23:59:59Z"), at);
  EXPECT_GT(parse_http_date("Fri, 31 Dec 9999 23:59:59 GMT"), at);
  for (const char* text : {"", "2026-01-02", "2026-13-02T03:04:05Z", "2026-01-02T03:04:05", "2026-01-02T3:04:05Z",
                           "2026-01-02T03:04:05+0x:00", "2026-01-02T03:04:05.", "-026-01-02T03:04:05Z"}) {
    EXPECT_EQ(parse_iso_date(text), std::nullopt) << text;
  }
  for (const char* text : {"", "Fri, ", "Fri, 02 Jan 2026 03:04:05", "Fri, 02 Foo 2026 03:04:05 GMT", "Fri, 02 Ja GMT",
                           "Friday, 02-Jan-26 03:04:05 GMT"}) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace aws
