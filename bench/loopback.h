// Blocking HTTP/1.1 over loopback TCP with nothing in the way: what the benchmark's own programs speak, so that what
// they measure is not theirs. No TLS, IPv4 alone; whatever goes wrong with a socket ends the message with an empty one.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace loopback {

inline void send_at_once(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

inline sockaddr_in to_address(std::string_view text) {  // "127.0.0.1:80"
  auto colon = text.find(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(std::string(text.substr(colon + 1)).c_str())));
  inet_pton(AF_INET, std::string(text.substr(0, colon)).c_str(), &address.sin_addr);
  return address;
}

// The descriptor, or -1.
inline int connect_to(std::string_view text) {
  auto address = to_address(text);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  send_at_once(fd);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

// A listening descriptor and its address; port 0 takes any that is free.
inline std::pair<int, std::string> listen_at(std::string_view text) {
  auto address = to_address(text);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd, 512) != 0) std::exit(1);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return {fd, std::string(text.substr(0, text.find(':') + 1)) + std::to_string(ntohs(address.sin_port))};
}

inline bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    auto sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// The value of a header; `name` with its colon.
inline std::optional<std::string_view> header(std::string_view head, std::string_view name) {
  for (auto at = head.find('\n'); at != head.npos && at + name.size() < head.size(); at = head.find('\n', at + 1)) {
    if (strncasecmp(head.data() + at + 1, name.data(), name.size()) != 0) continue;
    auto value = head.substr(at + 1 + name.size(), head.find('\r', at + 1) - at - 1 - name.size());
    return value.substr(std::min(value.find_first_not_of(' '), value.size()));
  }
  return std::nullopt;
}

// Takes messages off a stream of bytes. A body has a Content-Length or is chunked.
class Reader {
 public:
  // Reads once; false at the end of the stream.
  bool fill(int fd) {
    if (buffer_.size() - size_ < kPiece) buffer_.resize(std::max(buffer_.size() * 2, size_ + kPiece));
    auto got = recv(fd, buffer_.data() + size_, buffer_.size() - size_, 0);
    if (got > 0) size_ += static_cast<std::size_t>(got);
    return got > 0;
  }

  // The whole of a message is there; head() and body() are good until next().
  bool complete() {
    if (head_ == 0) {
      auto end = view().find("\r\n\r\n");
      if (end == std::string_view::npos) return false;
      head_ = end + 4;
      chunked_ = header(head(), "transfer-encoding:").value_or("") == "chunked";
      end_ = head_ + (chunked_ ? 0 : std::strtoul(header(head(), "content-length:").value_or("0").data(), nullptr, 10));
    }
    return chunked_ ? chunks_complete() : size_ >= end_;
  }
  // A first byte of the body is there.
  bool begun() { return complete() || (head_ != 0 && size_ > head_ + (chunked_ ? 8 : 0)); }

  void next() {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin() + static_cast<std::ptrdiff_t>(size_),
              buffer_.begin());
    size_ -= end_;
    head_ = end_ = 0;
  }

  std::string_view head() const { return view().substr(0, head_); }
  std::string_view body() const { return view().substr(head_, end_ - head_); }  // with the chunks' sizes, if there are

 private:
  static constexpr std::size_t kPiece = 262'144;

  std::string_view view() const { return {buffer_.data(), size_}; }

  bool chunks_complete() {
    if (end_ == 0) end_ = head_;
    for (;;) {
      auto line = view().find("\r\n", end_);
      if (line == std::string_view::npos) return false;
      auto length = std::strtoul(buffer_.data() + end_, nullptr, 16);
      if (size_ < line + 4 + length) return false;
      end_ = line + 4 + length;
      if (length == 0) return true;
    }
  }

  std::string buffer_;
  std::size_t size_ = 0;
  std::size_t head_ = 0;
  std::size_t end_ = 0;
  bool chunked_ = false;
};

inline bool read_message(int fd, Reader& reader) {
  while (!reader.complete()) {
    if (!reader.fill(fd)) return false;
  }
  return true;
}

}  // namespace loopback
