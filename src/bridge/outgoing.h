// A message on its way out: packed, cut, and what is known of each chunk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "bridge/message.h"

namespace bridge {

class Outgoing {
 public:
  Outgoing(const Message& message, std::uint64_t invocation, std::uint64_t message_id, std::size_t max_message);

  // The same message once more, under an id of its own and perhaps in other chunks; nothing of it has left yet.
  Outgoing(const Outgoing& other, std::uint64_t message_id, std::size_t max_message);

  // Whether each of its frames fits so many characters.
  bool fits(std::size_t max_message) const { return capacity_ <= chunk_capacity(max_message); }

  MessageType type() const { return header_.type; }
  std::uint64_t invocation() const { return header_.invocation; }
  std::uint64_t message_id() const { return header_.message_id; }
  std::uint32_t chunks() const { return header_.chunks; }
  std::size_t size() const { return packed_.size(); }
  // The header of a chunk, but for what the sender knows at sealing: sealed_at_ms, connection_id, link.
  FrameHeader header(std::uint32_t chunk) const;
  std::string_view bytes(std::uint32_t chunk) const;

  void mark_arrived(std::uint32_t chunk) { arrived_[chunk] = may_have_arrived_[chunk] = true; }
  void mark_may_have_arrived(std::uint32_t chunk) { may_have_arrived_[chunk] = true; }
  bool all_arrived() const;           // every chunk was taken (200)
  bool all_may_have_arrived() const;  // no chunk certainly stayed behind

  // The chunks to post again for `missing`: its gaps; what lies above the highest chunk seen only after 5 s without
  // progress.
  std::vector<std::uint32_t> wanted(const Missing& missing, base::SteadyTime now);

 private:
  void cut();

  FrameHeader header_;
  std::string packed_;
  std::size_t capacity_;
  std::vector<bool> arrived_;
  std::vector<bool> may_have_arrived_;
  std::uint32_t progress_ = 0;
  base::SteadyTime progress_at_{};
};

}  // namespace bridge
