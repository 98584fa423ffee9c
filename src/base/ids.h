// Random bytes and the ids made of them. All come from getrandom(2); they abort if the kernel has none to give.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace base {

void fill_random(std::span<std::uint8_t> out);

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes() {
  std::array<std::uint8_t, N> bytes{};
  fill_random(bytes);
  return bytes;
}

// For generators of jitter.
std::uint64_t random_seed();

// Lower-case hexadecimal of the bytes.
std::string to_hex(std::span<const std::uint8_t> bytes);

// A random version 4 UUID, "f47ac10b-58cc-4372-a567-0e02b2c3d479".
std::string random_uuid();

}  // namespace base
