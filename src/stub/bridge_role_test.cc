#include "stub/bridge_role.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>

#include "aws/times.h"
#include "base/task_group.h"

namespace stub {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using testing::HasSubstr;
using namespace std::chrono_literals;

// STS: holds every request until it is told to answer.
class FakeSts final : public net::HttpClient {
 public:
  awaitable<base::Result<net::Response>> send(net::Url url, net::Request request, net::SendOptions) override {
    requests.push_back(url.host + " " + request.headers.get_or("Authorization", "") + " " + request.body);
    while (answers.empty()) co_await asked.wait();
    net::Response answer = std::move(answers.front());
    answers.pop_front();
    co_return answer;
  }
  void close_idle() override {}

  void issue(std::string_view id, base::WallTime expires) {
    answer(200, "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>" + std::string(id) +
                    "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>" +
                    aws::iso_date(expires) + "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>");
  }
  void refuse() {
    answer(403,
           "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole on "
           "resource: arn:bridge</Message></Error></ErrorResponse>");
  }

  std::vector<std::string> requests;
  std::deque<net::Response> answers;
  base::Notifier asked;

 private:
  void answer(int status, std::string body) {
    answers.push_back({.status = status, .headers = {}, .body = std::move(body)});
    asked.notify_all();
  }
};

struct World {
  base::FakeClock clock;
  FakeSts sts;
  BridgeRole role{{.http = &sts,
                   .clock = &clock,
                   .credentials = aws::fixed_credentials({"OWN", "secret", "token"}),
                   .region = "eu-west-1"},
                  "arn:bridge",
                  "livelambda-Api"};
  asio::io_context loop{1};
  std::vector<std::string> got;

  awaitable<void> ask() {
    auto keys = co_await role.get();
    got.push_back(keys ? keys->access_key_id : keys.error().message);
  }

  void ask_and_run() {
    base::TaskGroup tasks(loop.get_executor());
    tasks.spawn(ask());
    loop.restart();
    loop.poll();
  }
};

TEST(BridgeRole, IsAssumedOnceForAllWhoAsk) {
  World world;
  base::TaskGroup tasks(world.loop.get_executor());
  for (int i = 0; i < 3; ++i) tasks.spawn(world.ask());
  world.loop.poll();
  ASSERT_EQ(world.sts.requests.size(), 1U);
  EXPECT_THAT(world.sts.requests[0], HasSubstr("sts.eu-west-1.amazonaws.com AWS4-HMAC-SHA256 Credential=OWN/"));
  EXPECT_THAT(world.sts.requests[0], HasSubstr("Action=AssumeRole"));
  EXPECT_THAT(world.sts.requests[0], HasSubstr("RoleArn=arn%3Abridge&RoleSessionName=livelambda-Api"));
  world.sts.issue("ONE", world.clock.wall_now() + 1h);
  world.loop.poll();
  EXPECT_THAT(world.got, testing::ElementsAre("ONE", "ONE", "ONE"));
}

TEST(BridgeRole, IsRenewedFiveMinutesBeforeItsKeysExpire) {
  World world;
  world.sts.issue("ONE", world.clock.wall_now() + 1h);
  world.ask_and_run();
  world.clock.advance(54min);
  world.ask_and_run();
  EXPECT_EQ(world.sts.requests.size(), 1U);
  world.clock.advance(2min);
  world.sts.issue("TWO", world.clock.wall_now() + 1h);
  world.ask_and_run();
  EXPECT_THAT(world.got, testing::ElementsAre("ONE", "ONE", "TWO"));
}

TEST(BridgeRole, KeepsGoodKeysWhenARenewalFails) {
  World world;
  world.sts.issue("ONE", world.clock.wall_now() + 1h);
  world.ask_and_run();
  world.clock.advance(57min);
  world.sts.refuse();
  world.ask_and_run();
  EXPECT_THAT(world.got, testing::ElementsAre("ONE", "ONE"));
  world.clock.advance(4min);
  world.sts.refuse();
  world.ask_and_run();
  EXPECT_THAT(world.got.back(), HasSubstr("sts:AssumeRole on resource: arn:bridge"));
}

TEST(BridgeRole, TellsEveryoneWhoWaitsThatItIsRefusedAndAsksAnew) {
  World world;
  base::TaskGroup tasks(world.loop.get_executor());
  for (int i = 0; i < 2; ++i) tasks.spawn(world.ask());
  world.loop.poll();
  world.sts.refuse();
  world.loop.poll();
  ASSERT_EQ(world.got.size(), 2U);
  EXPECT_THAT(world.got, testing::Each(HasSubstr("sts:AssumeRole")));
  EXPECT_EQ(world.sts.requests.size(), 1U);
  world.sts.issue("ONE", world.clock.wall_now() + 1h);
  world.ask_and_run();
  EXPECT_EQ(world.got.back(), "ONE");
}

TEST(BridgeRole, LetsAnotherAskWhenTheOneWhoDidIsCancelled) {
  World world;
  base::TaskGroup thawed(world.loop.get_executor());
  base::TaskGroup others(world.loop.get_executor());
  thawed.spawn(world.ask());
  others.spawn(world.ask());
  world.loop.poll();
  thawed.cancel();
  world.loop.restart();
  world.loop.poll();
  EXPECT_EQ(world.sts.requests.size(), 2U);
  world.sts.issue("ONE", world.clock.wall_now() + 1h);
  world.loop.restart();
  world.loop.poll();
  EXPECT_THAT(world.got, testing::ElementsAre("ONE"));
}

}  // namespace
}  // namespace stub
