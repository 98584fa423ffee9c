#include "aws/renewing_credentials.h"

#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>
#include <deque>

#include "aws/testing/fake_world.h"
#include "base/notifier.h"
#include "base/task_group.h"

namespace aws {
namespace {

using namespace std::chrono_literals;
using testing::run;

// Gives what it is told to, one after the other, when it may.
struct Told final : CredentialsSource {
  awaitable<base::Result<IssuedCredentials>> fetch() override {
    ++fetches;
    while (held) co_await released.wait();
    auto next = answers.front();
    if (answers.size() > 1) answers.pop_front();
    co_return next;
  }
  void release() {
    held = false;
    released.notify_all();
  }

  std::deque<base::Result<IssuedCredentials>> answers;
  int fetches = 0;
  bool held = false;
  base::Notifier released;
};

struct World {
  World() {
    auto owned = std::make_unique<Told>();
    told = owned.get();
    provider = renewing_credentials(std::move(owned), clock, {"profile work", "Run `aws sso login`."});
  }
  void will_give(std::string key, std::chrono::minutes life) {
    told->answers.push_back(IssuedCredentials{{std::move(key), "secret"}, clock.wall_now() + life});
  }
  void will_fail() { told->answers.push_back(base::fail(base::ErrorKind::connect, "no network")); }
  awaitable<std::string> key() {
    auto keys = co_await provider->get();
    co_return keys ? keys->access_key_id : keys.error().message;
  }

  base::FakeClock clock;
  Told* told;
  std::shared_ptr<CredentialsProvider> provider;
};

// Lets what is in the background come to its next wait.
awaitable<void> settle() {
  for (int i = 0; i < 5; ++i) co_await base::sleep_for(0ms);
}

awaitable<void> test_renewal() {
  World world;
  world.will_give("first", 60min);
  EXPECT_EQ(co_await world.key(), "first");
  world.clock.advance(54min);
  EXPECT_EQ(co_await world.key(), "first");
  EXPECT_EQ(world.told->fetches, 1);
  world.clock.advance(2min);
  world.told->answers.clear();
  world.will_give("second", 60min);
  world.told->held = true;
  EXPECT_EQ(co_await world.key(), "first") << "no request waits while the old keys are good";
  EXPECT_EQ(co_await world.key(), "first");
  co_await settle();
  EXPECT_EQ(world.told->fetches, 2) << "one renewal at a time";
  world.told->release();
  co_await settle();
  EXPECT_EQ(co_await world.key(), "second");
}

TEST(RenewingCredentials, RenewInTheBackgroundFiveMinutesBeforeTheEnd) {
  run(test_renewal());
}

awaitable<void> test_failures() {
  World world;
  world.will_give("first", 60min);
  EXPECT_EQ(co_await world.key(), "first");
  world.clock.advance(56min);
  world.told->answers.clear();
  world.will_fail();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(co_await world.key(), "first") << "the old keys are still good";
    co_await settle();
  }
  EXPECT_EQ(world.told->fetches, 2) << "not with each request";
  world.clock.advance(31s);
  co_await world.key();
  co_await settle();
  EXPECT_EQ(world.told->fetches, 3);
  world.clock.advance(4min);
  EXPECT_EQ(co_await world.key(), "no network") << "the old keys are not";
  world.told->answers.clear();
  world.will_give("second", 60min);
  EXPECT_EQ(co_await world.key(), "second");
}

TEST(RenewingCredentials, KeepOldKeysWhileRenewalsFail) {
  run(test_failures());
}

awaitable<void> test_short_lives() {
  World world;
  world.will_give("short", 4min);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(co_await world.key(), "short");
    co_await settle();
  }
  EXPECT_EQ(world.told->fetches, 1);
  world.clock.advance(31s);
  co_await world.key();
  co_await settle();
  EXPECT_EQ(world.told->fetches, 2);
}

TEST(RenewingCredentials, ThatNeverLastFiveMinutesAreNotFetchedForEachRequest) {
  run(test_short_lives());
}

awaitable<void> remember_key(World& world, std::vector<std::string>& keys) {
  keys.push_back(co_await world.key());
}

awaitable<void> test_first_callers() {
  World world;
  world.told->held = true;
  world.will_give("first", 60min);
  std::vector<std::string> keys;
  auto executor = co_await boost::asio::this_coro::executor;
  base::TaskGroup cancelled(executor);
  base::TaskGroup callers(executor);
  cancelled.spawn(remember_key(world, keys));
  for (int i = 0; i < 3; ++i) callers.spawn(remember_key(world, keys));
  co_await settle();
  EXPECT_EQ(world.told->fetches, 1);
  co_await cancelled.close();  // the one that fetches: another takes over
  world.told->release();
  co_await callers.join();
  EXPECT_EQ(keys, std::vector<std::string>(3, "first"));
  EXPECT_EQ(world.told->fetches, 2);
}

TEST(RenewingCredentials, AreFetchedOnceForAllWhoWait) {
  run(test_first_callers());
}

awaitable<void> test_expired() {
  World world;
  world.will_give("old", -1min);
  auto keys = co_await world.provider->get();
  EXPECT_EQ(keys.error().message, "the AWS credentials of profile work have expired");
  EXPECT_EQ(keys.error().hint, "Run `aws sso login`.");
}

TEST(RenewingCredentials, ThatHaveExpiredAreRefusedWithWhatMendsThem) {
  run(test_expired());
}

}  // namespace
}  // namespace aws
