// The few texts of the bridge that are not sealed: `hello` and its answer, `displaced`, and API Gateway's own errors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace bridge {

inline constexpr std::string_view kHelloText = R"({"action":"hello"})";
inline constexpr std::string_view kDisplacedText = R"({"action":"displaced"})";

// The receiver's own connection id; by a `hello` route also AWS's clock (0 = unknown: the answer was an error of API
// Gateway).
struct HelloAnswer {
  std::string connection_id;
  std::int64_t aws_time_ms = 0;
};
struct DisplacedHint {};  // only a hint: read the table
struct SealedText {};     // hand it to the machine's frame()
struct OtherText {};      // pass it over

using ReceivedText = std::variant<HelloAnswer, DisplacedHint, SealedText, OtherText>;
ReceivedText classify_text(std::string_view text);

}  // namespace bridge
