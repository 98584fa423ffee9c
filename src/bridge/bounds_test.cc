// What a peer cannot make a session or a stub hold, and frames that are cut anew for another connection.
#include <gtest/gtest.h>

#include "base/ids.h"
#include "bridge/outgoing.h"
#include "bridge/reassembly.h"
#include "bridge/sealing.h"
#include "bridge/session_machine.h"
#include "bridge/stream.h"

namespace bridge {
namespace {

const Instant kNow{base::SteadyTime{} + std::chrono::hours(1), base::WallTime{} + std::chrono::hours(500'000)};

// Not compressible.
std::string noise(std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    auto more = base::random_bytes<32>();
    bytes.append(more.begin(), more.end());
  }
  bytes.resize(size);
  return bytes;
}

TEST(ReassemblyBounds, MemoryFollowsWhatCameAndNotWhatAHeaderSays) {
  Reassembler reassembler;
  FrameHeader header{.type = MessageType::invoke, .invocation = 1, .message_id = 1, .chunk = 65'535, .chunks = 65'536};
  header.full_size = kMaxBody;
  EXPECT_EQ(reassembler.add(header, "x").progress, Reassembler::Progress::partial);
  EXPECT_LT(reassembler.held_bytes(), 1'000U);
  header.chunk = 1;
  EXPECT_EQ(reassembler.add(header, "").progress, Reassembler::Progress::contradicting) << "a piece of nothing";
  reassembler.forget_before(2);
  EXPECT_EQ(reassembler.held_bytes(), 0U);
}

TEST(ReassemblyBounds, AMessageThatIsSentAnewReplacesItsParts) {
  Outgoing large(Answer{.body = noise(300'000)}, 1, 1, kLargeMaxMessage);
  Outgoing small(large, 2, kDefaultMaxMessage);
  EXPECT_TRUE(large.fits(kLargeMaxMessage));
  EXPECT_FALSE(large.fits(kDefaultMaxMessage));
  EXPECT_TRUE(small.fits(kDefaultMaxMessage));
  EXPECT_GT(small.chunks(), large.chunks());
  Reassembler reassembler;
  reassembler.add(large.header(0), std::string(large.bytes(0)));
  reassembler.add(small.header(0), std::string(small.bytes(0)));
  EXPECT_LT(reassembler.held_bytes(), 32'000U) << "the parts of the first are let go of";
  EXPECT_EQ(reassembler.missing(1)->message_id, 2U);
  EXPECT_EQ(reassembler.add(large.header(1), std::string(large.bytes(1))).progress, Reassembler::Progress::repeated);
  Reassembler::Added last;
  for (std::uint32_t chunk = 1; chunk < small.chunks(); ++chunk) {
    last = reassembler.add(small.header(chunk), std::string(small.bytes(chunk)));
  }
  EXPECT_EQ(last.progress, Reassembler::Progress::whole);
  EXPECT_EQ(std::get<Answer>(*unpack(small.header(0), last.bytes)).body.size(), 300'000U);
}

// A stub that has the key and keeps no rule.
struct HostileStub {
  explicit HostileStub(const Registration& registration)
      : sealer(key_id_of(registration), id, derive_keys(registration.key, id).stub, 1) {}

  std::string frame(const Outgoing& message, std::uint32_t chunk) {
    return sealer.seal(message.header(chunk), message.bytes(chunk));
  }

  EnvironmentId id = random_environment_id();
  Sealer sealer;
};

TEST(SessionBounds, TakesSoManyEnvironmentsAndNoMore) {
  Registration own = new_registration();
  SessionMachine session(own, 1, {.environments = 100});
  std::size_t announced = 0;
  for (int i = 0; i < 150; ++i) {
    HostileStub stub(own);
    for (const auto& action : session.frame(kNow, stub.frame(Outgoing(Announce{}, 0, 1, kDefaultMaxMessage), 0))) {
      announced += std::holds_alternative<Announced>(action) ? 1 : 0;
    }
  }
  EXPECT_EQ(announced, 100U);
  EXPECT_EQ(session.dropped().at(DropReason::too_much), 50U);
}

TEST(SessionBounds, HoldsSoMuchOfMessagesThatCameInPart) {
  Registration own = new_registration();
  SessionMachine session(own, 1, {.held = 1'000'000});
  Invoke invoke;
  invoke.invocation.event = noise(200'000);
  invoke.milliseconds_left = 60'000;
  for (int i = 0; i < 100; ++i) {
    HostileStub stub(own);
    Outgoing message(invoke, 1, 1, kDefaultMaxMessage);
    for (std::uint32_t chunk = 1; chunk < message.chunks(); ++chunk) session.frame(kNow, stub.frame(message, chunk));
  }
  EXPECT_LE(session.held_bytes(), 1'000'000U);
  EXPECT_GT(session.dropped().at(DropReason::too_much), 0U);
  // A small message is taken all the same.
  HostileStub another(own);
  session.frame(kNow, another.frame(Outgoing(Announce{}, 0, 1, kDefaultMaxMessage), 0));
  bool arrived = false;
  invoke.invocation.event = "{}";
  for (const auto& action : session.frame(kNow, another.frame(Outgoing(invoke, 1, 2, kDefaultMaxMessage), 0))) {
    arrived = arrived || std::holds_alternative<AttemptArrived>(action);
  }
  EXPECT_TRUE(arrived);
}

TEST(StreamBounds, AStubHoldsAWindowOfWhatLambdaDoesNotTake) {
  IncomingStream stream;
  std::size_t handed_out = 0;
  for (std::uint64_t number = 1; number <= 100; ++number) {
    for (const StreamPiece& piece : stream.add({.number = number, .body = std::string(100'000, 'x')})) {
      handed_out += piece.body.size();
    }
  }
  EXPECT_EQ(handed_out, 1'000'000U);
  stream.taken(5);
  EXPECT_EQ(stream.add({.number = 11, .body = std::string(100'000, 'x')}).size(), 1U) << "there is room again";
}

TEST(StreamBounds, AStubHoldsSoManyEmptyPieces) {
  IncomingStream stream;
  for (std::uint64_t number = 2; number <= 100'000; ++number) stream.add({.number = number});
  EXPECT_LE(stream.add({.number = 1}).size(), kMostPieces);
}

TEST(StreamBounds, WhatIsKeptOfAStreamIsCutAnew) {
  OutgoingStream stream({});
  stream.write(noise(200'000));
  std::uint64_t message_id = 1;
  Outgoing& piece = stream.cut(1, message_id++, kLargeMaxMessage);
  EXPECT_EQ(piece.chunks(), 3U);
  stream.cut_again(message_id, kDefaultMaxMessage);
  EXPECT_EQ(stream.find(1), nullptr);
  ASSERT_NE(stream.find(2), nullptr);
  EXPECT_EQ(stream.find(2)->chunks(), 9U);
}

}  // namespace
}  // namespace bridge
