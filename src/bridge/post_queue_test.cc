#include "bridge/post_queue.h"

#include <gtest/gtest.h>

namespace bridge {
namespace {

using base::Millis;

constexpr Outcome::Reach kTimedOut = Outcome::Reach::maybe_sent;

class Queue : public testing::Test {
 protected:
  void add(int posts) {
    for (int i = 0; i < posts; ++i) queue_.add({.message_id = static_cast<std::uint64_t>(i), .persistent = true});
  }
  // Lets leave what may; their tags.
  std::vector<std::uint64_t> leave() {
    std::vector<std::uint64_t> tags;
    while (auto leaving = queue_.next(now_)) tags.push_back(leaving->tag);
    return tags;
  }
  void finish(const std::vector<std::uint64_t>& tags, const Outcome& outcome) {
    for (std::uint64_t tag : tags) queue_.finished(tag, outcome, now_);
    now_ += Millis(60'000);  // longer than any back-off
  }

  base::SteadyTime now_{};
  PostQueue queue_{{.total = 4, .per_peer = 4}, 1};
};

TEST_F(Queue, LetsOneLeaveAtATimeOnALineSoSlowThatTheyTimeOutTogether) {
  add(12);
  auto first = leave();
  ASSERT_EQ(first.size(), 4u);
  finish(first, {.reach = kTimedOut});
  EXPECT_EQ(leave().size(), 1u);
}

TEST_F(Queue, LetsMoreLeaveAgainAfterSuccess) {
  add(12);
  finish(leave(), {.reach = kTimedOut});
  for (int i = 0; i < 4; ++i) finish(leave(), {.status = 200});
  EXPECT_GT(leave().size(), 1u);
}

TEST_F(Queue, TakesABrokenConnectionForNoSignOfTooMuch) {
  add(12);
  finish(leave(), {.reach = Outcome::Reach::not_sent});
  EXPECT_EQ(leave().size(), 4u);
}

}  // namespace
}  // namespace bridge
