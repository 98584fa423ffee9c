#include "fuzz.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace fuzz {

void require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

std::string_view Input::take(std::size_t size) {
  auto taken = rest_.substr(0, size);
  rest_.remove_prefix(taken.size());
  return taken;
}

std::string_view Input::line() {
  auto taken = take(std::min(rest_.find('\n'), rest_.size()));
  take(1);
  return taken;
}

std::uint8_t Input::byte() {
  auto taken = take(1);
  return taken.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(taken[0]);
}

}  // namespace fuzz
