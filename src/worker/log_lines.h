// A worker's output, cut into records. Pure.
//
// A record is a line; one longer than kMaxRecord goes on in further records, so that a worker that ends no line cannot
// fill the session. AWS's runtimes write a console message of several lines as one line with carriage
// returns in it ("time\trequest id\tlevel\tmessage"); in such a record they become line breaks again, and in one that
// ends with an ASCII record separator, as our Ruby loader writes them. Other lines pass as they are.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace worker {

inline constexpr std::size_t kMaxRecord = 16 * 1024 * 1024;  // bytes

class LineSplitter {
 public:
  // The records that are complete now.
  std::vector<std::string> feed(std::string_view bytes);
  // What was written since without a line's end, if anything.
  std::optional<std::string> flush();

 private:
  std::string rest_;
};

// The text of one line as it was given to console.log; see above.
std::string restore_line_breaks(std::string line);

}  // namespace worker
