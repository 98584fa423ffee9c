#include "tun.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <thread>

namespace link_shaper {
namespace {

constexpr std::size_t kLargestPacket = 65536;
constexpr const char* kNetmask = "255.255.255.0";

tl::unexpected<base::Error> failed(std::string_view what) {
  return base::fail(base::ErrorKind::local_resource, fmt::format("{}: {}", what, std::strerror(errno)),
                    "It needs the rights of root, network namespaces and /dev/net/tun.");
}

ifreq request_for(const std::string& device) {
  ifreq request{};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  return request;
}

base::Result<> set(int control, unsigned long what, ifreq request, const std::string& address) {
  sockaddr_in value{};
  value.sin_family = AF_INET;
  if (inet_pton(AF_INET, address.c_str(), &value.sin_addr) != 1) {
    return base::fail(base::ErrorKind::usage, fmt::format("'{}' is no IPv4 address", address));
  }
  std::memcpy(&request.ifr_addr, &value, sizeof value);
  if (::ioctl(control, what, &request) != 0) return failed(fmt::format("cannot set {}", address));
  return {};
}

base::Result<> set_up(int control, const std::string& device) {
  ifreq request = request_for(device);
  if (::ioctl(control, SIOCGIFFLAGS, &request) != 0) return failed(device);
  request.ifr_flags |= IFF_UP;
  if (::ioctl(control, SIOCSIFFLAGS, &request) != 0) return failed(fmt::format("cannot set {} up", device));
  return {};
}

base::Result<> write_setting(const std::string& file, std::string_view value) {
  std::ofstream stream(file);
  stream << value << std::flush;
  if (!stream) return failed(fmt::format("cannot write {}", file));
  return {};
}

os::Descriptor make_control() {
  return os::Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

}  // namespace

base::Result<> enter_network(const std::string& network_namespace) {
  os::Descriptor file(::open(network_namespace.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failed(network_namespace);
  if (::setns(file.get(), CLONE_NEWNET) != 0) return failed(fmt::format("cannot enter {}", network_namespace));
  return {};
}

base::Result<> set_loopback_up() {
  auto control = make_control();
  if (!control) return failed("socket");
  return set_up(control.get(), "lo");
}

base::Result<Tun> Tun::open(const TunOptions& options) {
  // A thread of its own: the caller stays in its namespace.
  base::Result<Tun> opened = base::fail(base::ErrorKind::internal, "not opened");
  std::jthread([&] {
    auto entered = enter_network(options.network_namespace);
    opened = entered ? open_here(options) : base::Result<Tun>(tl::unexpected(entered.error()));
  }).join();
  return opened;
}

base::Result<Tun> Tun::open_here(const TunOptions& options) {
  os::Descriptor device(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!device) return failed("/dev/net/tun");
  ifreq request = request_for(options.device);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (::ioctl(device.get(), TUNSETIFF, &request) != 0) return failed(fmt::format("cannot make {}", options.device));
  auto control = make_control();
  if (!control) return failed("socket");
  Tun tun(options.device, std::move(device), std::move(control));
  const std::string settings = fmt::format("/proc/sys/net/ipv4/conf/{}/", options.device);
  TRY(write_setting(settings + "route_localnet", "1"));
  TRY(write_setting(settings + "rp_filter", "0"));
  TRY(tun.set_address(options.address));
  TRY(set_up(tun.control_.get(), tun.name_));
  return tun;
}

base::Result<> Tun::set_address(const std::string& address) {
  TRY(set(control_.get(), SIOCSIFADDR, request_for(name_), address));
  return set(control_.get(), SIOCSIFNETMASK, request_for(name_), kNetmask);
}

std::optional<std::string> Tun::read() {
  std::array<char, kLargestPacket> buffer;
  auto size = ::read(device_.get(), buffer.data(), buffer.size());
  if (size <= 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

void Tun::write(const std::string& packet) {
  std::ignore = ::write(device_.get(), packet.data(), packet.size());
}

}  // namespace link_shaper
