#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/beast_stream.h"

namespace net {
namespace {

using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;

Millis until(Clock::time_point end) {
  return std::max(Millis(1), std::chrono::duration_cast<Millis>(end - Clock::now()));
}

// A name being looked up. Shared with the handler, since Asio's resolver does not know cancellation slots.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), waiting(executor) {}
  tcp::resolver resolver;
  asio::steady_timer waiting;
  bool finished = false;
  error_code error;
  std::vector<tcp::endpoint> found;
};

awaitable<base::Result<std::vector<tcp::endpoint>>> look_up(std::string host, std::uint16_t port, Millis timeout) {
  auto lookup = std::make_shared<Lookup>(co_await asio::this_coro::executor);
  lookup->waiting.expires_after(timeout);
  lookup->resolver.async_resolve(host, std::to_string(port),
                                 [lookup](error_code error, const tcp::resolver::results_type& results) {
                                   lookup->finished = true;
                                   lookup->error = error;
                                   for (const auto& entry : results) lookup->found.push_back(entry.endpoint());
                                   lookup->waiting.cancel();
                                 });
  error_code ignored;
  co_await lookup->waiting.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!lookup->finished) lookup->resolver.cancel();
  co_await checkpoint();
  if (!lookup->finished) co_return base::fail(base::ErrorKind::connect, fmt::format("cannot look up {} in time", host));
  if (lookup->error) {
    co_return base::fail(base::ErrorKind::connect, fmt::format("cannot look up {}: {}", host, lookup->error.message()));
  }
  co_return lookup->found;
}

// Addresses, and the names that always mean this machine (RFC 6761 §6.3), need no resolver and no thread.
std::vector<tcp::endpoint> known_addresses(const Url& url) {
  error_code error;
  auto address = asio::ip::make_address(url.host, error);
  if (!error) return {tcp::endpoint(address, url.port)};
  if (url.host == "localhost" || url.host.ends_with(".localhost")) {
    return {tcp::endpoint(asio::ip::address_v4::loopback(), url.port),
            tcp::endpoint(asio::ip::address_v6::loopback(), url.port)};
  }
  return {};
}

// Tries one address after the other; each but the last is given half of the time that is left.
awaitable<base::Result<Stream>> connect_to_any(std::vector<tcp::endpoint> endpoints, Clock::time_point end) {
  auto executor = co_await asio::this_coro::executor;
  error_code error = asio::error::host_not_found;
  for (std::size_t i = 0; i < endpoints.size() && Clock::now() < end; ++i) {
    Stream stream{tcp::socket(executor)};
    error_code opened;
    stream.socket().open(endpoints[i].protocol(), opened);
    if (opened) {
      error = opened;
      continue;
    }
    prepare_socket(stream.socket());
    Deadline deadline(stream, i + 1 == endpoints.size() ? until(end) : std::max(Millis(1), until(end) / 2));
    co_await stream.socket().async_connect(endpoints[i], asio::redirect_error(asio::use_awaitable, error));
    if (!error) co_return stream;
    co_await checkpoint();
    if (deadline.passed()) error = asio::error::timed_out;
  }
  co_return base::fail(base::ErrorKind::connect, error.message());
}

}  // namespace

namespace {

// Tunnel and TLS over a connection that stands, as far as the url wants them.
awaitable<base::Result<>> prepare(Stream stream, Url url, std::shared_ptr<TlsContext> tls, std::optional<Proxy> proxy) {
  if (proxy && url.scheme != "http") CO_TRY(co_await open_tunnel(stream, url, *proxy));
  if (url.secure()) CO_TRY(co_await stream.start_client_tls(tls, url.host));
  co_return base::Result<>();
}

}  // namespace

awaitable<base::Result<Stream>> open_stream(Url url, Millis timeout, std::shared_ptr<TlsContext> tls,
                                            std::optional<Proxy> proxy) {
  if (url.secure() && !tls) co_return base::fail(base::ErrorKind::internal, "no TLS context for " + url.origin());
  if (proxy && proxy->problem) co_return base::fail(*proxy->problem);
  const auto end = Clock::now() + timeout;
  const Url& next = proxy ? proxy->url : url;
  auto endpoints = known_addresses(next);
  if (endpoints.empty()) {
    CO_TRY(endpoints, co_await look_up(next.host, next.port, timeout));
  }
  base::Error error;
  if (auto stream = co_await connect_to_any(std::move(endpoints), end)) {
    Deadline deadline(*stream, until(end));
    auto prepared = co_await prepare(*stream, url, std::move(tls), proxy);
    if (prepared) co_return stream;
    error = deadline.passed() ? base::Error{base::ErrorKind::connect, url.secure() ? "TLS did not finish in time"
                                                                                   : "the proxy did not answer in time"}
                              : prepared.error();
  } else {
    error = stream.error();
  }
  std::string by = proxy ? " through the proxy " + proxy->url.origin() : "";
  error.message = fmt::format("cannot connect to {}{}: {}", url.origin(), by, error.message);
  co_return base::fail(std::move(error));
}

}  // namespace net
