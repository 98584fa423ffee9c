// What both machines share: the time they are given, how a request ended, and AWS's clock.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace bridge {

// Both clocks at one moment. Waiting goes by the first, what is told to others by the second.
struct Instant {
  base::SteadyTime steady;
  base::WallTime wall;
};

// How a request (a post, a read of the table, an upgrade) ended.
struct Outcome {
  enum class Reach {
    answered,    // `status` says how
    not_sent,    // no connection: certainly nothing arrived
    maybe_sent,  // broke or timed out: it may have arrived
  };
  Reach reach = Reach::answered;
  int status = 200;
  std::string detail = {};  // the answer's body or error code, for telling 403 from 403; never shown whole
};

// Of a request whose statuses of 400 and more are errors, as those of aws/ are.
inline Outcome to_outcome(const base::Error& error) {
  Outcome outcome{
      .reach = Outcome::Reach::answered, .status = error.status, .detail = error.code + " " + error.message};
  if (error.kind == base::ErrorKind::connect) outcome.reach = Outcome::Reach::not_sent;
  if (error.kind == base::ErrorKind::transport) outcome.reach = Outcome::Reach::maybe_sent;
  return outcome;
}

// AWS's clock as the last `hello` showed it; before that the machine's own.
class AwsClock {
 public:
  void set(std::int64_t aws_time_ms, base::WallTime now) {
    offset_ms_ = aws_time_ms - base::epoch_ms(now);
    known_ = true;
  }
  bool known() const { return known_; }
  std::int64_t now_ms(base::WallTime now) const { return base::epoch_ms(now) + offset_ms_; }

 private:
  std::int64_t offset_ms_ = 0;
  bool known_ = false;
};

}  // namespace bridge
