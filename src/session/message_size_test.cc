#include "session/message_size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include "bridge/frame.h"
#include "net/http_client.h"
#include "session/testing/eventually.h"
#include "session/testing/fake_bridge.h"

namespace session {
namespace {

namespace asio = boost::asio;
using testing::FakeBridge;

asio::awaitable<void> find(FakeBridge::ToSessions to_sessions, int refuse_upgrades, std::size_t& found) {
  auto executor = co_await asio::this_coro::executor;
  FakeBridge bridge(executor);
  bridge.to_sessions = to_sessions;
  bridge.refuse_upgrades = refuse_upgrades;
  auto http = net::make_http_client(executor, nullptr);
  base::SystemClock clock;
  aws::ClientConfig aws{.http = http.get(),
                        .clock = &clock,
                        .credentials = aws::fixed_credentials({"AKIDEXAMPLE", "secret"}),
                        .region = "us-east-1"};
  found = co_await find_max_message(aws, bridge.url(), nullptr);
  EXPECT_TRUE(co_await testing::eventually([&] {
    return bridge.connections.empty() || !bridge.is_open(bridge.connections[0]);
  })) << "the spare connection is closed";
  co_await bridge.close();
}

std::size_t found_where(FakeBridge::ToSessions to_sessions, int refuse_upgrades = 0) {
  asio::io_context loop;
  std::size_t found = 0;
  base::run_until_done(loop, find(to_sessions, refuse_upgrades, found));
  return found;
}

TEST(MaxMessage, IsLargeWhereALargeMessageArrivesWhole) {
  EXPECT_EQ(found_where(FakeBridge::ToSessions::deliver), bridge::kLargeMaxMessage);
}

TEST(MaxMessage, IsSmallWhereALargeMessageClosesTheConnection) {
  EXPECT_EQ(found_where(FakeBridge::ToSessions::refuse_large), bridge::kDefaultMaxMessage);
}

TEST(MaxMessage, IsSmallWhereALargeMessageNeverArrives) {
  EXPECT_EQ(found_where(FakeBridge::ToSessions::swallow), bridge::kDefaultMaxMessage);
}

TEST(MaxMessage, IsSmallWhereThereIsNoSpareConnection) {
  EXPECT_EQ(found_where(FakeBridge::ToSessions::deliver, 429), bridge::kDefaultMaxMessage);
}

}  // namespace
}  // namespace session
