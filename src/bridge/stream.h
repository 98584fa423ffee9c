// A streamed response in pieces: the session cuts it as it can leave, the stub puts it in order again. At most
// kStreamWindow bytes are on their way beyond what the stub has taken, so that neither side grows. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/message.h"
#include "bridge/outgoing.h"

namespace bridge {

inline constexpr std::size_t kStreamWindow = 1'048'576;
inline constexpr std::size_t kMostPieces = 4'096;  // that a stub holds

// The session's end. Pieces are kept until the stub has taken them.
class OutgoingStream {
 public:
  explicit OutgoingStream(NameValues headers) : headers_(std::move(headers)) {}

  void write(std::string_view bytes) { pending_ += bytes; }
  void end() { ended_ = true; }
  // What was written is still sent, then the error, as a `failure` has it.
  void break_off(Answer error);
  // How many bytes may be written now.
  std::size_t room() const;

  std::size_t held_bytes() const { return pending_.size() + untaken_; }
  // Whether there is something to say and the window has room for it. What is written meanwhile leaves together.
  bool has_next() const;
  // The next piece; only if has_next().
  Outgoing& cut(std::uint64_t invocation, std::uint64_t message_id, std::size_t max_message);

  // What is kept, in frames of so many characters: pieces that do not fit get new message ids.
  void cut_again(std::uint64_t& next_message_id, std::size_t max_message);

  // The stub has taken all pieces up to this number.
  void taken(std::uint64_t number);
  // Of a piece that is kept; nullptr if there is none of that id.
  Outgoing* find(std::uint64_t message_id);
  // Those that come after `number`, in order.
  std::vector<Outgoing*> after(std::uint64_t number);
  // Whether every piece, the last among them, was taken by API Gateway or by the stub.
  bool delivered() const;

 private:
  struct Kept {
    Outgoing message;
    std::size_t size = 0;  // of the body
  };

  NameValues headers_;  // until the first piece is cut
  std::string pending_;
  bool ended_ = false;
  std::optional<Answer> error_;
  bool last_cut_ = false;
  std::uint64_t last_number_ = 0;
  std::size_t untaken_ = 0;               // bytes of `pieces_`
  std::map<std::uint64_t, Kept> pieces_;  // by number
};

// The stub's end.
class IncomingStream {
 public:
  // The pieces that are next in order, now that this one is here: none if it is a repeat, or another is missing before
  // it. What lies beyond the window, or would be more than kMostPieces, is dropped: a session that keeps to the window
  // sends it again.
  std::vector<StreamPiece> add(StreamPiece piece);
  // All pieces up to this number were handed out by add().
  std::uint64_t received() const { return received_; }
  bool has_gap() const { return !early_.empty(); }
  std::size_t held_bytes() const { return early_size_; }

  // Lambda has taken this piece, after all those before it.
  void taken(std::uint64_t number);
  std::uint64_t taken() const { return taken_; }
  // Whether half a window was taken since the last call that said so.
  bool wants_credit();

 private:
  std::uint64_t received_ = 0;
  std::uint64_t taken_ = 0;
  std::size_t early_size_ = 0;
  std::size_t untaken_ = 0;  // bytes of `not_yet_taken_`
  std::size_t taken_untold_ = 0;
  std::map<std::uint64_t, StreamPiece> early_;                       // by number
  std::deque<std::pair<std::uint64_t, std::size_t>> not_yet_taken_;  // number and size
};

}  // namespace bridge
