// Sealing of frames: AES-256-GCM, a key for each environment and direction, HKDF-SHA256(key, salt = environment id,
// info = "livelambda 1 stub" | "livelambda 1 session"). The nonce is the counter, which never starts again under one
// key. An Opener refuses, with the reason, what it cannot open, has seen, or what is more than 4,096 behind its highest
// counter.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "bridge/frame.h"

namespace bridge {

enum class DropReason {
  not_base64,
  truncated,
  bad_version,
  wrong_key,     // another session's, or it does not authenticate
  turned_round,  // sealed by this side: somebody handed it back
  replayed,      // seen, or too old to know
  bad_header,    // authentic, but breaks a rule: sizes, chunk numbers, JSON
  no_attempt,    // about an attempt that is over, or was never here
  too_much,      // beyond what a session holds of all its environments
};
std::string_view to_string(DropReason reason);
using DropCounts = std::map<DropReason, std::uint64_t>;

using Key = std::array<std::uint8_t, 32>;
struct KeyPair {
  Key stub{};     // seals what the stub sends
  Key session{};  // seals what the session sends
};
// `secret` is the registration's key (32 bytes).
KeyPair derive_keys(std::string_view secret, const EnvironmentId& environment);

// The clear part and what follows it, still sealed.
struct SealedFrame {
  ClearPart clear;
  std::string bytes;  // the whole frame, decoded
};
tl::expected<SealedFrame, DropReason> decode_frame(std::string_view text);

struct OpenedFrame {
  FrameHeader header;
  std::string chunk;
};

class Sealer {
 public:
  Sealer(KeyId key_id, EnvironmentId environment, const Key& key, std::uint64_t first_counter = 1);
  // The text to post. Every call uses up a counter.
  std::string seal(const FrameHeader& header, std::string_view chunk);
  std::uint64_t next_counter() const { return counter_; }

 private:
  KeyId key_id_;
  EnvironmentId environment_;
  Key key_;
  std::uint64_t counter_;
};

class Opener {
 public:
  static constexpr std::uint64_t kWindow = 4'096;

  // `key` is the peer's; `own` this side's, only to tell frames that were turned round.
  Opener(KeyId key_id, const Key& key, const Key& own);
  tl::expected<OpenedFrame, DropReason> open(const SealedFrame& frame);

 private:
  bool seen(std::uint64_t counter) const;
  void mark(std::uint64_t counter);

  KeyId key_id_;
  Key key_;
  Key own_;
  std::uint64_t highest_ = 0;
  std::bitset<kWindow> window_;  // by counter modulo its size
};

}  // namespace bridge
