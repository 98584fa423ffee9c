// One direction of a link: what happens to packets on their way, decided by settings and a seeded generator.
//
// In this order: a cut or a loss drops the packet; the rate lets one after the other pass, and drops what its bounded
// queue does not hold; delay and jitter move it into the future, never before one that was offered earlier; a reordered
// packet is held back longer, so that later ones overtake it. Passive: packets and times in, packets out. Not here:
// devices, duplicates, corruption.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>

namespace link_shaper {

using Clock = std::chrono::steady_clock;
using Nanos = std::chrono::nanoseconds;

struct Settings {
  Nanos delay{0};
  Nanos jitter{0};                                  // the delay is uniform in delay ± jitter, and never negative
  double loss = 0;                                  // probability
  double reorder = 0;                               // probability
  Nanos held_back = std::chrono::milliseconds(20);  // a reordered packet
  double bits_per_second = 0;                       // 0 = as fast as the machine takes them
  std::size_t queue_bytes = 64 * 1024;              // waiting for the rate; more is dropped
  bool cut = false;                                 // what is on its way still arrives
};

struct Counts {
  std::uint64_t packets = 0;  // offered
  std::uint64_t bytes = 0;
  std::uint64_t delivered = 0;
  std::uint64_t cut = 0;
  std::uint64_t lost = 0;
  std::uint64_t overflowed = 0;
  std::uint64_t reordered = 0;
};

class Direction {
 public:
  explicit Direction(std::uint64_t seed) : random_(seed) {}

  Settings settings;

  void offer(std::string packet, Clock::time_point now);
  // When take() has something; nothing if no packet is on its way.
  std::optional<Clock::time_point> next_due() const;
  // The next packet that is due, or nothing.
  std::optional<std::string> take(Clock::time_point now);
  const Counts& counts() const { return counts_; }

 private:
  bool happens(double probability);

  std::mt19937_64 random_;
  std::multimap<Clock::time_point, std::string> on_the_way_;  // equal times keep their order
  Clock::time_point rate_free_at_{};                          // when the rate has let pass all that was offered
  Clock::time_point latest_{};                                // of those that keep their order
  Counts counts_;
};

}  // namespace link_shaper
