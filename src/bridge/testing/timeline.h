// The virtual time of a simulation: what happens when, and chance, by a seed. The same seed is the same run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/actions.h"

namespace bridge::testing {

class Timeline {
 public:
  explicit Timeline(std::uint64_t seed) : state_(seed) {}

  base::SteadyTime now() const { return clock_.now(); }
  base::WallTime aws_now() const { return clock_.wall_now(); }
  base::Millis since_begin() const;

  std::uint64_t random();
  std::uint64_t below(std::uint64_t bound) { return random() % bound; }
  bool chance(int percent) { return percent > 0 && static_cast<int>(below(100)) < percent; }
  base::Millis up_to(base::Millis most) {
    return base::Millis(static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most.count()) + 1)));
  }

  void after(base::Millis time, std::function<void()> what) { at(now() + time, std::move(what)); }
  void at(base::SteadyTime when, std::function<void()> what);
  // The next event, if it is due by then.
  bool step(base::SteadyTime until);
  void run_for(base::Millis time);

  // Who did what, a line each, if `tracing`.
  bool tracing = false;
  void note(std::string_view who, std::string_view what);
  const std::string& trace() const { return trace_; }

 private:
  struct Event {
    base::SteadyTime when;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const Event& other) const { return when != other.when ? when > other.when : order > other.order; }
  };

  std::uint64_t state_;
  base::FakeClock clock_;
  base::SteadyTime begin_ = clock_.now();
  std::priority_queue<Event> events_;
  std::uint64_t order_ = 0;
  std::string trace_;
};

// The clocks of one machine: its wall clock may be wrong, and its steady one stands while it sleeps. What comes
// meanwhile waits until it wakes.
class Machine {
 public:
  Machine(Timeline& timeline, base::Millis skew) : timeline_(timeline), skew_(skew) {}

  Instant now() const { return {timeline_.now() - slept_, timeline_.aws_now() + skew_}; }
  bool asleep() const { return asleep_; }
  void sleep(bool steady_clock_stands = true);
  void wake() {
    thaw();
    catch_up();
  }
  // The two halves of waking: it runs, and gets what came meanwhile.
  void thaw();
  void catch_up();
  // Now, or as soon as it wakes; never if it was restarted meanwhile.
  void deliver(std::function<void()> what);
  void after(base::Millis time, std::function<void()> what);
  // Calls `due` at the steady time of this machine that `next` says, or anew after the next call.
  void arm(std::optional<base::SteadyTime> next, std::function<void()> due);
  // The process ended: nothing that it began comes to it.
  void restart();

 private:
  Timeline& timeline_;
  base::Millis skew_;
  base::SteadyTime::duration slept_{};
  bool asleep_ = false;
  bool steady_stands_ = false;
  base::SteadyTime asleep_since_{};
  std::uint64_t process_ = 0;
  std::uint64_t armed_ = 0;
  std::optional<base::SteadyTime> armed_for_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace bridge::testing
