// A function's answer on its way to a caller that reads it as it comes. The environment writes, one reader reads; both
// on the one loop. A slow reader holds the function back; one that went away does not.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <deque>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/notifier.h"

namespace localcloud {

using boost::asio::awaitable;

// How fast a function may stream (Lambda developer guide, "Bandwidth limits for response streaming"): the first 6 MB at
// once, then 2 MB a second; of what it did not use it may make up for one second. Pure.
class StreamPace {
 public:
  // When so much more may be written.
  base::WallTime next(std::size_t bytes, base::WallTime now);

 private:
  std::size_t free_ = 6 * 1024 * 1024;
  base::WallTime due_{};
};

class AnswerStream {
 public:
  // The runtime has begun to stream its answer.
  void begin(std::string content_type);
  // Waits while the reader is more than a few pieces behind.
  awaitable<void> write(std::string piece);
  // Nothing follows: the invocation is over. `error_code`: why, if it failed; `error`: the error object.
  void close(std::string error_code, std::string error);

  // The next piece; nullopt at the end.
  awaitable<std::optional<std::string>> read();
  // Until it was begun or closed.
  awaitable<void> until_begun();
  // Whoever read it is gone.
  void abandon();

  bool begun() const { return begun_; }
  bool closed() const { return closed_; }
  bool abandoned() const { return abandoned_; }
  const std::string& content_type() const { return content_type_; }
  const std::string& error_code() const { return error_code_; }
  const std::string& error() const { return error_; }

 private:
  std::deque<std::string> pieces_;
  std::size_t waiting_ = 0;  // bytes in pieces_
  std::string content_type_;
  std::string error_code_;
  std::string error_;
  bool begun_ = false;
  bool closed_ = false;
  bool abandoned_ = false;
  base::Notifier changed_;
};

}  // namespace localcloud
