#include "bridge/sealing.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "codec/base64.h"

namespace bridge {
namespace {

struct Pair {
  EnvironmentId environment = random_environment_id();
  KeyId key_id{1, 2, 3, 4};
  KeyPair keys = derive_keys(std::string(32, 'k'), environment);
  Sealer stub{key_id, environment, keys.stub};
  Opener session{key_id, keys.stub, keys.session};
  Opener stub_ear{key_id, keys.session, keys.stub};
};

FrameHeader header() {
  return {.type = MessageType::invoke,
          .invocation = 7,
          .message_id = 9,
          .chunk = 1,
          .chunks = 3,
          .sealed_at_ms = 1'767'323'045'000,
          .connection_id = "R0oXAdfD0kwCH6w=",
          .link = 2,
          .compressed = true,
          .full_size = 5'000,
          .fields_size = 100};
}

tl::expected<OpenedFrame, DropReason> hand_to(Opener& opener, const std::string& text) {
  auto sealed = decode_frame(text);
  if (!sealed) return tl::unexpected(sealed.error());
  return opener.open(*sealed);
}

TEST(Sealing, OpensWhatWasSealed) {
  Pair pair;
  auto opened = hand_to(pair.session, pair.stub.seal(header(), "the chunk"));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->chunk, "the chunk");
  EXPECT_EQ(opened->header.type, MessageType::invoke);
  EXPECT_EQ(opened->header.invocation, 7U);
  EXPECT_EQ(opened->header.message_id, 9U);
  EXPECT_EQ(opened->header.chunk, 1U);
  EXPECT_EQ(opened->header.chunks, 3U);
  EXPECT_EQ(opened->header.sealed_at_ms, 1'767'323'045'000);
  EXPECT_EQ(opened->header.connection_id, "R0oXAdfD0kwCH6w=");
  EXPECT_EQ(opened->header.link, 2U);
  EXPECT_TRUE(opened->header.compressed);
  EXPECT_EQ(opened->header.full_size, 5'000U);
  EXPECT_EQ(opened->header.fields_size, 100U);
}

// RFC 5869, computed independently with Python's hmac.
TEST(Sealing, DerivesTheKeysThatTheProtocolNames) {
  EnvironmentId environment;
  for (std::uint8_t i = 0; i < 16; ++i) environment.bytes[i] = i;
  KeyPair keys = derive_keys(std::string(32, '\x0b'), environment);
  EXPECT_EQ(base::to_hex(keys.stub), "1cfb086e3d3eeaadcf88cfe5e9f009f0cdee789e25ce7065f22ea37743dbd925");
  EXPECT_EQ(base::to_hex(keys.session), "45a64bb2849638d747512f43506780003b532cb3a7ef6a96f0bafab465e01939");
}

TEST(Sealing, RefusesEveryChangedByte) {
  Pair pair;
  std::string bytes = *codec::base64_decode(pair.stub.seal(header(), "some bytes"));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x40);
    EXPECT_FALSE(hand_to(pair.session, codec::base64_encode(changed))) << "byte " << i;
  }
  EXPECT_TRUE(hand_to(pair.session, codec::base64_encode(bytes)));
}

TEST(Sealing, RefusesEveryTruncation) {
  Pair pair;
  std::string bytes = *codec::base64_decode(pair.stub.seal(header(), "some bytes"));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto opened = hand_to(pair.session, codec::base64_encode(bytes.substr(0, size)));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error(), size < kClearSize + kTagSize + 2 ? DropReason::truncated : DropReason::wrong_key);
  }
}

TEST(Sealing, RefusesAReplay) {
  Pair pair;
  std::string frame = pair.stub.seal(header(), "x");
  EXPECT_TRUE(hand_to(pair.session, frame));
  auto again = hand_to(pair.session, frame);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error(), DropReason::replayed);
}

