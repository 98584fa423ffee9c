// What one execution environment writes to its log stream, in the lines Lambda writes around each invocation, and the
// last 4 KiB of it for callers that ask for a tail.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "localcloud/cloud.h"

namespace localcloud {

struct InvocationReport {
  std::string request_id;
  double duration_ms = 0;
  std::optional<double> init_ms;  // of a cold start
  int memory_mb = 0;
  long max_memory_mb = 0;
  std::string status;      // "", "error", "timeout"
  std::string error_type;  // with "error"
};

// "REPORT RequestId: …\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\t…"
std::string report_line(const InvocationReport& report);

class FunctionLog {
 public:
  FunctionLog(Cloud& cloud, std::string group, std::string_view version);

  const std::string& group() const { return group_; }    // "/aws/lambda/NAME", or the one that the function asks for
  const std::string& stream() const { return stream_; }  // "2026/01/02/[$LATEST]" and 32 hexadecimal digits

  void line(std::string_view text);
  void begin_tail() { tail_.clear(); }
  const std::string& tail() const { return tail_; }

 private:
  Cloud& cloud_;
  std::string group_;
  std::string stream_;
  std::string tail_;
};

// Cuts what a process writes into lines; the rest of an unfinished line waits for more, up to 256 KiB.
class LineCutter {
 public:
  // Calls `sink(line)` for each line that is complete now, without its line end.
  template <typename Sink>
  void add(std::string_view bytes, Sink sink) {
    for (char c : bytes) {
      if (c != '\n') rest_ += c;
      if (c == '\n' || rest_.size() >= 256 * 1024) {
        sink(std::string_view(rest_));
        rest_.clear();
      }
    }
  }
  std::string take_rest() { return std::exchange(rest_, {}); }

 private:
  std::string rest_;
};

}  // namespace localcloud
