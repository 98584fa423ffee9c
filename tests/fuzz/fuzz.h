// What the fuzzers share. A fuzzer is libFuzzer's function of bytes (docs/testing.md, "Fuzzers"): it gives them to the
// product as a hostile peer would, and requires what must hold whatever they are. The inputs that are kept are text
// where they can be, so that a finding can be read.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fuzz {

// A finding, unless it holds: ends the process.
void require(bool holds, std::string_view what);

// An input, taken from its beginning.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  std::string_view take(std::size_t size);
  // Up to the next line feed, which is passed over.
  std::string_view line();
  std::uint8_t byte();  // 0 at the end
  // A text with its length before it: one byte.
  std::string_view text() { return take(byte()); }

 private:
  std::string_view rest_;
};

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
