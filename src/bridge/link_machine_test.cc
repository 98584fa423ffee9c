// What the session decides about its link and its entry. Whole lives of it are in the scenarios.
#include "bridge/link_machine.h"

#include <gtest/gtest.h>

namespace bridge {
namespace {

using base::Millis;

const Outcome kRefused{.status = 403};
const Outcome kTimedOut{.reach = Outcome::Reach::maybe_sent};

Registration named(std::string owner) {
  Registration registration = new_registration();
  registration.owner = std::move(owner);
  registration.endpoint = "https://api.example/live";
  return registration;
}

Registration connected(Registration registration, std::uint64_t link, std::string connection_id) {
  registration.link = link;
  registration.connection_id = std::move(connection_id);
  return registration;
}

template <typename Action>
const Action* find(const LinkActions& actions) {
  for (const LinkAction& action : actions) {
    if (const auto* found = std::get_if<Action>(&action)) return found;
  }
  return nullptr;
}

struct LinkTest : ::testing::Test {
  base::FakeClock clock;
  Registration ann = connected(named("ann@desk"), 7, "ann=");
  LinkMachine machine{named("tom@laptop"), Millis(5'000), 1};

  Instant now() const { return {clock.now(), clock.wall_now()}; }
  LinkActions wait(Millis time) {
    clock.advance(time);
    return machine.timer(now(), false);
  }
  // Runs timers until there is such an action.
  template <typename Action>
  Action await(Millis within) {
    const base::SteadyTime until = clock.now() + within;
    while (machine.next_timer() && *machine.next_timer() <= until) {
      clock.advance(std::max(Millis(0), std::chrono::ceil<Millis>(*machine.next_timer() - clock.now())));
      LinkActions actions = machine.timer(now(), false);
      if (const auto* found = find<Action>(actions)) return *found;
    }
    ADD_FAILURE() << "it never came";
    return Action{};
  }
  void establish() {
    machine.start(now());
    machine.link_opened(now(), "one=");
    machine.entry_read(now(), TableUse::claim, std::nullopt);
    ASSERT_TRUE(find<LinkReady>(machine.entry_written(now(), TableUse::claim)));
  }
};

TEST_F(LinkTest, ClaimsWhatItReadAndTellsWhomItReplaced) {
  ASSERT_TRUE(find<OpenLink>(machine.start(now())));
  ASSERT_TRUE(find<ReadEntry>(machine.link_opened(now(), "one=")));
  auto actions = machine.entry_read(now(), TableUse::claim, ann);
  const auto* write = find<WriteEntry>(actions);
  ASSERT_TRUE(write);
  EXPECT_EQ(write->write.condition.kind, Condition::Kind::unchanged);
  EXPECT_EQ(write->write.condition.link, 7U);
  auto done = machine.entry_written(now(), TableUse::claim);
  ASSERT_TRUE(find<LinkReady>(done));
  EXPECT_EQ(find<LinkReady>(done)->connection_id, "one=");
  ASSERT_TRUE(find<BidFarewell>(done));
  EXPECT_EQ(find<BidFarewell>(done)->replaced.connection_id, "ann=");
}

TEST_F(LinkTest, StartsOverWhenSomebodyWroteInBetween) {
  machine.start(now());
  machine.link_opened(now(), "one=");
  machine.entry_read(now(), TableUse::claim, std::nullopt);
  EXPECT_TRUE(machine.condition_failed(now(), TableUse::claim, ann).empty());
  EXPECT_EQ(await<ReadEntry>(Millis(1'000)).use, TableUse::claim);
}

// The first try arrived, slowly, while a second link was claimed: the table names a connection that nobody reads.
TEST_F(LinkTest, DoesNotTakeAnEarlierLinkInTheTableForItsNewest) {
  machine.start(now());
  machine.link_opened(now(), "one=");
  machine.entry_read(now(), TableUse::claim, ann);
  const Registration first = machine.own();
  ASSERT_FALSE(find<NoLink>(machine.table_failed(now(), TableUse::claim, {.status = 500})));
  await<OpenLink>(Millis(5'000));
  machine.link_opened(now(), "two=");
  machine.entry_read(now(), TableUse::claim, ann);
  EXPECT_FALSE(find<LinkReady>(machine.condition_failed(now(), TableUse::claim, first)));
  await<ReadEntry>(Millis(1'000));
  machine.entry_read(now(), TableUse::claim, first);
  auto done = machine.entry_written(now(), TableUse::claim);
  ASSERT_TRUE(find<LinkReady>(done));
  EXPECT_EQ(find<LinkReady>(done)->connection_id, "two=");
  ASSERT_TRUE(find<BidFarewell>(done)) << "the one that the first try replaced";
  EXPECT_EQ(find<BidFarewell>(done)->replaced.connection_id, "ann=");
}

TEST_F(LinkTest, GivesUpTheFirstLinkAfterItsPatienceOrARefusalThatStays) {
  machine.start(now());
  EXPECT_FALSE(find<NoLink>(machine.link_failed(now(), kRefused)));
  await<OpenLink>(Millis(5'000));
  clock.advance(Millis(6'000));
  EXPECT_TRUE(find<NoLink>(machine.link_failed(now(), kRefused)));
  LinkMachine other{named("tom@laptop"), Millis(5'000), 1};
  other.start(now());
  EXPECT_TRUE(find<NoLink>(other.link_failed(now(), {.reach = Outcome::Reach::not_sent, .status = 0})));
}

TEST_F(LinkTest, ReplacesALostLinkAndSaysOnceThatItIsHard) {
  establish();
  clock.advance(Millis(20'000));
  ASSERT_TRUE(find<OpenLink>(machine.link_lost(now(), "one=")));
  EXPECT_TRUE(find<LinkTrouble>(machine.link_failed(now(), kTimedOut)));
  await<OpenLink>(Millis(20'000));
  EXPECT_FALSE(find<LinkTrouble>(machine.link_failed(now(), kTimedOut)));
  await<OpenLink>(Millis(20'000));
  auto opened = machine.link_opened(now(), "two=");
  ASSERT_TRUE(find<WriteEntry>(opened));
  EXPECT_EQ(find<WriteEntry>(opened)->write.condition.kind, Condition::Kind::own_and_older_link);
  EXPECT_TRUE(find<LinkReady>(machine.condition_failed(now(), TableUse::renewal, machine.own())))
      << "an earlier try of this write, whose answer was lost";
  EXPECT_TRUE(machine.link_lost(now(), "one=").empty()) << "the old one";
}

TEST_F(LinkTest, IsDisplacedByWhoeverItsRenewalFindsAndRegistersNeverAgain) {
  establish();
  ASSERT_TRUE(find<OpenLink>(machine.link_lost(now(), "one=")));
  machine.link_opened(now(), "two=");
  auto actions = machine.condition_failed(now(), TableUse::renewal, ann);
  ASSERT_TRUE(find<DisplacedBy>(actions));
  EXPECT_EQ(find<DisplacedBy>(actions)->owner, "ann@desk");
  EXPECT_TRUE(machine.link_lost(now(), "two=").empty());
  EXPECT_FALSE(machine.end());
}

TEST_F(LinkTest, LooksAtTheTableAtMostOnceASecondHoweverOftenItIsHinted) {
  establish();
  ASSERT_TRUE(find<ReadEntry>(machine.displaced_hint(now())));
  EXPECT_FALSE(find<ReadEntry>(machine.displaced_hint(now())));
  EXPECT_TRUE(machine.entry_read(now(), TableUse::check, machine.own()).empty());
  EXPECT_FALSE(find<ReadEntry>(wait(Millis(900))));
  EXPECT_TRUE(find<ReadEntry>(wait(Millis(100)))) << "for the hint that came while it was read";
  EXPECT_TRUE(find<DisplacedBy>(machine.entry_read(now(), TableUse::check, ann)));
}

TEST_F(LinkTest, RenewsBeforeTwoHoursAndSaysHelloBeforeTenMinutes) {
  establish();
  await<HelloLink>(Millis(10 * 60'000));
  const base::SteadyTime begun = clock.now();
  await<OpenLink>(Millis(110 * 60'000));
  EXPECT_GT(clock.now() - begun, std::chrono::minutes(80));
}

TEST_F(LinkTest, PingsAndLooksAtTheTableAsSoonAsItsMachineWakes) {
  establish();
  base::WallTime wall = clock.wall_now() + std::chrono::hours(1);
  clock.advance(Millis(5'000));
  auto actions = machine.timer({clock.now(), wall}, false);
  EXPECT_TRUE(find<PingLink>(actions));
  EXPECT_TRUE(find<HelloLink>(actions));
  EXPECT_TRUE(find<ReadEntry>(actions));
}

TEST_F(LinkTest, OpensANewLinkAsSoonAsTheNetworkIsAnother) {
  establish();
  EXPECT_TRUE(find<OpenLink>(machine.network_changed(now())));
  EXPECT_TRUE(machine.network_changed(now()).empty()) << "one is being opened";
  auto failed = machine.link_failed(now(), {.reach = Outcome::Reach::not_sent});
  EXPECT_TRUE(find<LinkTrouble>(failed)) << "it is between two networks";
  EXPECT_TRUE(find<OpenLink>(failed)) << "what failed had begun before the second change";
  EXPECT_FALSE(find<OpenLink>(machine.link_failed(now(), {.reach = Outcome::Reach::not_sent})));
  EXPECT_TRUE(find<OpenLink>(machine.network_changed(now()))) << "without waiting for the next try";
  machine.link_opened(now(), "two=");
  EXPECT_TRUE(find<LinkReady>(machine.entry_written(now(), TableUse::renewal)));
  EXPECT_TRUE(machine.link_lost(now(), "one=").empty());
}

TEST_F(LinkTest, TakesItsConnectionOutWithALinkThatALateRenewalDoesNotReach) {
  establish();
  ASSERT_TRUE(find<OpenLink>(machine.link_lost(now(), "one=")));
  machine.link_opened(now(), "two=");
  const std::uint64_t renewing = machine.own().link;
  auto write = machine.end();
  ASSERT_TRUE(write);
  EXPECT_EQ(write->condition.kind, Condition::Kind::own);
  EXPECT_GT(std::get<std::int64_t>(write->item.at("link")), static_cast<std::int64_t>(renewing));
  EXPECT_TRUE(machine.condition_failed(now(), TableUse::renewal, machine.own()).empty());
}

TEST_F(LinkTest, EndsWhenTheTableIsGone) {
  establish();
  machine.displaced_hint(now());
  EXPECT_TRUE(find<BridgeRemoved>(machine.table_failed(
      now(), TableUse::check, {.status = 400, .detail = "ResourceNotFoundException Requested resource not found"})));
}

}  // namespace
}  // namespace bridge
