#include "net/frame_meter.h"

#include <algorithm>

namespace net {
namespace {

constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kControl = 0x08;  // the bit that every control frame's opcode has
constexpr std::uint8_t kMasked = 0x80;

// The header's length as far as its first two bytes tell.
std::size_t header_length(const std::array<std::uint8_t, 14>& header) {
  std::size_t length = 2;
  std::uint8_t size = header[1] & 0x7f;
  if (size == 126) length += 2;
  if (size == 127) length += 8;
  if ((header[1] & kMasked) != 0) length += 4;
  return length;
}

}  // namespace

void FrameMeter::feed(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    if (payload_ > 0) {
      auto skip = static_cast<std::size_t>(std::min<std::uint64_t>(payload_, bytes.size()));
      payload_ -= skip;
      bytes = bytes.subspan(skip);
      continue;
    }
    header_[have_++] = bytes.front();
    bytes = bytes.subspan(1);
    if (have_ >= 2 && have_ == header_length(header_)) header_complete();
  }
}

void FrameMeter::header_complete() {
  have_ = 0;
  payload_ = header_[1] & 0x7f;
  std::size_t extended = payload_ == 126 ? 2 : payload_ == 127 ? 8 : 0;
  if (extended > 0) payload_ = 0;
  for (std::size_t i = 0; i < extended; ++i) payload_ = payload_ << 8 | header_[2 + i];
  if ((header_[0] & kControl) != 0) return;
  largest_ = std::max(largest_, static_cast<std::size_t>(payload_));
  if ((header_[0] & kFinal) != 0) {
    messages_.push_back(largest_);
    largest_ = 0;
  }
}

std::size_t FrameMeter::take_largest() {
  if (messages_.empty()) return 0;
  std::size_t largest = messages_.front();
  messages_.pop_front();
  return largest;
}

}  // namespace net
