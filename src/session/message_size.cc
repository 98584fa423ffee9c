#include "session/message_size.h"

#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "base/task_group.h"
#include "bridge/frame.h"
#include "session/bridge_link.h"

namespace session {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kTime = 1s;
constexpr aws::CallOptions kPost{.attempts = 1, .timeout = kTime, .connect_timeout = kTime};

// A plain text, which begins with a brace (bridge/plain_text.h), since it is no frame.
std::string make_sample() {
  std::string sample = R"({"action":"sample","filling":")";
  sample.resize(bridge::kLargeMaxMessage - 2, '.');
  return sample + "\"}";
}

awaitable<void> post_sample(aws::ClientConfig config, std::string url, BridgeLink& link, std::string sample) {
  auto posted = co_await aws::post_to_connection(std::move(config), std::move(url), link.connection_id(),
                                                 std::move(sample), kPost);
  if (posted) co_return;
  base::log_debug("a large message was refused: {}", posted.error().message);
  link.abort();
}

awaitable<void> give_up(BridgeLink& link) {
  co_await base::sleep_for(kTime);
  link.abort();
}

}  // namespace

awaitable<std::size_t> find_max_message(aws::ClientConfig config, std::string url,
                                        std::shared_ptr<net::TlsContext> tls) {
  auto link = co_await BridgeLink::open(config, url, std::move(tls));
  if (!link) co_return bridge::kDefaultMaxMessage;
  const std::string sample = make_sample();
  base::TaskGroup beside(co_await asio::this_coro::executor);
  beside.spawn(give_up(**link));
  beside.spawn(post_sample(std::move(config), std::move(url), **link, sample));
  auto received = co_await (*link)->read();
  if (!received) base::log_debug("a large message did not arrive: {}", received.error().message);
  co_await beside.close();
  co_await (*link)->close();
  co_return received && *received == sample ? bridge::kLargeMaxMessage : bridge::kDefaultMaxMessage;
}

}  // namespace session
