// A function's debugger address on 127.0.0.1, which stays while its workers come and go.
//
// Every worker's debugger listens on a port of its own. A client that connects here is led to the newest worker that
// has no client yet; one that comes before there is a worker waits for it, so that an editor may attach, and attach
// again after a save, at any time. A client counts when it has said its first word; those that only ask an inspector
// what there is (GET /json…) are not clients. Of what passes through, only the
// end of a replaced worker is changed for debug adapters (dap_restart.h).
//
// For a worker whose debugger is a program of its own (Delve, lldb) that program is started for each client and
// attached to the process; it lets go of it when the client leaves.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/notifier.h"
#include "base/result.h"
#include "base/task_group.h"
#include "os/spawner.h"
#include "worker/debugger.h"

namespace worker {

using boost::asio::awaitable;

// A worker, as its debugger's clients see it.
struct DebugTarget {
  std::string function;
  Debugger debugger;
  std::uint16_t port = 0;        // where the worker itself listens; 0 if its debugger attaches
  std::uint16_t extra_port = 0;  // an address of its own, beside a worker that has the function's; 0 = none
  pid_t pid = 0;                 // 0 until the process runs
  int clients = 0;               // that are connected
  bool had_client = false;
  bool ends = false;  // it takes no more clients
};
using DebugTargetPtr = std::shared_ptr<DebugTarget>;

struct DebugRelayOptions {
  std::map<std::string, std::string> environment;  // of debuggers that attach
  std::function<void(std::string)> on_trouble;     // why a debugger did not attach
};

class DebugRelay {
 public:
  // Errors: local_resource, e.g. if the port is taken. The spawner outlives it.
  static base::Result<std::unique_ptr<DebugRelay>> listen(boost::asio::any_io_executor executor, os::Spawner& spawner,
                                                          std::uint16_t port, DebugRelayOptions options);
  ~DebugRelay();
  DebugRelay(const DebugRelay&) = delete;
  DebugRelay& operator=(const DebugRelay&) = delete;

  std::uint16_t port() const { return port_; }

  // The next client goes to it. Beside one that has not ended it gets an address of its own too.
  void add(DebugTargetPtr target);
  // It takes no more clients: `ends_now`, or when its invocation is over.
  void remove(const DebugTargetPtr& target, bool ends_now);

  // A client's worker was taken from it by us; it will come back to the next one, which waits for it.
  bool expects_client() const { return expects_client_; }
  void expect_nobody() { expects_client_ = false; }

  // Ends all connections, and the debuggers that attached. The last call.
  awaitable<void> close();

 private:
  using Socket = boost::asio::ip::tcp::socket;
  using Acceptor = boost::asio::ip::tcp::acceptor;

  DebugRelay(boost::asio::any_io_executor executor, os::Spawner& spawner, DebugRelayOptions options);
  awaitable<void> accept(std::shared_ptr<Acceptor> acceptor, DebugTargetPtr only);
  awaitable<void> serve(Socket client, DebugTargetPtr only);
  awaitable<void> join(Socket client, std::string first_words, DebugTargetPtr target);
  awaitable<bool> reach(Socket& server, std::uint16_t port, const DebugTarget& target, const os::Process* attached);
  DebugTargetPtr choose() const;

  boost::asio::any_io_executor executor_;
  os::Spawner& spawner_;
  DebugRelayOptions options_;
  std::uint16_t port_ = 0;
  std::vector<DebugTargetPtr> targets_;  // that take clients, oldest first
  std::map<DebugTargetPtr, std::shared_ptr<Acceptor>> extra_;
  base::Notifier changed_;
  bool expects_client_ = false;
  base::TaskGroup tasks_;
};

// A port of 127.0.0.1 that nobody listens on now. Errors: local_resource.
base::Result<std::uint16_t> find_free_port(const boost::asio::any_io_executor& executor);

}  // namespace worker
