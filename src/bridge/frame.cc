#include "bridge/frame.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/ids.h"
#include "codec/bytes.h"
#include "codec/json.h"

namespace bridge {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 11> kTypeNames = {
    "announce", "invoke", "accepted", "refused", "result", "failure", "stream", "credit", "ask", "missing", "cancel"};
constexpr std::uint32_t kMaxChunks = 65'536;
constexpr std::size_t kMaxConnectionId = 256;
constexpr std::size_t kMinMaxMessage = 2'048;

std::optional<std::uint64_t> number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return 0;
  if (value->is_int64() && value->get_int64() >= 0) return static_cast<std::uint64_t>(value->get_int64());
  if (value->is_uint64()) return value->get_uint64();
  return std::nullopt;
}

base::Result<FrameHeader> refuse(std::string what) {
  return base::fail(base::ErrorKind::invalid_input, "frame header: " + std::move(what));
}

bool sizes_hold(const FrameHeader& header) {
  return header.fields_size <= kMaxFields && header.fields_size <= header.full_size &&
         header.full_size - header.fields_size <= kMaxBody;
}

}  // namespace

std::string EnvironmentId::to_string() const {
  return base::to_hex(bytes);
}

EnvironmentId random_environment_id() {
  return EnvironmentId{base::random_bytes<16>()};
}

std::string_view to_string(MessageType type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

std::optional<MessageType> parse_message_type(std::string_view text) {
  const auto* found = std::find(kTypeNames.begin(), kTypeNames.end(), text);
  if (found == kTypeNames.end()) return std::nullopt;
  return static_cast<MessageType>(found - kTypeNames.begin());
}

std::array<std::uint8_t, kClearSize> encode_clear(const ClearPart& clear) {
  std::array<std::uint8_t, kClearSize> bytes{};
  bytes[0] = clear.version;
  std::copy(clear.key_id.begin(), clear.key_id.end(), bytes.begin() + 1);
  std::copy(clear.environment.bytes.begin(), clear.environment.bytes.end(), bytes.begin() + 5);
  for (std::size_t i = 0; i < 8; ++i) bytes[21 + i] = static_cast<std::uint8_t>(clear.counter >> (56 - 8 * i));
  return bytes;
}

std::optional<ClearPart> parse_clear(std::string_view text) {
  if (text.size() < kClearSize) return std::nullopt;
  auto bytes = codec::as_bytes(text);
  ClearPart clear;
  clear.version = bytes[0];
  std::copy_n(bytes.begin() + 1, clear.key_id.size(), clear.key_id.begin());
  std::copy_n(bytes.begin() + 5, clear.environment.bytes.size(), clear.environment.bytes.begin());
  for (std::size_t i = 0; i < 8; ++i) clear.counter = (clear.counter << 8) | bytes[21 + i];
  return clear;
}

std::string encode_header(const FrameHeader& header) {
  json::object object;
  object["t"] = to_string(header.type);
  object["n"] = header.invocation;
  object["m"] = header.message_id;
  object["c"] = header.chunk;
  object["of"] = header.chunks;
  object["at"] = header.sealed_at_ms;
  object["from"] = header.connection_id;
  object["l"] = header.link;
  if (header.compressed) object["z"] = true;
  object["size"] = header.full_size;
  object["f"] = header.fields_size;
  return json::serialize(object);
}

base::Result<FrameHeader> parse_header(std::string_view text) {
  TRY(auto value, codec::parse_json(text));
  const json::object* object = value.if_object();
  if (object == nullptr) return refuse("no object");
  auto type = parse_message_type(codec::find_string(value, "t"));
  if (!type) return refuse("unknown message type");
  auto invocation = number(*object, "n"), message_id = number(*object, "m"), chunk = number(*object, "c"),
       chunks = number(*object, "of"), sealed_at = number(*object, "at"), link = number(*object, "l"),
       size = number(*object, "size"), fields = number(*object, "f");
  if (!invocation || !message_id || !chunk || !chunks || !sealed_at || !link || !size || !fields) {
    return refuse("a number is none");
  }
  if (*chunks == 0 || *chunks > kMaxChunks || *chunk >= *chunks) return refuse("chunk numbers");
  FrameHeader header{.type = *type,
                     .invocation = *invocation,
                     .message_id = *message_id,
                     .chunk = static_cast<std::uint32_t>(*chunk),
                     .chunks = static_cast<std::uint32_t>(*chunks),
                     .sealed_at_ms = static_cast<std::int64_t>(*sealed_at),
                     .connection_id = codec::find_string(value, "from"),
                     .link = *link,
                     .full_size = *size,
                     .fields_size = *fields};
  const json::value* compressed = object->if_contains("z");
  header.compressed = compressed != nullptr && compressed->is_bool() && compressed->get_bool();
  if (header.connection_id.size() > kMaxConnectionId) return refuse("connection id");
  if (!sizes_hold(header)) return refuse("sizes");
  return header;
}

std::size_t chunk_capacity(std::size_t max_message) {
  return std::max(max_message, kMinMaxMessage) / 4 * 3 - kClearSize - kTagSize - 2 - kMaxHeaderSize;
}

}  // namespace bridge
