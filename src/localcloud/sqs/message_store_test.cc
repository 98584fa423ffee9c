#include "localcloud/sqs/message_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"

namespace localcloud {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MessageStoreTest : public ::testing::Test {
 protected:
  void send(std::string body, base::Millis delay = 0ms) {
    StoredMessage message{.sent = now_};
    message.body = std::move(body);
    store_.add(std::move(message), now_ + delay, now_);
  }
  MessageStore::Taken take(std::size_t max, std::optional<std::int64_t> max_receive_count = std::nullopt) {
    store_.refresh(4min, now_);
    return store_.take(max, 30s, max_receive_count, now_);
  }
  static std::vector<std::string> bodies(const MessageStore::Taken& taken) {
    std::vector<std::string> texts;
    for (const auto& one : taken.received) texts.push_back(one.message->body);
    return texts;
  }
  std::vector<std::size_t> counts() {
    auto counts = store_.counts();
    return {counts.visible, counts.delayed, counts.in_flight};
  }

  MessageStore store_;
  base::WallTime now_ = base::from_epoch_ms(1'767'323'045'000);
};

TEST_F(MessageStoreTest, GivesMessagesInTheOrderOfTheirArrivalAndEachOnce) {
  send("a");
  send("b");
  send("c");
  EXPECT_THAT(bodies(take(2)), ElementsAre("a", "b"));
  EXPECT_THAT(bodies(take(2)), ElementsAre("c"));
  EXPECT_THAT(counts(), ElementsAre(0, 0, 3));
}

TEST_F(MessageStoreTest, KnowsWhenTheNextMessageShows) {
  EXPECT_EQ(store_.next_visible(), base::WallTime::max());
  send("late", 10s);
  EXPECT_EQ(store_.next_visible(), now_ + 10s);
  EXPECT_THAT(bodies(take(1)), IsEmpty());
  now_ += 10s;
  EXPECT_THAT(bodies(take(1)), ElementsAre("late"));
  EXPECT_EQ(store_.next_visible(), now_ + 30s);
}

TEST_F(MessageStoreTest, MovesOutWhatWasReceivedTooOften) {
  send("bad");
  send("good");
  take(1, 1);
  now_ += 30s;
  auto taken = take(1, 1);
  EXPECT_THAT(bodies(taken), ElementsAre("good"));
  ASSERT_EQ(taken.dead.size(), 1U);
  EXPECT_EQ(taken.dead[0].body, "bad");
  EXPECT_EQ(taken.dead[0].receive_count, 1);
  EXPECT_THAT(counts(), ElementsAre(0, 0, 1));
}

TEST_F(MessageStoreTest, RemovesByTheLatestReceiptAlone) {
  send("a");
  auto first = take(1).received[0].receipt;
  now_ += 30s;
  auto second = take(1).received[0].receipt;
  store_.remove(first);
  EXPECT_THAT(counts(), ElementsAre(0, 0, 1));
  now_ += 30s;
  store_.refresh(4min, now_);
  store_.remove(second);  // visible again, but not received since
  EXPECT_THAT(counts(), ElementsAre(0, 0, 0));
  EXPECT_FALSE(store_.state(second).has_value());
}

TEST_F(MessageStoreTest, ForgetsWhatIsTooOldInEveryState) {
  send("visible");
  send("in flight");
  take(1);
  send("delayed", 10min);
  now_ += 4min;
  store_.refresh(4min, now_);
  EXPECT_THAT(counts(), ElementsAre(0, 0, 0));
  EXPECT_EQ(store_.next_visible(), base::WallTime::max());
}

TEST_F(MessageStoreTest, ChangesVisibilityWithinTwelveHoursOfTheReception) {
  send("a");
  auto receipt = take(1).received[0].receipt;
  now_ += 10s;
  EXPECT_FALSE(store_.change_visibility(receipt, 12h, now_));
  EXPECT_TRUE(store_.change_visibility(receipt, 12h - 10s, now_));
  EXPECT_EQ(store_.next_visible(), now_ + 12h - 10s);
  EXPECT_TRUE(store_.change_visibility(receipt, 0s, now_));
  EXPECT_THAT(counts(), ElementsAre(1, 0, 0));
}

TEST_F(MessageStoreTest, Has120000MessagesInFlightAndNoMore) {
  for (std::size_t i = 0; i <= MessageStore::kMostInFlight; ++i) send("x");
  auto taken = take(MessageStore::kMostInFlight + 1);
  EXPECT_EQ(taken.received.size(), MessageStore::kMostInFlight);
  EXPECT_TRUE(taken.too_many_in_flight);
  EXPECT_THAT(bodies(take(1)), IsEmpty());
  store_.remove(taken.received[0].receipt);
  EXPECT_EQ(take(1).received.size(), 1U);
}

}  // namespace
}  // namespace localcloud
