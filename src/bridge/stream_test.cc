// Streamed answers: the two ends by themselves, and the machines against each other.
#include "bridge/stream.h"

#include <gmock/gmock.h>

#include "bridge/testing/world.h"

namespace bridge {
namespace {

using base::Millis;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::World;

constexpr std::size_t kMaxMessage = 32'000;

std::string text(std::size_t size) {
  std::mt19937_64 random(size);
  std::string text;
  while (text.size() < size) text += static_cast<char>('a' + random() % 26);
  return text;
}

TEST(OutgoingStream, WhatIsWrittenBeforeAPieceLeavesGoesWithIt) {
  OutgoingStream stream({{"Content-Type", "text/plain"}});
  EXPECT_FALSE(stream.has_next());
  stream.write("one ");
  stream.write("two");
  stream.end();
  ASSERT_TRUE(stream.has_next());
  Outgoing& only = stream.cut(1, 7, kMaxMessage);
  EXPECT_FALSE(stream.has_next());
  EXPECT_FALSE(stream.delivered());
  only.mark_arrived(0);
  EXPECT_TRUE(stream.delivered());
  EXPECT_EQ(stream.find(7), &only);
  stream.taken(1);
  EXPECT_EQ(stream.find(7), nullptr);
}

TEST(OutgoingStream, StopsAtItsWindowAndGoesOnWhenPiecesAreTaken) {
  OutgoingStream stream({});
  stream.write(std::string(kStreamWindow + 10, 'x'));
  EXPECT_EQ(stream.room(), 0U);
  std::uint64_t pieces = 0;
  while (stream.has_next()) stream.cut(1, ++pieces, kMaxMessage);
  EXPECT_EQ(pieces, 4U);
  stream.taken(1);
  EXPECT_GT(stream.room(), 0U);
  ASSERT_TRUE(stream.has_next());
  stream.cut(1, 5, kMaxMessage);
  EXPECT_FALSE(stream.has_next());
  EXPECT_EQ(stream.after(3).size(), 2U);
}

TEST(IncomingStream, PutsPiecesInOrderOnce) {
  IncomingStream stream;
  auto numbers = [&](std::uint64_t number) {
    std::vector<std::uint64_t> out;
    for (const StreamPiece& piece : stream.add({.number = number, .body = "x"})) out.push_back(piece.number);
    return out;
  };
  EXPECT_THAT(numbers(2), IsEmpty());
  EXPECT_TRUE(stream.has_gap());
  EXPECT_THAT(numbers(1), ElementsAre(1U, 2U));
  EXPECT_THAT(numbers(2), IsEmpty());
  EXPECT_THAT(numbers(3), ElementsAre(3U));
  EXPECT_EQ(stream.received(), 3U);
  EXPECT_EQ(stream.taken(), 0U);
  stream.taken(2);
  EXPECT_EQ(stream.taken(), 2U);
}

TEST(IncomingStream, KeepsNoMoreThanAWindowOfWhatCannotGoOnYet) {
  IncomingStream stream;
  stream.add({.number = 2, .body = std::string(kStreamWindow, 'x')});
  stream.add({.number = 3, .body = "beyond"});
  EXPECT_EQ(stream.add({.number = 1, .body = "x"}).size(), 2U);
}

TEST(IncomingStream, TellsOfEveryHalfWindowThatWasTaken) {
  IncomingStream stream;
  for (std::uint64_t number = 1; number <= 4; ++number) {
    stream.add({.number = number, .body = std::string(kStreamWindow / 4, 'x')});
  }
  stream.taken(1);
  EXPECT_FALSE(stream.wants_credit());
  stream.taken(2);
  EXPECT_TRUE(stream.wants_credit());
  EXPECT_FALSE(stream.wants_credit());
}

struct StreamedAnswer : ::testing::Test {
  World world{42};
  testing::FakeStub& stub = world.add_stub();

