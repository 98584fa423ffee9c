// When a request is sent again and after what pause: the standard retry mode of AWS's SDKs, as botocore has it
// (botocore/retries/standard.py); and by how much this machine's clock is wrong. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "net/http.h"

namespace aws {

// What the calls of one account learn from each other.
struct CallMemory {
  int retry_tokens = 500;                // the quota; a service that is down is not hammered
  std::chrono::seconds clock_offset{0};  // what the services' clock is ahead of ours
};

enum class FailureKind { final, transient, throttled };
// Of an answer, or of a connection that broke.
FailureKind failure_kind(const base::Error& error);

// Takes the tokens of one more try. False: there are not enough.
bool take_tokens(CallMemory& memory, FailureKind kind);
// After a success: what the last try took comes back; +1 if there was only one.
void give_tokens(CallMemory& memory, std::optional<FailureKind> last_retry);

// The pause before the retry-th retry (from 1); `random` is in [0, 1). The answer may ask for more.
base::Millis retry_pause(FailureKind kind, int retry, double random, const net::Headers* answer);

// Reads the clock of a service that refused a signature for its time, or may have. True: it was wrong, and the next
// signature is dated by the service's clock.
bool correct_clock(CallMemory& memory, const base::Error& error, const net::Headers& answer, base::WallTime now);

}  // namespace aws
