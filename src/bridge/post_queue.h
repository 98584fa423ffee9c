// The order in which frames leave: at most so many posts under way in all and to one peer, back-off with full jitter
// after 429, 5xx and broken connections, halving after 429 and timeouts. A frame is sealed when it first leaves and
// posted again as the same bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bridge/actions.h"
#include "bridge/frame.h"

namespace bridge {

// One frame to be posted: chunk `chunk` of a message.
struct QueuedPost {
  EnvironmentId environment;  // the peer, for the session; the stub has one
  MessageType type = MessageType::ask;
  std::uint64_t invocation = 0;
  std::uint64_t message_id = 0;
  std::uint32_t chunk = 0;
  bool persistent = false;   // tried again until it is dropped; else once
  std::string frame = {};    // empty until sealed
  std::string sent_to = {};  // the connection it left for, last
  int failures = 0;
  base::SteadyTime not_before{};
};

class PostQueue {
 public:
  struct Limits {
    std::size_t total = 32;
    std::size_t per_peer = 4;
  };
  enum class Verdict {
    arrived,  // 200
    gone,     // 410, or 400 for an id that is none: the connection is closed
    denied,   // 403; a persistent post is tried again
    again,    // 429, 5xx, not or perhaps sent; a persistent post is tried again
    pending,  // its twin is still under way
    unknown,  // a tag from before
  };
  struct Finished {
    Verdict verdict = Verdict::unknown;
    QueuedPost post;
    bool may_have_arrived = false;  // whatever the verdict: some copy of it may have
  };
  struct Leaving {
    std::uint64_t tag = 0;
    QueuedPost* post = nullptr;  // valid until the next call; the owner seals into `frame` if that is empty
    bool fresh = false;
  };

  PostQueue(Limits limits, std::uint64_t seed);

  void add(QueuedPost post);
  // The next post that may leave now; it counts as under way.
  std::optional<Leaving> next(base::SteadyTime now);
  // The next post that left on a kept connection at least `after` ago and has no twin: the same once more.
  std::optional<Leaving> next_twin(base::SteadyTime now, base::Millis after);
  Finished finished(std::uint64_t tag, const Outcome& outcome, base::SteadyTime now);

  // Forgets posts that wait; outcomes of those under way become `unknown`.
  template <typename Predicate>
  void drop(Predicate matches) {
    for (auto& [environment, posts] : waiting_) std::erase_if(posts, matches);
    std::erase_if(waiting_, [](const auto& peer) { return peer.second.empty(); });
    std::erase_if(under_way_, [&](const auto& flight) { return matches(flight.second.post); });
  }
  template <typename Predicate>
  bool contains(Predicate matches) const {
    for (const auto& [environment, posts] : waiting_) {
      if (std::any_of(posts.begin(), posts.end(), matches)) return true;
    }
    return std::any_of(under_way_.begin(), under_way_.end(),
                       [&](const auto& flight) { return matches(flight.second.post); });
  }
  // Those whose outcome is open: each may have arrived.
  template <typename Visitor>
  void each_under_way(Visitor visit) const {
    for (const auto& [tag, flight] : under_way_) visit(flight.post);
  }
  // Posts that wait for their back-off may leave at once (a new address, new credentials).
  void forget_back_off(const EnvironmentId& environment);

  std::optional<base::SteadyTime> next_timer() const;  // the end of the earliest back-off
  std::optional<base::SteadyTime> next_twin_timer(base::Millis after) const;
  bool empty() const { return waiting_.empty() && under_way_.empty(); }
  std::size_t under_way() const { return under_way_.size(); }
  std::size_t held_bytes() const;  // in frames

 private:
  struct Flight {
    QueuedPost post;
    base::SteadyTime started;
    std::uint64_t twin = 0;
    bool fresh = false;
    bool may_have_arrived = false;
  };
  bool has_room(const EnvironmentId& environment) const;
  void again_later(QueuedPost post, base::SteadyTime now, base::Millis longest);

  Limits limits_;
  double allowed_;
  std::minstd_rand random_;
  std::uint64_t last_tag_ = 0;
  std::map<EnvironmentId, std::deque<QueuedPost>> waiting_;  // no empty ones
  EnvironmentId served_last_;
  std::map<std::uint64_t, Flight> under_way_;
};

// Exponential back-off with full jitter: a random part of min(cap, first * 2^failures), at least 10 ms.
base::Millis back_off(int failures, base::Millis first, base::Millis cap, std::minstd_rand& random);

}  // namespace bridge
