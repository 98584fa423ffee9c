// Chunks of one peer, in any order, back to whole messages. Bounded: four messages under way (the oldest gives way),
// none larger than its header says, and no header says more than Lambda's limits (parse_header). Repeats of what is
// whole are passed over, and parts of an earlier try of a message that was sent anew.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "bridge/message.h"

namespace bridge {

class Reassembler {
 public:
  static constexpr std::size_t kMaxUnderWay = 4;

  enum class Progress { partial, whole, repeated, contradicting };
  struct Added {
    Progress progress = Progress::partial;
    std::string bytes = {};  // if whole
  };
  Added add(const FrameHeader& header, std::string chunk);

  // The gaps of a partial message of this attempt; nothing if there is none.
  std::optional<Missing> missing(std::uint64_t invocation) const;
  std::size_t held_bytes() const { return held_; }
  // Forgets what belongs to attempts before this one.
  void forget_before(std::uint64_t invocation);

 private:
  struct Part {
    FrameHeader header;
    std::map<std::uint32_t, std::string> chunks;  // so that memory follows what came, not what a header says
    std::size_t size = 0;
  };
  void erase(std::map<std::uint64_t, Part>::iterator part);

  std::map<std::uint64_t, Part> parts_;  // by message id, which rises
  std::size_t held_ = 0;
  std::deque<std::uint64_t> whole_;  // the latest
};

}  // namespace bridge
