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

// Whether the write was done, and whose the entry is then; what a failed condition names is what is there.
asio::awaitable<void> expect_write(World& world, bridge::ConditionalWrite write, bool done, std::string owner) {
  auto written = co_await world.registrar.write(std::move(write));
  EXPECT_TRUE(written.has_value());
  if (!written) co_return;
  EXPECT_EQ(written->done, done);
  if (!done) EXPECT_EQ(written->found ? written->found->owner : "", owner);
  EXPECT_EQ(world.table.item ? world.table.registration()->owner : "", owner);
}

asio::awaitable<void> claims(World& world) {
  co_await expect_write(world, bridge::claim(std::nullopt, world.own), true, "tom@laptop");
  co_await expect_write(world, bridge::claim(std::nullopt, world.ann), false, "tom@laptop");
  co_await expect_write(world, bridge::claim(world.bob, world.ann), false, "tom@laptop");
  co_await expect_write(world, bridge::claim(world.own, world.ann), true, "ann@desk");
  bridge::Registration renewed = world.ann;
  renewed.link += 1;
  co_await expect_write(world, bridge::claim(renewed, world.own), false, "ann@desk");
  auto read = co_await world.registrar.read();
  EXPECT_TRUE(read && *read);
  if (read && *read) {
    EXPECT_EQ((*read)->key, world.ann.key);
    EXPECT_EQ((*read)->connection_id, "ann=");
  }
}

TEST(Registrar, ClaimsOnlyWhatItRead) {
  run(claims);
}

asio::awaitable<void> renews(World& world) {
  world.put(world.own);
  co_await expect_write(world, bridge::renew(world.own), false, "tom@laptop");
  world.own.link = 2;
  world.own.connection_id = "second=";
  co_await expect_write(world, bridge::renew(world.own), true, "tom@laptop");
  EXPECT_EQ(world.table.registration()->connection_id, "second=");
  world.put(world.ann);
  world.own.link = 3;
  co_await expect_write(world, bridge::renew(world.own), false, "ann@desk");
  world.table.item.reset();
  co_await expect_write(world, bridge::renew(world.own), false, "");
}

TEST(Registrar, RenewsOnlyWhatIsItsOwnAndThere) {
  run(renews);
}

asio::awaitable<void> unanswered(World& world) {
  world.put(world.own);
  world.own.link = 2;
  world.own.owner = "tom@second";
  world.table.lose_answers_of_puts = 1;
  co_await expect_write(world, bridge::renew(world.own), false, "tom@second");
  EXPECT_EQ(world.table.puts, 2) << "the write was tried again, and found itself";
}

TEST(Registrar, FindsItsOwnWriteWhoseAnswerWasLost) {
  run(unanswered);
}

asio::awaitable<void> releases(World& world) {
  world.put(world.own);
  co_await expect_write(world, bridge::release(world.own), true, "tom@laptop");
  EXPECT_EQ(world.table.registration()->session, world.own.session);
  EXPECT_FALSE(world.table.item->contains("connectionId"));
  EXPECT_FALSE(world.table.item->contains("key"));
  world.put(world.ann);
  co_await expect_write(world, bridge::release(world.own), false, "ann@desk");
  EXPECT_EQ(world.table.registration()->connection_id, "ann=");
}

TEST(Registrar, ReleasesOnlyWhatIsItsOwn) {
  run(releases);
}

}  // namespace
}  // namespace session
