// What the shaper itself adds to a packet's way: a byte in a datagram, to and fro between two network namespaces over a
// link without any shaping, and over a link with a delay, as often as asked for.
#pragma once

#include "base/result.h"

namespace link_shaper {

// Prints medians and 99th percentiles, in microseconds one way.
base::Result<> measure(int round_trips);

}  // namespace link_shaper
