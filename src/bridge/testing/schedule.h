// A random life of a bridge, by its seed: several execution environments, sessions that come, go, sleep and displace
// each other, and a gateway and a table in any weather. Every attempt is put to account.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridge/testing/world.h"

namespace bridge::testing {

struct Life {
  Tally tally;
  std::vector<std::string> faults;  // what broke the promise
  std::string trace;
};
Life live(std::uint64_t seed, bool tracing);

}  // namespace bridge::testing
