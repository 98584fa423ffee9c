// PRIVATE to net/: one connection of an HttpServer, from its first request to its end.
#pragma once

#include <memory>

#include "net/beast_stream.h"
#include "net/http_server.h"

namespace net {

// What the connections of a server share. Outlives the server while connections end.
struct Service {
  ServerOptions options;
  Handler handler;
};

// Serves requests one after the other until the client closes, a deadline passes, or the coroutine is cancelled. Never
// fails: what goes wrong on a connection ends that one alone.
awaitable<void> serve_connection(std::shared_ptr<const Service> service, Stream stream, std::string remote_address);

}  // namespace net
