// The unit of the bridge: one text message of the WebSocket API is base64 of
//   version(1) | key id(4) | environment id(16) | counter(8) | AES-256-GCM(header length(2) | header | chunk) | tag(16)
// The first 29 bytes are clear and authenticated. This file has the layout; sealing.h has the cryptography.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bridge {

inline constexpr int kProtocolVersion = 1;
inline constexpr std::size_t kClearSize = 29;
inline constexpr std::size_t kTagSize = 16;
inline constexpr std::size_t kMaxHeaderSize = 510;
inline constexpr std::size_t kMaxBody = 6'291'556;         // Lambda's limit for a response, 6 MiB + 100
inline constexpr std::size_t kMaxFields = 262'144;         // everything of a message that is not its body
inline constexpr std::size_t kDefaultMaxMessage = 32'000;  // characters of one text message
inline constexpr std::size_t kLargeMaxMessage = 131'072;

// One execution environment: one process of a stub. Random.
struct EnvironmentId {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const EnvironmentId&) const = default;
  std::string to_string() const;  // 32 hexadecimal digits
};
EnvironmentId random_environment_id();

// The first four bytes of the registration's `session`: tells at once that a frame is not for this session.
using KeyId = std::array<std::uint8_t, 4>;

enum class MessageType { announce, invoke, accepted, refused, result, failure, stream, credit, ask, missing, cancel };
std::string_view to_string(MessageType type);
std::optional<MessageType> parse_message_type(std::string_view text);

struct ClearPart {
  std::uint8_t version = kProtocolVersion;
  KeyId key_id{};
  EnvironmentId environment = {};
  std::uint64_t counter = 0;
};
std::array<std::uint8_t, kClearSize> encode_clear(const ClearPart& clear);
std::optional<ClearPart> parse_clear(std::string_view bytes);  // nothing if shorter than 29 bytes

struct FrameHeader {
  MessageType type = MessageType::ask;
  std::uint64_t invocation = 0;  // number of the attempt in its environment, from 1; 0 = none (announce)
  std::uint64_t message_id = 0;  // unique in its environment and direction
  std::uint32_t chunk = 0;       // from 0
  std::uint32_t chunks = 1;
  std::int64_t sealed_at_ms = 0;   // AWS's clock, milliseconds since the epoch
  std::string connection_id = {};  // the sender's own; empty while it has none
  std::uint64_t link = 0;          // the sender's count of its connections
  bool compressed = false;
  std::uint64_t full_size = 0;    // of fields and body, unpacked
  std::uint64_t fields_size = 0;  // of the fields alone, which come first
};
std::string encode_header(const FrameHeader& header);
// Errors: invalid_input, also when a size is beyond what a message may have (so before anything is unpacked).
base::Result<FrameHeader> parse_header(std::string_view json);

// How many bytes of a packed message go in one frame, so that it fits `max_message` characters.
std::size_t chunk_capacity(std::size_t max_message);

}  // namespace bridge
