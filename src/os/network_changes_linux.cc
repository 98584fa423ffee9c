#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <set>
#include <string>

#include "os/descriptor.h"
#include "os/network_changes.h"

namespace os {
namespace {

namespace asio = boost::asio;

constexpr auto kSettling = std::chrono::milliseconds(300);  // one change is many messages

// "" of what every machine has, or has without a network: loopback and link-local addresses.
std::string address_of(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->sa_family == AF_INET) {
    const in_addr ip = reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    if ((ntohl(ip.s_addr) >> 16U) == 0xA9FE) return {};
    ::inet_ntop(AF_INET, &ip, text.data(), text.size());
  } else if (address->sa_family == AF_INET6) {
    const in6_addr ip = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    if (IN6_IS_ADDR_LINKLOCAL(&ip)) return {};
    ::inet_ntop(AF_INET6, &ip, text.data(), text.size());
  }
  return text.data();
}

std::set<std::string> addresses() {
  std::set<std::string> found;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return found;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    constexpr unsigned kUp = IFF_UP | IFF_RUNNING;
    const bool counts = (one->ifa_flags & kUp) == kUp && (one->ifa_flags & IFF_LOOPBACK) == 0;
    if (counts && one->ifa_addr != nullptr) found.insert(address_of(one->ifa_addr));
  }
  ::freeifaddrs(first);
  return found;
}

class RouteSocket final : public NetworkChanges {
 public:
  RouteSocket(asio::any_io_executor executor, Descriptor socket) : socket_(std::move(executor), socket.release()) {}

  asio::awaitable<void> next() override {
    while (true) {
      co_await socket_.async_wait(asio::posix::descriptor_base::wait_read, asio::use_awaitable);
      asio::steady_timer settling(socket_.get_executor(), kSettling);
      co_await settling.async_wait(asio::use_awaitable);
      drain();
      if (auto now = addresses(); now != known_) {
        known_ = std::move(now);
        co_return;
      }
    }
  }

 private:
  // What it says does not matter, also if so much was said that some is lost (ENOBUFS).
  void drain() {
    std::array<char, 8192> said;
    ssize_t size = 0;
    do {
      size = ::recv(socket_.native_handle(), said.data(), said.size(), MSG_DONTWAIT);
    } while (size > 0 || (size < 0 && errno == ENOBUFS));
  }

  asio::posix::stream_descriptor socket_;
  std::set<std::string> known_ = addresses();
};

}  // namespace

std::unique_ptr<NetworkChanges> watch_network(asio::any_io_executor executor) {
  Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return nullptr;
  return std::make_unique<RouteSocket>(std::move(executor), std::move(socket));
}

}  // namespace os
