#include "shaping.h"

#include <algorithm>

namespace link_shaper {

bool Direction::happens(double probability) {
  return probability > 0 && std::uniform_real_distribution<double>(0, 1)(random_) < probability;
}

void Direction::offer(std::string packet, Clock::time_point now) {
  ++counts_.packets;
  counts_.bytes += packet.size();
  if (settings.cut) {
    ++counts_.cut;
    return;
  }
  if (happens(settings.loss)) {
    ++counts_.lost;
    return;
  }
  auto due = now;
  if (settings.bits_per_second > 0) {
    const double seconds_a_byte = 8 / settings.bits_per_second;
    const std::chrono::duration<double> waiting = std::max(rate_free_at_ - now, Clock::duration::zero());
    if (waiting.count() / seconds_a_byte + static_cast<double>(packet.size()) >
        static_cast<double>(settings.queue_bytes)) {
      ++counts_.overflowed;
      return;
    }
    const std::chrono::duration<double> passing(static_cast<double>(packet.size()) * seconds_a_byte);
    rate_free_at_ = std::max(rate_free_at_, now) + std::chrono::duration_cast<Nanos>(passing);
    due = rate_free_at_;
  }
  auto delay = settings.delay;
  if (settings.jitter > Nanos::zero()) {
    delay +=
        Nanos(std::uniform_int_distribution<Nanos::rep>(-settings.jitter.count(), settings.jitter.count())(random_));
  }
  due += std::max(delay, Nanos::zero());
  due = std::max(due, latest_);
  latest_ = due;
  if (happens(settings.reorder)) {
    ++counts_.reordered;
    due += settings.held_back;
  }
  on_the_way_.emplace(due, std::move(packet));
}

std::optional<Clock::time_point> Direction::next_due() const {
  if (on_the_way_.empty()) return std::nullopt;
  return on_the_way_.begin()->first;
}

std::optional<std::string> Direction::take(Clock::time_point now) {
  auto first = on_the_way_.begin();
  if (first == on_the_way_.end() || first->first > now) return std::nullopt;
  std::string packet = std::move(first->second);
  on_the_way_.erase(first);
  ++counts_.delivered;
  return packet;
}

}  // namespace link_shaper
