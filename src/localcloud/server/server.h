// The local cloud as a whole: one port, every service behind it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "localcloud/apigateway/apigateway.h"
#include "localcloud/lambda/lambda.h"

namespace localcloud {

using boost::asio::awaitable;

struct LocalCloudOptions {
  std::uint16_t port = 0;      // 0 = any free one
  std::string host_name = {};  // in the addresses it gives; 127.0.0.1 if empty, where it listens in any case
  bool tls = false;
  std::string certificate_pem = {};  // with tls: chain and key; made fresh if empty
  std::string key_pem = {};
  bool end_when_unused = false;  // for `start --local`: see joined_sessions.h
  bool test_clock = false;       // allows POST /_local/clock
  WebSocketOptions websockets = {};
  std::vector<std::string> node_modules = {};  // folders: what Lambda brings along for Node.js, from elsewhere
  std::string access_key_id = {};              // of the root user; made fresh if empty
  std::string secret_access_key = {};
  std::vector<LoaderFile> loaders = {};  // of the languages whose functions run here: "nodejs/…", "python/…"
};

struct LocalCloudReady {
  std::string endpoint;
  std::string region;
  std::string access_key_id;
  std::string secret_access_key;
  std::string ca_pem;  // with tls and a certificate of its own
};

class LocalCloud {
 public:
  virtual ~LocalCloud() = default;
  virtual const LocalCloudReady& ready() const = 0;
  // Serves until cancelled; then ends every function's processes before it returns.
  virtual awaitable<void> run() = 0;
};

// Errors: local_resource (port in use), usage (a host name that requests may not have).
base::Result<std::unique_ptr<LocalCloud>> make_local_cloud(boost::asio::any_io_executor executor,
                                                           LocalCloudOptions options);

}  // namespace localcloud
