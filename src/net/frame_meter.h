// PRIVATE to net/. Tells how large the frames are in which a peer sent each WebSocket message (RFC 6455 §5.2).
//
// Entirely passive: it is fed the bytes that were received, in order and from the first frame on, and looks at frame
// headers only. It checks nothing; whoever reads the messages does.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>

namespace net {

class FrameMeter {
 public:
  void feed(std::span<const std::uint8_t> bytes);
  // The largest frame's payload of the oldest whole message not asked for yet; 0 if there is none.
  std::size_t take_largest();

 private:
  void header_complete();

  std::array<std::uint8_t, 14> header_{};
  std::size_t have_ = 0;       // bytes of the header
  std::uint64_t payload_ = 0;  // bytes of the payload still to be passed over
  std::size_t largest_ = 0;    // of the message under way
  std::deque<std::size_t> messages_;
};

}  // namespace net
