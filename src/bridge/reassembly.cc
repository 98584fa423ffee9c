#include "bridge/reassembly.h"

#include <algorithm>

namespace bridge {
namespace {

constexpr std::size_t kWholeRemembered = 32;
constexpr std::size_t kChunkCost = 96;   // beside its bytes
constexpr std::size_t kMaxGaps = 1'024;  // that are named at a time

bool same_message(const FrameHeader& a, const FrameHeader& b) {
  return a.type == b.type && a.invocation == b.invocation && a.chunks == b.chunks && a.compressed == b.compressed &&
         a.full_size == b.full_size && a.fields_size == b.fields_size;
}

// Of the same thing, under another id: only pieces of a stream are several.
bool is_other_try(const FrameHeader& a, const FrameHeader& b) {
  return a.type == b.type && a.invocation == b.invocation && a.type != MessageType::stream;
}

}  // namespace

Reassembler::Added Reassembler::add(const FrameHeader& header, std::string chunk) {
  if (std::find(whole_.begin(), whole_.end(), header.message_id) != whole_.end()) return {Progress::repeated};
  auto found = parts_.find(header.message_id);
  if (found == parts_.end()) {
    auto other = std::find_if(parts_.begin(), parts_.end(),
                              [&](const auto& entry) { return is_other_try(entry.second.header, header); });
    if (other != parts_.end() && other->first > header.message_id) return {Progress::repeated};
    if (other != parts_.end()) erase(other);
    if (parts_.size() >= kMaxUnderWay) erase(parts_.begin());
    found = parts_.emplace(header.message_id, Part{.header = header, .chunks = {}}).first;
  }
  Part& part = found->second;
  if (!same_message(part.header, header)) return {Progress::contradicting};
  if (part.chunks.contains(header.chunk)) return {Progress::repeated};
  if (chunk.empty() && header.chunks > 1) return {Progress::contradicting};
  // Compression is used only where it makes a message smaller, so the packed form never exceeds the full size.
  if (part.size + chunk.size() > header.full_size) return {Progress::contradicting};
  part.size += chunk.size();
  held_ += chunk.size() + kChunkCost;
  part.chunks.emplace(header.chunk, std::move(chunk));
  if (part.chunks.size() < header.chunks) return {Progress::partial};

  std::string bytes;
  bytes.reserve(part.size);
  for (const auto& [number, piece] : part.chunks) bytes += piece;
  erase(found);
  whole_.push_back(header.message_id);
  if (whole_.size() > kWholeRemembered) whole_.pop_front();
  return {Progress::whole, std::move(bytes)};
}

std::optional<Missing> Reassembler::missing(std::uint64_t invocation) const {
  for (const auto& [id, part] : parts_) {
    if (part.header.invocation != invocation || part.chunks.empty()) continue;
    Missing missing{.message_id = id,
                    .gaps = {},
                    .seen_up_to = part.chunks.rbegin()->first,
                    .received = static_cast<std::uint32_t>(part.chunks.size())};
    std::uint32_t expected = 0;
    for (const auto& [chunk, bytes] : part.chunks) {
      if (missing.gaps.size() == kMaxGaps) break;
      if (chunk > expected) missing.gaps.push_back({expected, chunk - 1});
      expected = chunk + 1;
    }
    return missing;
  }
  return std::nullopt;
}

void Reassembler::forget_before(std::uint64_t invocation) {
  for (auto part = parts_.begin(); part != parts_.end();) {
    auto next = std::next(part);
    std::uint64_t of = part->second.header.invocation;
    if (of != 0 && of < invocation) erase(part);
    part = next;
  }
}

void Reassembler::erase(std::map<std::uint64_t, Part>::iterator part) {
  held_ -= part->second.size + part->second.chunks.size() * kChunkCost;
  parts_.erase(part);
}

}  // namespace bridge
