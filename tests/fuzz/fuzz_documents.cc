// YAML and JSON: what is accepted is a tree that can be written and read again, and stays within the bounds that
// codec/yaml.h names.
#include <algorithm>
#include <cmath>

#include "codec/json.h"
#include "codec/yaml.h"
#include "fuzz.h"

namespace {

using boost::json::value;
using fuzz::require;

constexpr std::size_t kLargest = 64UL * 1024 * 1024;

// Boost.JSON 1.81 reads numbers of large exponents a little off.
bool alike(const value& a, const value& b) {
  if (a.is_object() && b.is_object()) {
    return std::ranges::equal(a.get_object(), b.get_object(), [](const auto& one, const auto& other) {
      return one.key() == other.key() && alike(one.value(), other.value());
    });
  }
  if (a.is_array() && b.is_array()) return std::ranges::equal(a.get_array(), b.get_array(), alike);
  if (!a.is_double() || !b.is_double()) return a == b;
  return std::abs(a.get_double() - b.get_double()) <= 1e-12 * std::abs(a.get_double()) + 1e-300;
}

void fuzz_json(std::string_view text) {
  auto read = codec::parse_json(text);
  if (!read) return;
  auto again = codec::parse_json(codec::to_text(*read));
  require(again && alike(*again, *read), "JSON is read as it was written");
  auto pretty = codec::parse_json(codec::to_pretty_text(*read));
  require(pretty && alike(*pretty, *read), "indented JSON is read as it was written");
}

void fuzz_yaml(std::string_view text) {
  auto read = codec::parse_yaml(text);
  if (!read) return require(read.error().line >= 0, "an error has a line or none");
  // YAML knows five characters that end a line.
  for (const auto& [pointer, line] : read->lines) {
    require(line >= 1 && static_cast<std::size_t>(line) <= text.size() + 1, "a line of the text");
  }
  const std::string written = codec::to_text(read->value);
  require(written.size() < kLargest, "aliases are bounded");
  auto as_json = codec::parse_json(written);
  // Short tags may nest what was nested to the limit.
  if (!as_json) return;
  require(alike(*as_json, read->value), "the tree is read as it was written");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  fuzz_json(input.rest());
  fuzz_yaml(input.rest());
  return 0;
}
