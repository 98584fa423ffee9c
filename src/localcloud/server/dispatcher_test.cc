#include "localcloud/server/dispatcher.h"

#include <gtest/gtest.h>

#include "base/task_group.h"
#include "localcloud/testing/test_cloud.h"

namespace localcloud {
namespace {

TEST(Dispatcher, AnswersToItsOwnNamesAlone) {
  for (auto host : {"127.0.0.1:4571", "localhost", "localhost:1", "a.execute-api.localhost:4571", "[::1]:4571", "[::1]",
                    "LOCALHOST:80", "bucket.s3.us-east-1.amazonaws.com"}) {
    EXPECT_TRUE(is_allowed_host(host)) << host;
  }
  for (auto host : {"", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:4571", "notlocalhost",
                    "127.0.0.1:x", "amazonaws.com.evil.example", "192.168.0.1:4571"}) {
    EXPECT_FALSE(is_allowed_host(host)) << host;
  }
}

TEST(Dispatcher, FindsApisByPathAndByHost) {
  auto by_path = api_address("127.0.0.1:1", "/_aws/execute-api/abc/live/x?q=1");
  ASSERT_TRUE(by_path.has_value());
  EXPECT_EQ(by_path->api_id, "abc");
  EXPECT_EQ(by_path->target, "/live/x?q=1");
  EXPECT_EQ(api_address("127.0.0.1:1", "/_aws/execute-api/abc?X=1")->target, "/?X=1");
  auto by_host = api_address("abc.execute-api.us-east-1.amazonaws.com", "/live");
  ASSERT_TRUE(by_host.has_value());
  EXPECT_EQ(by_host->api_id, "abc");
  EXPECT_EQ(by_host->target, "/live");
  EXPECT_EQ(api_address("ABC.execute-api.localhost:4571", "/")->api_id, "abc");
  EXPECT_FALSE(api_address("127.0.0.1:1", "/live").has_value());
  EXPECT_FALSE(api_address("execute-api.localhost", "/live").has_value());
}

TEST(Dispatcher, RefusesInTheProtocolOfTheCaller) {
  base::Error error = aws_error(501, "NotImplemented", "no").value();
  Call call;
  call.request.headers.add("X-Amz-Target", "AmazonSSM.GetParameter");
  call.request.headers.add("Content-Type", "application/x-amz-json-1.1");
  EXPECT_EQ(failure_in_protocol_of(call, error).headers.get_or("Content-Type", ""), "application/x-amz-json-1.1");
  Call query;
  query.request.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  EXPECT_EQ(failure_in_protocol_of(query, error).headers.get_or("Content-Type", ""), "text/xml");
  Call rest;
  EXPECT_EQ(failure_in_protocol_of(rest, error).headers.get_or("Content-Type", ""), "application/json");
  rest.service = "s3";
  EXPECT_EQ(failure_in_protocol_of(rest, error).headers.get_or("Content-Type", ""), "application/xml");
}

awaitable<void> sleep_and_tell(LocalClock& clock, base::Millis duration, std::vector<std::int64_t>& woken) {
  co_await clock.sleep_for(duration);
  woken.push_back(duration.count());
}

awaitable<void> advance(LocalClock& clock, base::TaskGroup& tasks, std::vector<std::int64_t>& woken) {
  tasks.spawn(sleep_and_tell(clock, std::chrono::hours(2), woken));
  tasks.spawn(sleep_and_tell(clock, std::chrono::hours(200'000), woken));
  co_await base::sleep_for(base::Millis(0));
  clock.advance(std::chrono::hours(1));
  co_await base::sleep_for(base::Millis(0));
  woken.push_back(-1);
  clock.advance(std::chrono::hours(1));
  while (woken.size() < 2) co_await base::sleep_for(base::Millis(0));
  co_await tasks.close();
}

TEST(LocalClock, WakesWhoeverWaitedForTheTimeThatPassed) {
  TestCloud test;
  std::vector<std::int64_t> woken;
  auto before = test.clock.now();
  base::run_until_done(test.loop, advance(test.clock, test.tasks, woken));
  EXPECT_EQ(woken, (std::vector<std::int64_t>{-1, 7'200'000}));
  EXPECT_GE(test.clock.now() - before, std::chrono::hours(2));
}

}  // namespace
}  // namespace localcloud
