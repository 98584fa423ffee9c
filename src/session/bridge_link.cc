#include "session/bridge_link.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "bridge/plain_text.h"

namespace session {
namespace {

using namespace std::chrono_literals;

constexpr auto kConnectTime = 5s;
constexpr auto kHelloTime = 5s;

}  // namespace

BridgeLink::BridgeLink(std::unique_ptr<net::WebSocket> socket) : socket_(std::move(socket)) {
  socket_->on_pong([this] { unanswered_pings_ = 0; });
}

awaitable<base::Result<std::unique_ptr<BridgeLink>>> BridgeLink::open(aws::ClientConfig config, std::string url,
                                                                      std::shared_ptr<net::TlsContext> tls) {
  CO_TRY(auto socket, co_await aws::connect_signed(std::move(config), std::move(url), std::move(tls), kConnectTime));
  std::unique_ptr<BridgeLink> link(new BridgeLink(std::move(socket)));
  boost::asio::steady_timer deadline(co_await boost::asio::this_coro::executor, kHelloTime);
  // The timer's handler may be queued already when this coroutine ends, however it does.
  struct Ended {
    std::shared_ptr<bool> flag = std::make_shared<bool>(false);
    Ended() = default;
    Ended(const Ended&) = delete;
    Ended& operator=(const Ended&) = delete;
    ~Ended() { *flag = true; }
  } ended;
  deadline.async_wait([watched = link.get(), ended = ended.flag](const boost::system::error_code& error) {
    if (!error && !*ended) watched->abort();
  });
  CO_TRY(co_await link->say_hello());
  while (link->connection_id_.empty()) {
    CO_TRY(auto message, co_await link->read());
    bridge::ReceivedText received = bridge::classify_text(message);
    if (const auto* hello = std::get_if<bridge::HelloAnswer>(&received)) {
      link->connection_id_ = hello->connection_id;
      link->aws_time_ms_ = hello->aws_time_ms;
      link->takes_hello_answer();
    }
  }
  co_return link;
}

awaitable<base::Result<std::string>> BridgeLink::read() {
  CO_TRY(auto message, co_await socket_->read());
  co_return std::move(message.data);
}

awaitable<base::Result<>> BridgeLink::say_hello() {
  ++unanswered_hellos_;
  co_return co_await socket_->send_text(std::string(bridge::kHelloText));
}

bool BridgeLink::takes_hello_answer() {
  if (unanswered_hellos_ == 0) return false;
  --unanswered_hellos_;
  return true;
}

awaitable<bool> BridgeLink::ping() {
  if (unanswered_pings_ >= 2) co_return false;
  ++unanswered_pings_;
  auto sent = co_await socket_->ping();
  co_return sent.has_value();
}

awaitable<void> BridgeLink::close() {
  co_await socket_->close(1000, "");
}

}  // namespace session
