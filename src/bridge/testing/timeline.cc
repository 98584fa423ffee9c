#include "bridge/testing/timeline.h"

#include <fmt/format.h>

#include <algorithm>

namespace bridge::testing {

using base::Millis;

Millis Timeline::since_begin() const {
  return std::chrono::duration_cast<Millis>(now() - begin_);
}

// SplitMix64: cheap, and good for any seed.
std::uint64_t Timeline::random() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

void Timeline::at(base::SteadyTime when, std::function<void()> what) {
  events_.push({std::max(when, now()), ++order_, std::move(what)});
}

bool Timeline::step(base::SteadyTime until) {
  if (events_.empty() || events_.top().when > until) return false;
  if (events_.top().when > now()) clock_.advance(events_.top().when - now());
  auto what = std::move(const_cast<Event&>(events_.top()).what);
  events_.pop();
  what();
  return true;
}

void Timeline::run_for(Millis time) {
  const base::SteadyTime until = now() + time;
  while (step(until)) {
  }
  if (until > now()) clock_.advance(until - now());
}

void Timeline::note(std::string_view who, std::string_view what) {
  if (tracing) trace_ += fmt::format("{:>10} ms  {:<10} {}\n", since_begin().count(), who, what);
}

void Machine::sleep(bool steady_clock_stands) {
  if (asleep_) return;
  asleep_ = true;
  steady_stands_ = steady_clock_stands;
  asleep_since_ = timeline_.now();
}

void Machine::thaw() {
  if (!asleep_) return;
  asleep_ = false;
  if (steady_stands_) slept_ += timeline_.now() - asleep_since_;
}

void Machine::catch_up() {
  for (auto& what : std::exchange(waiting_, {})) deliver(std::move(what));
}

void Machine::deliver(std::function<void()> what) {
  if (asleep_) {
    waiting_.push_back(std::move(what));
  } else {
    what();
  }
}

void Machine::after(Millis time, std::function<void()> what) {
  timeline_.after(time, [this, process = process_, what = std::move(what)] {
    if (process != process_) return;
    deliver([this, process, what] {
      if (process == process_) what();
    });
  });
}

void Machine::arm(std::optional<base::SteadyTime> next, std::function<void()> due) {
  if (next == armed_for_) return;
  armed_for_ = next;
  const std::uint64_t armed = ++armed_;
  if (!next) return;
  timeline_.at(*next + slept_, [this, armed, process = process_, due = std::move(due)] {
    deliver([this, armed, process, due] {
      if (process != process_ || armed != armed_) return;
      armed_for_.reset();
      due();
    });
  });
}

void Machine::restart() {
  process_ += 1;
  armed_ += 1;
  armed_for_.reset();
  waiting_.clear();
}

}  // namespace bridge::testing
