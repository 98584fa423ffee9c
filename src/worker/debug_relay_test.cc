#include "worker/debug_relay.h"

#include <gmock/gmock.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "worker/testing/fake_spawner.h"

namespace worker {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

tcp::endpoint at(std::uint16_t port) {
  return {asio::ip::address_v4::loopback(), port};
}

// A worker's debugger: accepts connections on its port.
struct Listener {
  explicit Listener(const asio::any_io_executor& executor) : acceptor(executor, at(0)) {}
  DebugTargetPtr target() const {
    auto target = std::make_shared<DebugTarget>();
    target->function = "Api";
    target->port = acceptor.local_endpoint().port();
    return target;
  }
  tcp::acceptor acceptor;
};

awaitable<tcp::socket> client_of(const DebugRelay& relay, std::string words) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(at(relay.port()), asio::use_awaitable);
  co_await asio::async_write(socket, asio::buffer(words), asio::use_awaitable);
  co_return socket;
}

// What comes next; "" at the end.
awaitable<std::string> read(tcp::socket& socket) {
  std::array<char, 256> buffer{};
  auto [error, size] = co_await socket.async_read_some(asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
  co_return error ? std::string() : std::string(buffer.data(), size);
}

struct World {
  asio::io_context loop;
  testing::FakeSpawner spawner;

  std::unique_ptr<DebugRelay> relay() {
    auto fails = [](const std::string& why) { ADD_FAILURE() << why; };
    return std::move(
        DebugRelay::listen(loop.get_executor(), spawner, 0, {.environment = {}, .on_trouble = fails}).value());
  }
  void run(awaitable<void> (*test)(World&)) { base::run_until_done(loop, test(*this)); }
};

awaitable<void> wait_for_a_worker(World& world) {
  auto relay = world.relay();
  auto client = co_await client_of(*relay, "hello");
  Listener worker(world.loop.get_executor());
  auto target = worker.target();
  relay->add(target);
  auto server = co_await worker.acceptor.async_accept(asio::use_awaitable);
  EXPECT_EQ(co_await read(server), "hello");
  co_await asio::async_write(server, asio::buffer("you", 3), asio::use_awaitable);
  EXPECT_EQ(co_await read(client), "you");
  EXPECT_EQ(target->clients, 1);
  client.close();
  EXPECT_EQ(co_await read(server), "");
  co_await relay->close();
  EXPECT_EQ(target->clients, 0);
  EXPECT_FALSE(relay->expects_client());  // it left of its own accord
}
TEST(DebugRelay, AClientMayComeBeforeThereIsAWorker) {
  World().run(wait_for_a_worker);
}

awaitable<void> polls_are_no_clients(World& world) {
  auto relay = world.relay();
  auto early = co_await client_of(*relay, "GET /json/list HTTP/1.1\r\n");
  EXPECT_EQ(co_await read(early), "");  // nothing is there, and it will ask again
  Listener worker(world.loop.get_executor());
  auto target = worker.target();
  relay->add(target);
  auto client = co_await client_of(*relay, "GET /json/list HTTP/1.1\r\n");
  auto server = co_await worker.acceptor.async_accept(asio::use_awaitable);
  EXPECT_EQ(target->clients, 0);
  relay->remove(target, true);
  EXPECT_FALSE(relay->expects_client());
  co_await relay->close();
}
TEST(DebugRelay, WhoeverAsksWhatThereIsIsNoClient) {
  World().run(polls_are_no_clients);
}

awaitable<void> pages_are_dropped(World& world) {
  auto relay = world.relay();
  Listener worker(world.loop.get_executor());
  auto target = worker.target();
  relay->add(target);
  for (std::string words :
       {"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", "GET /json HTTP/1.1\r\nSec-Fetch-Site: cross-site\r\n\r\n",
        "GET /id HTTP/1.1\r\nUpgrade: websocket\r\nOrigin: https://evil.example\r\n\r\n"}) {
    auto page = co_await client_of(*relay, words);
    EXPECT_EQ(co_await read(page), "");
  }
  auto long_head = co_await client_of(*relay, "GET /" + std::string(8'000, 'a'));
  EXPECT_EQ(co_await read(long_head), "");
  EXPECT_FALSE(target->had_client);
  auto typed = co_await client_of(*relay, "GET /json HTTP/1.1\r\nSec-Fetch-Site: none\r\nX: y\r\n\r\n");
  auto served = co_await worker.acceptor.async_accept(asio::use_awaitable);
  EXPECT_NE(co_await read(served), "");
  co_await relay->close();
}
TEST(DebugRelay, AWebPageIsNoClient) {
  World().run(pages_are_dropped);
}

awaitable<void> second_worker(World& world) {
  auto relay = world.relay();
  Listener first(world.loop.get_executor());
  Listener second(world.loop.get_executor());
  auto one = first.target();
  relay->add(one);
  auto client = co_await client_of(*relay, "a");
  auto served = co_await first.acceptor.async_accept(asio::use_awaitable);
  auto two = second.target();
  relay->add(two);
  EXPECT_EQ(one->extra_port, 0);
  EXPECT_NE(two->extra_port, 0);
  auto other = co_await client_of(*relay, "b");  // the first one has its client
  auto served_too = co_await second.acceptor.async_accept(asio::use_awaitable);
  EXPECT_EQ(co_await read(served_too), "b");
  tcp::socket direct(world.loop.get_executor());
  co_await direct.async_connect(at(two->extra_port), asio::use_awaitable);
  co_await asio::async_write(direct, asio::buffer("c", 1), asio::use_awaitable);
  auto served_directly = co_await second.acceptor.async_accept(asio::use_awaitable);
  EXPECT_EQ(co_await read(served_directly), "c");
  co_await relay->close();
}
TEST(DebugRelay, AWorkerBesideAnotherHasAnAddressOfItsOwn) {
  World().run(second_worker);
}

awaitable<void> comes_back(World& world) {
  auto relay = world.relay();
  Listener old(world.loop.get_executor());
  auto target = old.target();
  relay->add(target);
  auto client = co_await client_of(*relay, "a");
  auto server = co_await old.acceptor.async_accept(asio::use_awaitable);
  EXPECT_EQ(co_await read(server), "a");
  relay->remove(target, true);
  EXPECT_TRUE(relay->expects_client());
  server.close();
  EXPECT_EQ(co_await read(client), "");
  Listener fresh(world.loop.get_executor());
  relay->add(fresh.target());
  auto again = co_await client_of(*relay, "b");
  auto next = co_await fresh.acceptor.async_accept(asio::use_awaitable);
  EXPECT_EQ(co_await read(next), "b");
  EXPECT_FALSE(relay->expects_client());
  co_await relay->close();
}
TEST(DebugRelay, AClientWhoseWorkerWasTakenIsExpectedAgain) {
  World().run(comes_back);
}

TEST(DebugRelay, APortThatIsTakenIsAnError) {
  asio::io_context loop;
  testing::FakeSpawner spawner;
  Listener taken(loop.get_executor());
  EXPECT_FALSE(DebugRelay::listen(loop.get_executor(), spawner, taken.acceptor.local_endpoint().port(), {}));
  EXPECT_NE(find_free_port(loop.get_executor()).value(), 0);
}

}  // namespace
}  // namespace worker
