#include "bridge/reassembly.h"

#include <algorithm>

namespace bridge {
namespace {

constexpr std::size_t kWholeRemembered = 32;

bool same_message(const FrameHeader& a, const FrameHeader& b) {
  return a.type == b.type && a.invocation == b.invocation && a.chunks == b.chunks && a.compressed == b.compressed &&
         a.full_size == b.full_size && a.fields_size == b.fields_size;
}

}  // namespace

Reassembler::Added Reassembler::add(const FrameHeader& header, std::string chunk) {
  if (std::find(whole_.begin(), whole_.end(), header.message_id) != whole_.end()) return {Progress::repeated};
  auto found = parts_.find(header.message_id);
  if (found == parts_.end()) {
    if (parts_.size() >= kMaxUnderWay) parts_.erase(parts_.begin());
    found = parts_.emplace(header.message_id, Part{.header = header, .chunks = {}}).first;
    found->second.chunks.resize(header.chunks);
  }
  Part& part = found->second;
  if (!same_message(part.header, header)) return {Progress::contradicting};
  std::optional<std::string>& place = part.chunks[header.chunk];
  if (place) return {Progress::repeated};
  // Compression is used only where it makes a message smaller, so the packed form never exceeds the full size.
  if (part.size + chunk.size() > header.full_size) return {Progress::contradicting};
  part.size += chunk.size();
  part.received += 1;
  part.highest = std::max(part.highest, header.chunk);
  place = std::move(chunk);
  if (part.received < header.chunks) return {Progress::partial};

  std::string bytes;
  bytes.reserve(part.size);
  for (const auto& piece : part.chunks) bytes += *piece;
  parts_.erase(found);
  whole_.push_back(header.message_id);
  if (whole_.size() > kWholeRemembered) whole_.pop_front();
  return {Progress::whole, std::move(bytes)};
}

std::optional<Missing> Reassembler::missing(std::uint64_t invocation) const {
  for (const auto& [id, part] : parts_) {
    if (part.header.invocation != invocation) continue;
    Missing missing{.message_id = id, .gaps = {}, .seen_up_to = part.highest, .received = part.received};
    for (std::uint32_t chunk = 0; chunk < part.highest; ++chunk) {
      if (part.chunks[chunk]) continue;
      if (!missing.gaps.empty() && missing.gaps.back().last + 1 == chunk) {
        missing.gaps.back().last = chunk;
      } else {
        missing.gaps.push_back({chunk, chunk});
      }
    }
    return missing;
  }
  return std::nullopt;
}

void Reassembler::forget_before(std::uint64_t invocation) {
  std::erase_if(parts_, [&](const auto& entry) {
    return entry.second.header.invocation != 0 && entry.second.header.invocation < invocation;
  });
}

}  // namespace bridge