  void SetUp() override {
    world.add_session("tom@laptop");
    world.session(0).streams = true;
    world.session(0).keeps_posts = true;
    stub.start();
    world.run_for(Millis(600));
    ASSERT_TRUE(stub.ready());
  }
  void run_to_its_end() {
    world.run_until([this] { return stub.answered(); }, Millis(130'000));
    ASSERT_TRUE(stub.ending());
  }
  void invoke(std::string event) {
    stub.invoke(std::move(event));
    run_to_its_end();
  }
};

TEST_F(StreamedAnswer, ArrivesWhole) {
  std::string event = text(3'000'000);
  invoke(event);
  EXPECT_TRUE(stub.ending()->streamed);
  EXPECT_FALSE(stub.ending()->failed);
  EXPECT_EQ(stub.ending()->body, "echo " + event);
  EXPECT_TRUE(stub.ready());
  world.run_for(Millis(1'000));
  EXPECT_EQ(world.session(0).delivered.size(), 1U);
}

TEST_F(StreamedAnswer, AShortOneCostsOneMessage) {
  invoke("first");
  std::size_t posts = world.session(0).posts.size();
  world.session(0).pause = Millis(0);
  invoke("{}");
  EXPECT_EQ(stub.ending()->body, "echo {}");
  world.run_for(Millis(5'000));
  EXPECT_LE(world.session(0).posts.size(), posts + 2);
}

TEST_F(StreamedAnswer, AnErrorAfterItsFirstBytesBreaksItOff) {
  world.session(0).breaks_off = true;
  invoke("half");
  EXPECT_TRUE(stub.ending()->streamed);
  EXPECT_TRUE(stub.ending()->failed);
  EXPECT_EQ(stub.ending()->error_type, "Error");
  EXPECT_EQ(stub.ending()->body, "echo half");
}

TEST_F(StreamedAnswer, IsHeldBackWhileLambdaDoesNotTakeIt) {
  stub.lambda_takes = Millis(20'000);
  stub.invoke(text(5'000'000), Millis(120'000));
  world.run_for(Millis(10'000));
  const std::size_t left = world.session(0).unwritten();
  EXPECT_GE(left, 5'000'000 - kStreamWindow - 300'000);
  run_to_its_end();
  ASSERT_TRUE(stub.ending());
  EXPECT_FALSE(stub.ending()->failed);
}

TEST_F(StreamedAnswer, BreaksOffWhenItsSessionDies) {
  world.session(0).pause = Millis(200);
  stub.invoke(text(2'000'000), Millis(120'000));
  world.run_for(Millis(2'000));
  world.session(0).kill();
  run_to_its_end();
  ASSERT_TRUE(stub.ending());
  EXPECT_TRUE(stub.ending()->streamed);
  EXPECT_EQ(stub.ending()->error_type, "Function.LiveDisconnected");
  EXPECT_LT(stub.ending()->after, Millis(45'000));
}

TEST_F(StreamedAnswer, SurvivesANewLinkOnEitherSide) {
  world.session(0).pause = Millis(100);
  std::string event = text(2'000'000);
  stub.invoke(event, Millis(120'000));
  world.at(Millis(1'000), [this] { world.session(0).reconnect(); });
  world.at(Millis(2'000), [this] { stub.cut(); });
  run_to_its_end();
  ASSERT_TRUE(stub.ending());
  EXPECT_FALSE(stub.ending()->failed) << stub.ending()->error_type;
  EXPECT_EQ(stub.ending()->body, "echo " + event);
}

TEST_F(StreamedAnswer, BreaksOffWhenTheSessionEnds) {
  world.session(0).pause = Millis(1'000);
  stub.invoke(text(2'000'000), Millis(120'000));
  world.run_for(Millis(3'000));
  world.session(0).end_cleanly();
  run_to_its_end();
  ASSERT_TRUE(stub.ending());
  EXPECT_TRUE(stub.ending()->failed);
  EXPECT_EQ(stub.ending()->error_type, "Function.LiveDisconnected");
}

}  // namespace
}  // namespace bridge
