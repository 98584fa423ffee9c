// Whether this machine is in the network that it was in: a laptop is carried elsewhere, a cable comes or goes, a VPN
// opens. Told by its addresses; an address that is the same in both networks tells nothing. Interface here; Linux is
// network_changes_linux.cc.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>

namespace os {

class NetworkChanges {
 public:
  virtual ~NetworkChanges() = default;
  // Waits until the addresses of this machine are others than when this began, or ended last.
  virtual boost::asio::awaitable<void> next() = 0;
};

// Null where the kernel does not say.
std::unique_ptr<NetworkChanges> watch_network(boost::asio::any_io_executor executor);

}  // namespace os
