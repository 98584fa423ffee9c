// Chunks of one peer, in any order, back to whole messages. Bounded: four messages under way (the oldest gives way),
// none larger than its header says, and no header says more than Lambda's limits (parse_header). Repeats of what is
// whole are passed over.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

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
  // Forgets what belongs to attempts before this one.
  void forget_before(std::uint64_t invocation);

 private:
  struct Part {
    FrameHeader header;
    std::vector<std::optional<std::string>> chunks;
    std::size_t size = 0;
    std::uint32_t received = 0;
    std::uint32_t highest = 0;
  };
  std::map<std::uint64_t, Part> parts_;  // by message id, which rises
  std::deque<std::uint64_t> whole_;      // the latest
};

}  // namespace bridge
