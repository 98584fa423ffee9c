// One WebSocket connection of the session to the bridge's API: opened with a signature, named by the answer of its
// first `hello`, and then only listened to. It knows nothing of frames.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "aws/websocket_api.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/websocket.h"

namespace session {

using boost::asio::awaitable;

class BridgeLink {
 public:
  // Connects and says hello; both within 5 s each. Errors: connect; service with the status of a refusal; transport.
  static awaitable<base::Result<std::unique_ptr<BridgeLink>>> open(aws::ClientConfig config, std::string url,
                                                                   std::shared_ptr<net::TlsContext> tls);

  const std::string& connection_id() const { return connection_id_; }
  std::int64_t aws_time_ms() const { return aws_time_ms_; }  // as the first hello was answered

  awaitable<base::Result<std::string>> read();
  awaitable<base::Result<>> say_hello();
  // Whether an answer of `hello` was asked for; each is taken once. Anyone who may post can send what looks like one.
  bool takes_hello_answer();
  // Sends a ping; false if two pings before it were not answered: the connection is dead.
  awaitable<bool> ping();
  void abort() { socket_->abort(); }
  awaitable<void> close();

 private:
  explicit BridgeLink(std::unique_ptr<net::WebSocket> socket);

  std::unique_ptr<net::WebSocket> socket_;
  std::string connection_id_;
  std::int64_t aws_time_ms_ = 0;
  int unanswered_pings_ = 0;
  int unanswered_hellos_ = 0;
};

}  // namespace session
