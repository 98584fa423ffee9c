#include "worker/log_lines.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace worker {

namespace {

constexpr char kEndOfRecord = '\x1e';  // ASCII's record separator

// Whether the line begins like "2026-01-02T03:04:05.678Z\t" (Node.js), or that after "[INFO]\t" (Python's logging), or
// is the error that Python's runtime tells of.
bool is_console_record(std::string_view line) {
  if (line.starts_with("[ERROR] ")) return true;
  if (line.starts_with('[')) line.remove_prefix(std::min(line.size(), line.find(']') + 2));
  constexpr std::string_view kPattern = "dddd-dd-ddTdd:dd:dd.dddZ\t";
  if (line.size() < kPattern.size()) return false;
  return std::equal(kPattern.begin(), kPattern.end(), line.begin(), [](char pattern, char c) {
    return pattern == 'd' ? std::isdigit(static_cast<unsigned char>(c)) != 0 : pattern == c;
  });
}

}  // namespace

std::vector<std::string> LineSplitter::feed(std::string_view bytes) {
  std::vector<std::string> records;
  for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    rest_ += bytes.substr(0, end);
    records.push_back(restore_line_breaks(std::exchange(rest_, {})));
    bytes.remove_prefix(end + 1);
  }
  rest_ += bytes;
  if (rest_.size() >= kMaxRecord) records.push_back(std::exchange(rest_, {}));
  return records;
}

std::optional<std::string> LineSplitter::flush() {
  if (rest_.empty()) return std::nullopt;
  return restore_line_breaks(std::exchange(rest_, {}));
}

std::string restore_line_breaks(std::string line) {
  const bool marked = line.ends_with(kEndOfRecord);
  if (marked) line.pop_back();
  if (marked || is_console_record(line)) std::replace(line.begin(), line.end(), '\r', '\n');
  return line;
}

}  // namespace worker
