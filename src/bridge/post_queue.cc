#include "bridge/post_queue.h"

#include <cmath>

namespace bridge {
namespace {

constexpr base::Millis kFirstBackOff{100};
constexpr base::Millis kLongestBackOff{5'000};
constexpr base::Millis kLongestDenied{500};  // what is refused for 5 s is an error: a young right must be seen before

PostQueue::Verdict judge(const Outcome& outcome) {
  using enum PostQueue::Verdict;
  if (outcome.reach != Outcome::Reach::answered) return again;
  if (outcome.status >= 200 && outcome.status < 300) return arrived;
  if (outcome.status == 410 || outcome.status == 400) return gone;
  if (outcome.status == 403 || outcome.status == 401) return denied;
  return again;
}

// Throttled; or the line is so slow that posts which leave together run out of their time, though each arrives in the
// end.
bool is_too_much(const Outcome& outcome) {
  return outcome.reach == Outcome::Reach::maybe_sent ||
         (outcome.reach == Outcome::Reach::answered && outcome.status == 429);
}

bool may_have_arrived(const Outcome& outcome) {
  return outcome.reach == Outcome::Reach::maybe_sent ||
         (outcome.reach == Outcome::Reach::answered && outcome.status >= 500);
}

}  // namespace

base::Millis back_off(int failures, base::Millis first, base::Millis cap, std::minstd_rand& random) {
  auto longest = std::min<std::int64_t>(cap.count(), first.count() << std::min(failures, 16));
  return base::Millis(std::uniform_int_distribution<std::int64_t>(10, std::max<std::int64_t>(10, longest))(random));
}

PostQueue::PostQueue(Limits limits, std::uint64_t seed)
    : limits_(limits),
      allowed_(static_cast<double>(limits.total)),
      random_(static_cast<std::minstd_rand::result_type>(seed)) {}

void PostQueue::add(QueuedPost post) {
  waiting_[post.environment].push_back(std::move(post));
}

bool PostQueue::has_room(const EnvironmentId& environment) const {
  std::size_t total = 0;
  std::size_t to_peer = 0;
  for (const auto& [tag, flight] : under_way_) {
    if (flight.twin != 0 && flight.fresh) continue;  // a second try of the same post
    total += 1;
    if (flight.post.environment == environment) to_peer += 1;
  }
  return total < static_cast<std::size_t>(allowed_) && to_peer < limits_.per_peer;
}

std::optional<PostQueue::Leaving> PostQueue::next(base::SteadyTime now) {
  // Peers take turns, beginning after the one that was served last.
  auto peer = waiting_.upper_bound(served_last_);
  for (std::size_t looked_at = 0; looked_at < waiting_.size(); ++looked_at, ++peer) {
    if (peer == waiting_.end()) peer = waiting_.begin();
    auto& posts = peer->second;
    auto post = std::find_if(posts.begin(), posts.end(), [&](const QueuedPost& one) { return one.not_before <= now; });
    if (post == posts.end() || !has_room(peer->first)) continue;
    served_last_ = peer->first;
    std::uint64_t tag = ++last_tag_;
    Flight& flight = under_way_[tag];
    flight.post = std::move(*post);
    flight.started = now;
    posts.erase(post);
    if (posts.empty()) waiting_.erase(peer);
    return Leaving{tag, &flight.post, false};
  }
  return std::nullopt;
}

std::optional<PostQueue::Leaving> PostQueue::next_twin(base::SteadyTime now, base::Millis after) {
  for (auto& [tag, flight] : under_way_) {
    if (flight.fresh || flight.twin != 0 || flight.started + after > now) continue;
    std::uint64_t twin = ++last_tag_;
    flight.twin = twin;
    std::uint64_t first = tag;
    Flight& second = under_way_[twin];
    second = Flight{.post = under_way_[first].post, .started = now, .twin = first, .fresh = true};
    return Leaving{twin, &second.post, true};
  }
  return std::nullopt;
}

PostQueue::Finished PostQueue::finished(std::uint64_t tag, const Outcome& outcome, base::SteadyTime now) {
  auto found = under_way_.find(tag);
  if (found == under_way_.end()) return {};
  Flight flight = std::move(found->second);
  under_way_.erase(found);
  Finished result{.verdict = judge(outcome), .post = std::move(flight.post)};
  result.may_have_arrived = flight.may_have_arrived || may_have_arrived(outcome);

  auto twin = flight.twin == 0 ? under_way_.end() : under_way_.find(flight.twin);
  if (twin != under_way_.end()) {
    if (result.verdict != Verdict::arrived) {  // the other copy's outcome decides
      twin->second.may_have_arrived = result.may_have_arrived;
      result.verdict = Verdict::pending;
      return result;
    }
    under_way_.erase(twin);
  }
  if (result.verdict == Verdict::arrived) {
    allowed_ = std::min(static_cast<double>(limits_.total), allowed_ + 1.0 / allowed_);
  } else if (is_too_much(outcome)) {
    allowed_ = std::max(1.0, std::floor(allowed_ / 2));
  }
  bool once_more = result.verdict == Verdict::again || result.verdict == Verdict::denied;
  if (once_more && result.post.persistent)
    again_later(result.post, now, result.verdict == Verdict::denied ? kLongestDenied : kLongestBackOff);
  return result;
}

void PostQueue::again_later(QueuedPost post, base::SteadyTime now, base::Millis longest) {
  post.not_before = now + back_off(post.failures, kFirstBackOff, longest, random_);
  post.failures += 1;
  waiting_[post.environment].push_front(std::move(post));
}

std::size_t PostQueue::held_bytes() const {
  std::size_t held = 0;
  for (const auto& [environment, posts] : waiting_) {
    for (const QueuedPost& post : posts) held += post.frame.size();
  }
  for (const auto& [tag, flight] : under_way_) held += flight.post.frame.size();
  return held;
}

void PostQueue::forget_back_off(const EnvironmentId& environment) {
  auto peer = waiting_.find(environment);
  if (peer == waiting_.end()) return;
  for (QueuedPost& post : peer->second) post.not_before = {};
}

std::optional<base::SteadyTime> PostQueue::next_timer() const {
  std::optional<base::SteadyTime> earliest;
  for (const auto& [environment, posts] : waiting_) {
    if (!has_room(environment)) continue;  // the end of a post makes room, not the time
    for (const QueuedPost& post : posts) {
      if (!earliest || post.not_before < *earliest) earliest = post.not_before;
    }
  }
  return earliest;
}

std::optional<base::SteadyTime> PostQueue::next_twin_timer(base::Millis after) const {
  std::optional<base::SteadyTime> earliest;
  for (const auto& [tag, flight] : under_way_) {
    if (flight.fresh || flight.twin != 0) continue;
    if (!earliest || flight.started + after < *earliest) earliest = flight.started + after;
  }
  return earliest;
}

}  // namespace bridge
