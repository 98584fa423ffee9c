#include "measure.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "link.h"

namespace link_shaper {
namespace {

constexpr const char* kAddressA = "10.99.0.1";
constexpr const char* kAddressB = "10.99.0.2";
constexpr const char* kLoopback = "127.0.0.1";
constexpr std::uint16_t kPort = 7;
constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};
constexpr const char* kDelay = "20";  // ms

using Micros = std::chrono::duration<double, std::micro>;

tl::unexpected<base::Error> failed(const char* what) {
  return base::fail(base::ErrorKind::local_resource, fmt::format("cannot measure: {} failed", what));
}

// A new network namespace, which lasts as long as the descriptor.
os::Descriptor make_network() {
  os::Descriptor made;
  std::jthread([&] {
    if (::unshare(CLONE_NEWNET) == 0 && set_loopback_up()) {
      made.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    }
  }).join();
  return made;
}

std::string file_of(const os::Descriptor& network) {
  return fmt::format("/proc/self/fd/{}", network.get());
}

sockaddr_in address_of(const char* text, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, text, &address.sin_addr);
  return address;
}

// A UDP socket of that network.
os::Descriptor make_socket(const os::Descriptor& network, const char* address, std::uint16_t port) {
  os::Descriptor made;
  std::jthread([&] {
    if (!enter_network(file_of(network))) return;
    os::Descriptor opened(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ::setsockopt(opened.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    auto bound = address_of(address, port);
    if (::bind(opened.get(), reinterpret_cast<sockaddr*>(&bound), sizeof bound) == 0) made = std::move(opened);
  }).join();
  return made;
}

// Sends back what comes, until something empty does or nothing for long.
void echo(int socket) {
  while (true) {
    char byte = 0;
    sockaddr_in from{};
    socklen_t length = sizeof from;
    auto size = ::recvfrom(socket, &byte, 1, 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (size <= 0) return;
    ::sendto(socket, &byte, 1, 0, reinterpret_cast<sockaddr*>(&from), length);
  }
}

// Half of every round trip, sorted; empty if one got lost.
std::vector<Micros> ping(int socket, int server, const char* address, int round_trips) {
  std::jthread answering(echo, server);
  auto to = address_of(address, kPort);
  std::vector<Micros> halves;
  for (int i = 0; i < round_trips; ++i) {
    auto begin = Clock::now();
    char byte = 1;
    ::sendto(socket, &byte, 1, 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
    if (::recv(socket, &byte, 1, 0) != 1) break;
    halves.push_back(Micros(Clock::now() - begin) / 2);
  }
  ::sendto(socket, nullptr, 0, 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
  if (std::ssize(halves) != round_trips) return {};
  std::sort(halves.begin(), halves.end());
  return halves;
}

base::Result<> print(const char* what, const std::vector<Micros>& halves, Micros less) {
  if (halves.empty()) return failed(what);
  auto at = [&](double part) {
    return (halves[static_cast<std::size_t>(part * static_cast<double>(halves.size() - 1))] - less).count();
  };
  fmt::print("{:<34} median {:8.1f} us   99th percentile {:8.1f} us\n", what, at(0.5), at(0.99));
  return {};
}

}  // namespace

base::Result<> measure(int round_trips) {
  auto network_a = make_network();
  auto network_b = make_network();
  if (!network_a || !network_b) return failed("a new network namespace");
  TRY(auto a, Tun::open({.network_namespace = file_of(network_a), .device = "link0a", .address = kAddressA}));
  TRY(auto b, Tun::open({.network_namespace = file_of(network_b), .device = "link0b", .address = kAddressB}));
  auto client = make_socket(network_a, "0.0.0.0", 0);
  auto beside = make_socket(network_a, kLoopback, kPort);
  auto across = make_socket(network_b, kAddressB, kPort);
  if (!client || !beside || !across) return failed("a socket");

  fmt::print("One way, of {} round trips of a byte:\n", round_trips);
  TRY(print("loopback, no link", ping(client.get(), beside.get(), kLoopback, round_trips), Micros(0)));
  Link link(std::move(a), std::move(b), {}, 1);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("a pipe");
  os::Descriptor no_commands(ends[0]);
  os::Descriptor end(ends[1]);
  auto over_the_link = [&](const char* what, Micros less) {
    return print(what, ping(client.get(), across.get(), kAddressB, round_trips), less);
  };
  std::jthread running([&] { std::ignore = run(link, no_commands.get()); });
  auto plain = over_the_link("link without shaping", Micros(0));
  end.reset();
  running.join();
  TRY(plain);

  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("a pipe");
  no_commands.reset(ends[0]);
  end.reset(ends[1]);
  link.command(fmt::format("delay {}", kDelay));
  running = std::jthread([&] { std::ignore = run(link, no_commands.get()); });
  auto delayed = over_the_link("link with a delay of 20 ms, beyond it", std::chrono::milliseconds(20));
  end.reset();
  running.join();
  return delayed;
}

}  // namespace link_shaper