TEST(Sealing, TakesFramesInAnyOrderWithinTheWindowAndNoneBehindIt) {
  Pair pair;
  std::vector<std::string> frames;
  for (std::uint64_t i = 0; i < Opener::kWindow + 1; ++i) frames.push_back(pair.stub.seal(header(), "x"));
  EXPECT_TRUE(hand_to(pair.session, frames.back()));
  for (std::size_t i = frames.size() - 2; i > 0; --i) EXPECT_TRUE(hand_to(pair.session, frames[i])) << i;
  auto oldest = hand_to(pair.session, frames[0]);
  ASSERT_FALSE(oldest);
  EXPECT_EQ(oldest.error(), DropReason::replayed);
  for (const std::string& frame : frames) EXPECT_FALSE(hand_to(pair.session, frame));
}

TEST(Sealing, ForgetsTheWindowWhenTheCounterJumps) {
  Pair pair;
  EXPECT_TRUE(hand_to(pair.session, pair.stub.seal(header(), "x")));
  Sealer later(pair.key_id, pair.environment, pair.keys.stub, 1 + Opener::kWindow * 3);
  EXPECT_TRUE(hand_to(pair.session, later.seal(header(), "x")));
  Sealer between(pair.key_id, pair.environment, pair.keys.stub, 1 + Opener::kWindow * 3 - 10);
  EXPECT_TRUE(hand_to(pair.session, between.seal(header(), "x")));
}

TEST(Sealing, TellsAFrameThatWasTurnedRound) {
  Pair pair;
  auto back = hand_to(pair.stub_ear, pair.stub.seal(header(), "x"));
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error(), DropReason::turned_round);
}

TEST(Sealing, RefusesAnotherSessionsKeyAnotherEnvironmentAndAnotherVersion) {
  Pair pair;
  Pair other;
  EXPECT_EQ(hand_to(pair.session, other.stub.seal(header(), "x")).error(), DropReason::wrong_key);
  Sealer foreign({9, 9, 9, 9}, pair.environment, pair.keys.stub);
  EXPECT_EQ(hand_to(pair.session, foreign.seal(header(), "x")).error(), DropReason::wrong_key);
  std::string bytes = *codec::base64_decode(pair.stub.seal(header(), "x"));
  bytes[0] = 2;
  EXPECT_EQ(hand_to(pair.session, codec::base64_encode(bytes)).error(), DropReason::bad_version);
  EXPECT_EQ(hand_to(pair.session, "{not base64}").error(), DropReason::not_base64);
}

TEST(Sealing, CountsAHeaderThatBreaksItsRulesAsBad) {
  Pair pair;
  FrameHeader huge = header();
  huge.full_size = kMaxBody + kMaxFields + 1;
  EXPECT_EQ(hand_to(pair.session, pair.stub.seal(huge, "x")).error(), DropReason::bad_header);
  FrameHeader beyond = header();
  beyond.chunk = 3;
  EXPECT_EQ(hand_to(pair.session, pair.stub.seal(beyond, "x")).error(), DropReason::bad_header);
}

TEST(Frame, FitsTheMessageItWasCutFor) {
  Pair pair;
  for (std::size_t max_message : {kDefaultMaxMessage, kLargeMaxMessage}) {
    FrameHeader longest = header();
    longest.invocation = longest.message_id = longest.link = UINT64_MAX >> 1;
    longest.connection_id = std::string(200, 'x');
    EXPECT_LE(pair.stub.seal(longest, std::string(chunk_capacity(max_message), 'x')).size(), max_message);
  }
}

TEST(Frame, RefusesHeadersThatAreNone) {
  for (const char* text : {"", "[]", "{}", R"({"t":"dance"})", R"({"t":"ask","of":0})", R"({"t":"ask","of":1,"c":-1})",
                           R"({"t":"ask","of":1,"size":1,"f":2})", R"({"t":"ask","of":"1"})"}) {
    EXPECT_FALSE(parse_header(text)) << text;
  }
}

}  // namespace
}  // namespace bridge
