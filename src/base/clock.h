// The two clocks, behind an interface so that protocol cores and tests never ask the machine for the time.
#pragma once

#include <chrono>

namespace base {

using namespace std::chrono_literals;
using Millis = std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;  // for waiting; never goes back, has no meaning elsewhere
using WallTime = std::chrono::system_clock::time_point;    // for dates and deadlines that others gave; may jump

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime now() const = 0;
  virtual WallTime wall_now() const = 0;
};

// The machine's clocks.
class SystemClock final : public Clock {
 public:
  SteadyTime now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall_now() const override { return std::chrono::system_clock::now(); }
};

// A clock that stands still until it is advanced; both of its faces move together.
class FakeClock final : public Clock {
 public:
  SteadyTime now() const override { return now_; }
  WallTime wall_now() const override { return wall_; }
  void advance(std::chrono::nanoseconds by) {
    now_ += std::chrono::duration_cast<SteadyTime::duration>(by);
    wall_ += std::chrono::duration_cast<WallTime::duration>(by);
  }
  void set_wall(WallTime to) { wall_ = to; }

 private:
  SteadyTime now_{std::chrono::hours(1000)};
  WallTime wall_{std::chrono::seconds(1'767'323'045)};  // 2026-01-02T03:04:05Z
};

// Milliseconds since the epoch, the unit of Lambda's deadlines and API Gateway's requestTimeEpoch.
inline std::int64_t epoch_ms(WallTime time) {
  return std::chrono::duration_cast<Millis>(time.time_since_epoch()).count();
}
inline WallTime from_epoch_ms(std::int64_t ms) {
  return WallTime{} + Millis(ms);
}

}  // namespace base
