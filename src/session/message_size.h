// How long a message of the bridge may be (protocol.md, "Frames"): AWS's documentation leaves open whether API Gateway
// carries more than 32 KB whole, so a session tries it at its start.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "aws/client.h"
#include "net/tls.h"

namespace session {

using boost::asio::awaitable;

// Posts a message of bridge::kLargeMaxMessage characters to a spare connection. That many if it arrived whole within a
// second, so that neither API Gateway nor a slow line stands in the way; else, and after any failure,
// bridge::kDefaultMaxMessage.
awaitable<std::size_t> find_max_message(aws::ClientConfig config, std::string url,
                                        std::shared_ptr<net::TlsContext> tls);

}  // namespace session
