#include "bridge/outgoing.h"

#include <algorithm>

namespace bridge {

Outgoing::Outgoing(const Message& message, std::uint64_t invocation, std::uint64_t message_id, std::size_t max_message)
    : capacity_(chunk_capacity(max_message)) {
  Packed packed = pack(message);
  packed_ = std::move(packed.bytes);
  header_.type = type_of(message);
  header_.invocation = invocation;
  header_.message_id = message_id;
  header_.compressed = packed.compressed;
  header_.full_size = packed.full_size;
  header_.fields_size = packed.fields_size;
  cut();
}

Outgoing::Outgoing(const Outgoing& other, std::uint64_t message_id, std::size_t max_message)
    : header_(other.header_), packed_(other.packed_), capacity_(chunk_capacity(max_message)) {
  header_.message_id = message_id;
  cut();
}

void Outgoing::cut() {
  header_.chunks = static_cast<std::uint32_t>(std::max<std::size_t>(1, (packed_.size() + capacity_ - 1) / capacity_));
  arrived_.resize(header_.chunks);
  may_have_arrived_.resize(header_.chunks);
}

FrameHeader Outgoing::header(std::uint32_t chunk) const {
  FrameHeader header = header_;
  header.chunk = chunk;
  return header;
}

std::string_view Outgoing::bytes(std::uint32_t chunk) const {
  return std::string_view(packed_).substr(chunk * capacity_, capacity_);
}

bool Outgoing::all_arrived() const {
  return std::find(arrived_.begin(), arrived_.end(), false) == arrived_.end();
}

bool Outgoing::all_may_have_arrived() const {
  return std::find(may_have_arrived_.begin(), may_have_arrived_.end(), false) == may_have_arrived_.end();
}

std::vector<std::uint32_t> Outgoing::wanted(const Missing& missing, base::SteadyTime now) {
  std::vector<std::uint32_t> chunks_wanted;
  if (missing.message_id != header_.message_id) return chunks_wanted;
  for (const ChunkRange& gap : missing.gaps) {
    for (std::uint32_t chunk = gap.first; chunk <= gap.last && chunk < header_.chunks; ++chunk) {
      chunks_wanted.push_back(chunk);
    }
  }
  if (missing.received != progress_ || progress_at_ == base::SteadyTime{}) {
    progress_ = missing.received;
    progress_at_ = now;
  } else if (now - progress_at_ >= std::chrono::seconds(5)) {
    progress_at_ = now;
    for (std::uint32_t chunk = missing.seen_up_to + 1; chunk < header_.chunks; ++chunk) chunks_wanted.push_back(chunk);
  }
  return chunks_wanted;
}

}  // namespace bridge
