// Frames as bytes: decoding, opening, headers, reassembly and messages, from a peer that has no key and from one that
// has it. A line "h…" is a header's JSON; after any other first byte the frame stands as it is, or is built of it.
#include "bridge/message.h"
#include "bridge/reassembly.h"
#include "bridge/sealing.h"
#include "codec/base64.h"
#include "codec/bytes.h"
#include "fuzz.h"

namespace {

using fuzz::require;

const bridge::EnvironmentId kEnvironment{{1, 2, 3}};
constexpr bridge::KeyId kKeyId{1, 2, 3, 4};

const bridge::KeyPair& keys() {
  static const bridge::KeyPair derived = bridge::derive_keys(std::string(32, 'k'), kEnvironment);
  return derived;
}

bridge::Opener opener() {
  return {kKeyId, keys().stub, keys().session};
}

bool same(const bridge::FrameHeader& a, const bridge::FrameHeader& b) {
  return bridge::encode_header(a) == bridge::encode_header(b);
}

// Whatever was unpacked can be packed and is the same message.
void fuzz_message(const bridge::FrameHeader& header, std::string bytes) {
  auto message = bridge::unpack(header, std::move(bytes));
  if (!message) return;
  require(bridge::type_of(*message) == header.type, "a message is what its header says");
  bridge::Packed packed = bridge::pack(*message);
  bridge::FrameHeader again = header;
  again.compressed = packed.compressed;
  again.full_size = packed.full_size;
  again.fields_size = packed.fields_size;
  auto back = bridge::unpack(again, packed.bytes);
  require(back && bridge::pack(*back).bytes == packed.bytes, "a message is read as it was written");
}

void fuzz_header(std::string_view text, std::string_view body) {
  auto header = bridge::parse_header(text);
  if (!header) return;
  auto again = bridge::parse_header(bridge::encode_header(*header));
  require(again && same(*again, *header), "a header is read as it was written");
  require(header->full_size <= bridge::kMaxBody + bridge::kMaxFields, "a message is bounded");
  if (bridge::encode_header(*header).size() > bridge::kMaxHeaderSize) return;

  bridge::Sealer sealer(kKeyId, kEnvironment, keys().stub);
  auto sealed = bridge::decode_frame(sealer.seal(*header, body));
  require(sealed.has_value(), "what was sealed is a frame");
  bridge::Opener ear = opener();
  auto opened = ear.open(*sealed);
  require(opened && same(opened->header, *header) && opened->chunk == body, "what was sealed can be opened");
  auto repeated = ear.open(*sealed);
  require(!repeated && repeated.error() == bridge::DropReason::replayed, "and only once");
  fuzz_message(*header, std::string(body));
}

void fuzz_frame(std::string_view text) {
  auto sealed = bridge::decode_frame(text);
  if (sealed) require(!opener().open(*sealed), "nobody can seal without the key");
}

// Chunks of messages in any order: each input byte pair is message and chunk.
void fuzz_reassembly(fuzz::Input input) {
  bridge::Reassembler reassembler;
  const std::uint32_t chunks = input.byte() % 5U + 1;
  const std::uint64_t size = input.byte();
  while (!input.empty()) {
    const std::uint64_t message = input.byte() % 8U + 1;
    bridge::FrameHeader header{.type = bridge::MessageType::invoke,
                               .invocation = message / 2 + 1,
                               .message_id = message,
                               .chunk = input.byte() % chunks,
                               .chunks = chunks,
                               .full_size = size,
                               .fields_size = 0};
    auto added = reassembler.add(header, std::string(input.text()));
    if (added.progress == bridge::Reassembler::Progress::whole) {
      require(added.bytes.size() <= size, "no message is larger than its header says");
      auto again = reassembler.add(header, "");
      require(again.progress != bridge::Reassembler::Progress::whole, "a message is whole once");
    }
    if (auto missing = reassembler.missing(header.invocation)) {
      require(missing->received < chunks && missing->seen_up_to < chunks, "gaps are within the message");
      for (auto gap : missing->gaps) require(gap.first <= gap.last && gap.last < chunks, "a gap is within the message");
    }
    if (message == 7) reassembler.forget_before(3);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.byte()) {
    case 'h': {
      auto header = input.line();
      fuzz_header(header, input.rest());
      break;
    }
    case 'f':
      fuzz_frame(input.rest());
      break;
    case 'r':
      fuzz_frame(codec::base64_encode(input.rest()));
      break;
    case 'c':
      fuzz_reassembly(input);
      break;
    default:
      break;
  }
  return 0;
}
