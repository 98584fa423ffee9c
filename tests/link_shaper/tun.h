// A TUN device in a network namespace: what a host sends to the far side of the link is read here, what is written here
// arrives at the host. The device goes with the object, and with the process however it ends.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "os/descriptor.h"

namespace link_shaper {

struct TunOptions {
  std::string network_namespace;  // a file: /proc/PID/ns/net
  std::string device;             // "link0"
  std::string address;            // of the host; the 255 others beside it are reached over the link
};

class Tun {
 public:
  // Packets from elsewhere may be for 127.0.0.1 there. Errors: local_resource (no right to, no /dev/net/tun).
  static base::Result<Tun> open(const TunOptions& options);

  int fd() const { return device_.get(); }
  // The host has this address instead of the one before.
  base::Result<> set_address(const std::string& address);
  // A packet, if one is there.
  std::optional<std::string> read();
  // A host whose queue is full drops the packet, as hosts do.
  void write(const std::string& packet);

 private:
  Tun(std::string name, os::Descriptor device, os::Descriptor control)
      : name_(std::move(name)), device_(std::move(device)), control_(std::move(control)) {}
  static base::Result<Tun> open_here(const TunOptions& options);

  std::string name_;
  os::Descriptor device_;
  os::Descriptor control_;  // a socket in that namespace
};

// This thread's sockets and devices are in that namespace from now on.
base::Result<> enter_network(const std::string& network_namespace);

// In this thread's network namespace, whose loopback device a new one has down.
base::Result<> set_loopback_up();

}  // namespace link_shaper
