#include "localcloud/dynamodb/throughput.h"

#include <algorithm>

namespace localcloud {

namespace {
constexpr double kKeptSeconds = 300;
}

bool UnitBucket::empty(std::int64_t units, base::WallTime now) {
  auto rate = static_cast<double>(units);
  double most = rate * kKeptSeconds;
  double passed = left_ ? std::chrono::duration<double>(now - filled_).count() : 0;
  left_ = std::min(left_.value_or(most) + std::max(passed, 0.0) * rate, most);
  filled_ = now;
  return *left_ <= 0;
}

}  // namespace localcloud
