// One open WebSocket of an API: its identity, when it was last used, and what waits to be written to it.
//
// Writing never waits: what is sent is queued, in order, and one writer carries it out, so that a client that takes
// nothing holds nobody up. The queue is bounded; what does not fit is refused.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/notifier.h"
#include "localcloud/apigateway/apigateway.h"
#include "net/http.h"
#include "net/websocket.h"

namespace localcloud {

using boost::asio::awaitable;

inline constexpr std::size_t kMaxFrame = 32 * 1024;  // aws-facts §1
inline constexpr std::size_t kMaxMessage = 128 * 1024;
inline constexpr std::size_t kMaxPost = 131'072;
inline constexpr std::uint16_t kTooBig = 1009;  // RFC 6455 §7.4.1

class Connection {
 public:
  std::string id;
  std::string api_id;
  std::string stage;
  std::string source_ip;
  std::string user_agent;
  LargeMessages large_messages = LargeMessages::continued;
  boost::json::object authorizer;  // what the authorizer of $connect said; empty: there is none
  base::WallTime connected_at{};
  base::WallTime last_active{};            // a message in either direction
  std::unique_ptr<net::WebSocket> socket;  // null until $connect has completed

  bool open() const { return socket != nullptr && !ended_; }
  // False: its buffer is full. As one text message; one of more than 32 KB as `large_messages` says.
  bool send(std::string text);
  // Asks for the end: what waits is dropped, and the client gets a close frame with the code.
  void close(std::uint16_t code, std::string reason);
  // Drops the TCP connection.
  void cut();

  // Runs until close(), cut() or an error; carries out sends and the closing.
  awaitable<void> write();

 private:
  std::deque<std::string> waiting_;
  std::size_t waiting_bytes_ = 0;
  base::Notifier changed_;
  std::uint16_t close_code_ = 0;
  std::string close_reason_;
  bool ended_ = false;
};

class Connections {
 public:
  void add(std::shared_ptr<Connection> connection);
  void remove(std::string_view id);
  // Null if there is none in this API and stage.
  std::shared_ptr<Connection> find(std::string_view api_id, std::string_view stage, std::string_view id) const;
  std::size_t cut_all();
  void close_all(std::string_view api_id);

  static bool well_formed(std::string_view id);

 private:
  std::map<std::string, std::shared_ptr<Connection>, std::less<>> open_;
};

}  // namespace localcloud
