#include "localcloud/lambda/answer_stream.h"

#include <algorithm>

namespace localcloud {

namespace {
constexpr std::size_t kMostWaiting = 1024 * 1024;
constexpr double kBytesASecond = 2 * 1024 * 1024;
constexpr std::chrono::seconds kMadeUpFor{1};
}  // namespace

base::WallTime StreamPace::next(std::size_t bytes, base::WallTime now) {
  if (free_ > 0) due_ = now;  // there is nothing to make up for
  std::size_t at_once = std::min(free_, bytes);
  free_ -= at_once;
  if (at_once == bytes) return now;
  std::chrono::duration<double> takes(static_cast<double>(bytes - at_once) / kBytesASecond);
  due_ = std::max(due_, now - kMadeUpFor) + std::chrono::duration_cast<base::WallTime::duration>(takes);
  return due_;
}

void AnswerStream::begin(std::string content_type) {
  begun_ = true;
  content_type_ = std::move(content_type);
  changed_.notify_all();
}

awaitable<void> AnswerStream::write(std::string piece) {
  while (waiting_ >= kMostWaiting && !abandoned_ && !closed_) co_await changed_.wait();
  if (abandoned_ || closed_ || piece.empty()) co_return;
  waiting_ += piece.size();
  pieces_.push_back(std::move(piece));
  changed_.notify_all();
}

void AnswerStream::close(std::string error_code, std::string error) {
  if (closed_) return;
  closed_ = true;
  error_code_ = std::move(error_code);
  error_ = std::move(error);
  changed_.notify_all();
}

awaitable<std::optional<std::string>> AnswerStream::read() {
  while (pieces_.empty() && !closed_) co_await changed_.wait();
  if (pieces_.empty()) co_return std::nullopt;
  std::string piece = std::move(pieces_.front());
  pieces_.pop_front();
  waiting_ -= piece.size();
  changed_.notify_all();
  co_return piece;
}

awaitable<void> AnswerStream::until_begun() {
  while (!begun_ && !closed_) co_await changed_.wait();
}

void AnswerStream::abandon() {
  abandoned_ = true;
  pieces_.clear();
  waiting_ = 0;
  changed_.notify_all();
}

}  // namespace localcloud
