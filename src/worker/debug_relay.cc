#include "worker/debug_relay.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cctype>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "worker/dap_restart.h"

namespace worker {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

constexpr auto kBetweenTries = 20ms;
constexpr auto kMostPatience = 30s;  // until a debugger listens
constexpr auto kLetGo = 5s;          // for a debugger to leave its process after its client

constexpr std::size_t kFirstWords = 4096;

// Whether a web page sent it (net/web_page.h): it wants no answer to do harm, since debuggers of other protocols read
// its Content-Length as their own. Inspectors are asked by GET alone, with a short head.
bool comes_from_web_page(std::string words) {
  std::ranges::transform(words, words.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  static constexpr std::string_view kMethods[] = {"post /", "put /", "options /", "head /", "delete /", "patch /"};
  for (std::string_view method : kMethods) {
    if (words.starts_with(method)) return true;
  }
  if (!words.starts_with("get /")) return false;
  const bool cut_off = words.size() == kFirstWords && words.find("\r\n\r\n") == std::string::npos;
  const auto site = words.find("\nsec-fetch-site:");
  const bool for_page =
      site != std::string::npos && words.find("none", site) != words.find_first_not_of(' ', site + 16);
  return cut_off || for_page || words.find("\norigin: http") != std::string::npos;
}

tcp::endpoint loopback(std::uint16_t port) {
  return {asio::ip::address_v4::loopback(), port};
}

error_code open_acceptor(tcp::acceptor& acceptor, std::uint16_t port) {
  error_code error;
  error_code ignored;
  acceptor.close(ignored);
  acceptor.open(tcp::v4(), error);
  if (error) return error;
  ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(loopback(port), error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

void shut(tcp::socket& socket) {
  error_code ignored;
  socket.shutdown(tcp::socket::shutdown_both, ignored);
  socket.close(ignored);
}

// A client and the debugger that it talks to, as long as either way is open: a way may end after whoever opened it.
struct Talk {
  Talk(tcp::socket from, const asio::any_io_executor& executor, DebugTargetPtr to)
      : client(std::move(from)), server(executor), target(std::move(to)) {}

  tcp::socket client;
  tcp::socket server;
  DebugTargetPtr target;
  std::optional<DapRestart> restart;  // looks at what the debugger says
};

// One way, until either side ends; then both do.
awaitable<void> copy(std::shared_ptr<Talk> talk, bool from_client) {
  tcp::socket& from = from_client ? talk->client : talk->server;
  tcp::socket& to = from_client ? talk->server : talk->client;
  std::array<char, std::size_t{16} << 10> buffer{};
  for (;;) {
    auto [error, size] = co_await from.async_read_some(asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
    if (error) break;
    std::string passed(buffer.data(), size);
    if (!from_client && talk->restart) passed = talk->restart->pass(passed, talk->target->ends);
    auto [broken, written] = co_await asio::async_write(to, asio::buffer(passed), asio::as_tuple(asio::use_awaitable));
    if (broken) break;
  }
  shut(from);
  shut(to);
}

constexpr std::size_t kMostWords = 4096;

awaitable<void> keep_words(std::shared_ptr<os::Process> process, bool from_stderr, std::shared_ptr<std::string> words) {
  for (;;) {
    const auto piece = co_await (from_stderr ? process->read_stderr() : process->read_stdout());
    if (piece.empty()) break;
    if (words->size() < kMostWords) *words += piece;
  }
}

awaitable<void> await_end(std::shared_ptr<os::Process> process, std::shared_ptr<base::Notifier> ended) {
  co_await process->wait();
  ended->notify_all();
}

// A debugger that is killed leaves its breakpoints behind in the process, so it is asked first.
awaitable<void> let_go(std::shared_ptr<os::Process> process) {
  auto ended = std::make_shared<base::Notifier>();
  base::TaskGroup waiting(co_await asio::this_coro::executor);
  waiting.spawn(await_end(process, ended));
  for (const int signal : {0, SIGTERM, SIGKILL}) {
    if (signal != 0) process->signal_group(signal);
    const auto until = std::chrono::steady_clock::now() + kLetGo;
    while (!process->ended() && std::chrono::steady_clock::now() < until) co_await ended->wait(until);
    if (process->ended()) break;
  }
  co_await waiting.close();
}

}  // namespace

base::Result<std::uint16_t> find_free_port(const asio::any_io_executor& executor) {
  tcp::acceptor acceptor(executor);
  if (auto error = open_acceptor(acceptor, 0)) {
    return base::fail(base::ErrorKind::local_resource, "there is no free port: " + error.message());
  }
  return acceptor.local_endpoint().port();
}

DebugRelay::DebugRelay(asio::any_io_executor executor, os::Spawner& spawner, DebugRelayOptions options)
    : executor_(executor), spawner_(spawner), options_(std::move(options)), tasks_(std::move(executor)) {}

DebugRelay::~DebugRelay() = default;

base::Result<std::unique_ptr<DebugRelay>> DebugRelay::listen(asio::any_io_executor executor, os::Spawner& spawner,
                                                             std::uint16_t port, DebugRelayOptions options) {
  std::unique_ptr<DebugRelay> relay(new DebugRelay(executor, spawner, std::move(options)));
  auto acceptor = std::make_shared<Acceptor>(executor);
  if (auto error = open_acceptor(*acceptor, port)) {
    return base::fail(base::ErrorKind::local_resource,
                      fmt::format("port {} is not free for a debugger: {}", port, error.message()));
  }
  relay->port_ = acceptor->local_endpoint().port();
  relay->tasks_.spawn(relay->accept(std::move(acceptor), nullptr));
  return relay;
}

void DebugRelay::add(DebugTargetPtr target) {
  if (!targets_.empty()) {
    auto acceptor = std::make_shared<Acceptor>(executor_);
    if (!open_acceptor(*acceptor, 0)) {
      target->extra_port = acceptor->local_endpoint().port();
      extra_[target] = acceptor;
      tasks_.spawn(accept(std::move(acceptor), target));
    }
  }
  targets_.push_back(std::move(target));
  changed_.notify_all();
}

void DebugRelay::remove(const DebugTargetPtr& target, bool ends_now) {
  std::erase(targets_, target);
  if (auto extra = extra_.extract(target)) {
    error_code ignored;
    extra.mapped()->close(ignored);
  }
  target->ends = true;
  if (ends_now && target->clients > 0) expects_client_ = true;
}

awaitable<void> DebugRelay::close() {
  co_await tasks_.close();
}

awaitable<void> DebugRelay::accept(std::shared_ptr<Acceptor> acceptor, DebugTargetPtr only) {
  while (acceptor->is_open()) {
    auto [error, socket] = co_await acceptor->async_accept(asio::as_tuple(asio::use_awaitable));
    if (!error) {
      tasks_.spawn(serve(std::move(socket), only));
    } else if (acceptor->is_open()) {
      co_await base::sleep_for(kBetweenTries);  // out of descriptors: others end
    }
  }
}

DebugTargetPtr DebugRelay::choose() const {
  for (auto at = targets_.rbegin(); at != targets_.rend(); ++at) {
    if ((*at)->clients == 0) return *at;
  }
  return targets_.empty() ? nullptr : targets_.back();
}

awaitable<void> DebugRelay::serve(Socket client, DebugTargetPtr only) {
  error_code ignored;
  client.set_option(tcp::no_delay(true), ignored);
  std::array<char, kFirstWords> buffer{};
  auto [error, size] = co_await client.async_read_some(asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
  if (error) co_return;
  std::string words(buffer.data(), size);
  if (comes_from_web_page(words)) co_return;
  const bool asks_what_there_is = words.starts_with("GET /json");
  auto target = only ? only : choose();
  while (!target && !asks_what_there_is) {
    co_await changed_.wait();
    target = choose();
  }
  if (!target) co_return;  // an inspector's client asks again
  if (!asks_what_there_is) {
    ++target->clients;
    target->had_client = true;
    expects_client_ = false;
  }
  struct Client {
    DebugRelay& relay;
    DebugTarget& target;
    bool counts;
    Client(DebugRelay& of, DebugTarget& to, bool is_one) : relay(of), target(to), counts(is_one) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() {
      if (!counts) return;
      --target.clients;
      if (target.ends) relay.expects_client_ = true;
    }
  } counted(*this, *target, !asks_what_there_is);
  co_await join(std::move(client), std::move(words), target);
}

awaitable<void> DebugRelay::join(Socket client, std::string first_words, DebugTargetPtr target) {
  std::shared_ptr<os::Process> attached;
  base::TaskGroup reading(executor_);
  auto words = std::make_shared<std::string>();
  std::uint16_t port = target->port;
  if (!target->debugger.attach.empty()) {
    auto free = find_free_port(executor_);
    if (!free) co_return options_.on_trouble(free.error().message);
    port = *free;
    auto process = spawner_.spawn({.command = attach_command(target->debugger, port, target->pid),
                                   .environment = options_.environment,
                                   .directory = {},
                                   .capture_stdout = true,
                                   .capture_stderr = true});
    if (!process) co_return options_.on_trouble(process.error().message);
    attached = std::move(*process);
    for (const bool from_stderr : {false, true}) reading.spawn(keep_words(attached, from_stderr, words));
  }
  auto talk = std::make_shared<Talk>(std::move(client), executor_, target);
  if (co_await reach(talk->server, port, *target, attached.get())) {
    co_await asio::async_write(talk->server, asio::buffer(first_words), asio::as_tuple(asio::use_awaitable));
    base::TaskGroup both(executor_);
    if (first_words.starts_with("Content-Length")) talk->restart.emplace();
    both.spawn(copy(talk, true));
    both.spawn(copy(talk, false));
    co_await both.join();
  } else if (attached) {
    options_.on_trouble(*words);
  }
  shut(talk->client);
  if (attached) co_await let_go(attached);
  co_await reading.close();
}

// Connects as soon as the debugger listens.
awaitable<bool> DebugRelay::reach(Socket& server, std::uint16_t port, const DebugTarget& target,
                                  const os::Process* attached) {
  const auto until = std::chrono::steady_clock::now() + kMostPatience;
  while (std::chrono::steady_clock::now() < until && !target.ends && !(attached != nullptr && attached->ended())) {
    error_code ignored;
    server.close(ignored);
    auto [error] = co_await server.async_connect(loopback(port), asio::as_tuple(asio::use_awaitable));
    if (!error) {
      server.set_option(tcp::no_delay(true), ignored);
      co_return true;
    }
    co_await base::sleep_for(kBetweenTries);
  }
  co_return false;
}

}  // namespace worker
