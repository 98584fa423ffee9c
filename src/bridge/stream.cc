#include "bridge/stream.h"

#include <algorithm>

namespace bridge {
namespace {

constexpr std::size_t kLongestPiece = 262'144;

}  // namespace

void OutgoingStream::break_off(Answer error) {
  error_ = std::move(error);
  ended_ = true;
}

std::size_t OutgoingStream::room() const {
  return kStreamWindow - std::min(kStreamWindow, untaken_ + pending_.size());
}

bool OutgoingStream::has_next() const {
  if (pending_.empty()) return ended_ && !last_cut_;
  return untaken_ < kStreamWindow;
}

Outgoing& OutgoingStream::cut(std::uint64_t invocation, std::uint64_t message_id, std::size_t max_message) {
  StreamPiece piece{.number = ++last_number_, .headers = std::move(headers_)};
  headers_.clear();
  const std::size_t size =
      std::min({pending_.size(), kLongestPiece, kStreamWindow - std::min(kStreamWindow, untaken_)});
  const bool all = size == pending_.size();
  if (ended_ && all && error_ && size == 0) {
    piece.broken = true;
    for (auto& header : error_->headers) piece.headers.push_back(std::move(header));
    piece.body = std::move(error_->body);
  } else {
    piece.body = pending_.substr(0, size);
    pending_.erase(0, size);
    piece.end = ended_ && all && !error_;
  }
  last_cut_ = piece.end || piece.broken;
  untaken_ += size;
  auto kept = pieces_.emplace(piece.number, Kept{Outgoing(piece, invocation, message_id, max_message), size}).first;
  return kept->second.message;
}

void OutgoingStream::cut_again(std::uint64_t& next_message_id, std::size_t max_message) {
  for (auto& [number, kept] : pieces_) {
    if (!kept.message.fits(max_message)) kept.message = Outgoing(kept.message, next_message_id++, max_message);
  }
}

void OutgoingStream::taken(std::uint64_t number) {
  while (!pieces_.empty() && pieces_.begin()->first <= number) {
    untaken_ -= pieces_.begin()->second.size;
    pieces_.erase(pieces_.begin());
  }
}

Outgoing* OutgoingStream::find(std::uint64_t message_id) {
  for (auto& [number, kept] : pieces_) {
    if (kept.message.message_id() == message_id) return &kept.message;
  }
  return nullptr;
}

std::vector<Outgoing*> OutgoingStream::after(std::uint64_t number) {
  std::vector<Outgoing*> messages;
  for (auto kept = pieces_.upper_bound(number); kept != pieces_.end(); ++kept) {
    messages.push_back(&kept->second.message);
  }
  return messages;
}

bool OutgoingStream::delivered() const {
  return last_cut_ && std::all_of(pieces_.begin(), pieces_.end(),
                                  [](const auto& entry) { return entry.second.message.all_arrived(); });
}

std::vector<StreamPiece> IncomingStream::add(StreamPiece piece) {
  std::vector<StreamPiece> next;
  if (piece.number <= received_ || early_.contains(piece.number)) return next;
  const bool in_order = piece.number == received_ + 1;  // makes room, for those behind it can go on
  if (untaken_ + (in_order ? 0 : early_size_) + piece.body.size() > kStreamWindow) return next;
  if (early_.size() + not_yet_taken_.size() >= kMostPieces) return next;
  early_size_ += piece.body.size();
  early_.emplace(piece.number, std::move(piece));
  while (!early_.empty() && early_.begin()->first == received_ + 1) {
    StreamPiece& first = early_.begin()->second;
    received_ += 1;
    early_size_ -= first.body.size();
    untaken_ += first.body.size();
    not_yet_taken_.emplace_back(first.number, first.body.size());
    next.push_back(std::move(first));
    early_.erase(early_.begin());
  }
  return next;
}

void IncomingStream::taken(std::uint64_t number) {
  while (!not_yet_taken_.empty() && not_yet_taken_.front().first <= number) {
    taken_ = not_yet_taken_.front().first;
    taken_untold_ += not_yet_taken_.front().second;
    untaken_ -= not_yet_taken_.front().second;
    not_yet_taken_.pop_front();
  }
}

bool IncomingStream::wants_credit() {
  if (taken_untold_ < kStreamWindow / 2) return false;
  taken_untold_ = 0;
  return true;
}

}  // namespace bridge
