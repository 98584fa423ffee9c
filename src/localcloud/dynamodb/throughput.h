// What a table or an index with provisioned throughput has left to give (developer guide, "DynamoDB provisioned
// capacity mode" and "DynamoDB burst and adaptive capacity"): units come every second, and what is not used is kept for
// 300 seconds. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace localcloud {

// Begins full, so that a new table can be filled. An operation may take more than there is, as its cost is known only
// when it is done; what it owes then has to come back before the next.
class UnitBucket {
 public:
  // `units`: a second, as they are provisioned now.
  bool empty(std::int64_t units, base::WallTime now);
  void take(double cost) { left_ = left_.value_or(0) - cost; }  // after empty() was asked

 private:
  std::optional<double> left_;
  base::WallTime filled_{};
};

struct ThroughputBuckets {
  UnitBucket read = {};
  UnitBucket write = {};
};

// What has nothing left of what an operation needs.
struct Shortage {
  std::string arn;  // of the table or the global index
  bool index = false;
  bool write = false;
};

}  // namespace localcloud
