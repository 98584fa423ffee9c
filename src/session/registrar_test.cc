#include "session/registrar.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/clock.h"
#include "base/task_group.h"
#include "net/http_client.h"
#include "session/testing/fake_bridge.h"

namespace session {
namespace {

namespace asio = boost::asio;
using testing::FakeBridge;

struct World {
  explicit World(asio::any_io_executor executor)
      : table(executor),
        http(net::make_http_client(executor, nullptr)),
        registrar({.http = http.get(),
                   .clock = &clock,
                   .credentials = aws::fixed_credentials({"AKIDEXAMPLE", "secret"}),
                   .region = "us-east-1",
                   .endpoints = {{"", table.endpoint()}}},
                  "table") {
    own.link = 1;
    own.connection_id = "own=";
    own.owner = "tom@laptop";
  }

  void put(const bridge::Registration& registration) { table.item = bridge::to_item(registration); }

  base::SystemClock clock;
  FakeBridge table;
  std::unique_ptr<net::HttpClient> http;
  Registrar registrar;
  bridge::Registration own = bridge::new_registration();
  bridge::Registration ann = testing::foreign_registration("ann@desk", "ann=", "http://x/live");
  bridge::Registration bob = testing::foreign_registration("bob@desk", "bob=", "http://x/live");
};

using Scenario = asio::awaitable<void> (*)(World&);

asio::awaitable<void> play(Scenario scenario) {
  World world(co_await asio::this_coro::executor);
  co_await scenario(world);
  co_await world.table.close();
}

void run(Scenario scenario) {
  asio::io_context loop;
  base::run_until_done(loop, play(scenario));
}

asio::awaitable<void> claims_nothing(World& world) {
  auto replaced = co_await world.registrar.claim(world.own);
  EXPECT_TRUE(replaced.has_value());
  if (replaced) EXPECT_FALSE(replaced->has_value());
  EXPECT_EQ(world.table.registration()->session, world.own.session);
  auto read = co_await world.registrar.read();
  EXPECT_TRUE(read && *read);
  if (read && *read) {
    EXPECT_EQ((*read)->key, world.own.key);
    EXPECT_EQ((*read)->connection_id, "own=");
  }
}

TEST(Registrar, ClaimsATableThatIsEmpty) {
  run(claims_nothing);
}

asio::awaitable<void> claims_from_another(World& world) {
  world.put(world.ann);
  auto replaced = co_await world.registrar.claim(world.own);
  EXPECT_TRUE(replaced && *replaced);
  if (replaced && *replaced) EXPECT_EQ((*replaced)->connection_id, "ann=");
  EXPECT_EQ(world.table.registration()->owner, "tom@laptop");
}

TEST(Registrar, ClaimsFromWhoeverHasIt) {
  run(claims_from_another);
}

asio::awaitable<void> claim_with_interference(World& world) {
  world.put(world.ann);
  world.table.before_next_put = [&world] { world.put(world.bob); };
  auto replaced = co_await world.registrar.claim(world.own);
  EXPECT_TRUE(replaced && *replaced);
  if (replaced && *replaced) EXPECT_EQ((*replaced)->owner, "bob@desk") << "the one that it really replaced";
  EXPECT_EQ(world.table.registration()->session, world.own.session);
  EXPECT_EQ(world.table.puts, 2);
}

TEST(Registrar, StartsOverWhenAnotherSessionWritesInBetween) {
  run(claim_with_interference);
}

asio::awaitable<void> claim_with_new_link(World& world) {
  world.put(world.ann);
  world.table.before_next_put = [&world] {
    world.ann.link += 1;
    world.ann.connection_id = "ann again=";
    world.put(world.ann);
  };
  auto replaced = co_await world.registrar.claim(world.own);
  EXPECT_TRUE(replaced && *replaced);
  if (replaced && *replaced) EXPECT_EQ((*replaced)->connection_id, "ann again=");
  EXPECT_EQ(world.table.puts, 2);
}

TEST(Registrar, StartsOverWhenTheOtherReconnectsInBetween) {
  run(claim_with_new_link);
}

asio::awaitable<void> claim_unanswered(World& world) {
  world.put(world.ann);
  world.table.lose_answers_of_puts = 1;
  auto replaced = co_await world.registrar.claim(world.own);
  EXPECT_TRUE(replaced && *replaced);
  if (replaced && *replaced) EXPECT_EQ((*replaced)->owner, "ann@desk") << "who has to be told";
  EXPECT_EQ(world.table.puts, 2);
}

TEST(Registrar, KnowsThatAClaimHadSucceededWhoseAnswerWasLost) {
  run(claim_unanswered);
}

asio::awaitable<void> renews(World& world) {
  world.put(world.own);
  world.own.link = 2;
  world.own.connection_id = "second=";
  auto written = co_await world.registrar.renew(world.own);
  EXPECT_TRUE(written && written->ours);
  EXPECT_EQ(world.table.registration()->connection_id, "second=");
  world.put(world.ann);
  world.own.link = 3;
  auto displaced = co_await world.registrar.renew(world.own);
  EXPECT_TRUE(displaced.has_value());
  if (displaced) {
    EXPECT_FALSE(displaced->ours);
    EXPECT_TRUE(displaced->found && displaced->found->owner == "ann@desk");
  }
  EXPECT_EQ(world.table.registration()->owner, "ann@desk");
  world.table.item.reset();
  auto gone = co_await world.registrar.renew(world.own);
  EXPECT_TRUE(gone && !gone->ours && !gone->found);
  EXPECT_FALSE(world.table.item) << "an item that was taken away is not made again";
}

TEST(Registrar, RenewsOnlyWhatIsItsOwn) {
  run(renews);
}

asio::awaitable<void> renewal_unanswered(World& world) {
  world.put(world.own);
  world.own.link = 2;
  world.table.lose_answers_of_puts = 1;
  auto written = co_await world.registrar.renew(world.own);
  EXPECT_TRUE(written && written->ours);
  EXPECT_EQ(world.table.puts, 2);
}

TEST(Registrar, KnowsThatARenewalHadSucceededWhoseAnswerWasLost) {
  run(renewal_unanswered);
}

asio::awaitable<void> releases(World& world) {
  world.put(world.own);
  auto written = co_await world.registrar.release(world.own);
  EXPECT_TRUE(written && written->ours);
  EXPECT_EQ(world.table.registration()->session, world.own.session);
  EXPECT_FALSE(world.table.item->contains("connectionId"));
  EXPECT_FALSE(world.table.item->contains("key"));
  world.put(world.ann);
  auto foreign = co_await world.registrar.release(world.own);
  EXPECT_TRUE(foreign && !foreign->ours);
  EXPECT_EQ(world.table.registration()->connection_id, "ann=");
}

TEST(Registrar, ReleasesOnlyWhatIsItsOwn) {
  run(releases);
}

}  // namespace
}  // namespace session
