// API Gateway's WebSocket APIs from a peer's side: the signed upgrade, and @connections. aws-facts §1.
#pragma once

#include "aws/client.h"
#include "net/tls.h"
#include "net/websocket.h"

namespace aws {

// Opens wss://…/stage with a signed request (service execute-api). Errors: connect; service with the status of the
// refusal.
awaitable<base::Result<std::unique_ptr<net::WebSocket>>> connect_signed(ClientConfig config, std::string url,
                                                                        std::shared_ptr<net::TlsContext> tls,
                                                                        std::chrono::milliseconds timeout);

// POST @connections/{id}. `url` is the stage's (wss:// or https://, ws:// or http://). One attempt: delivery is the
// caller's affair. Ok: status 200. Errors: service with `status` (410, 413, 429, 403, 5xx); connect: certainly not
// sent; transport: may have been.
awaitable<base::Result<>> post_to_connection(ClientConfig config, std::string url, std::string connection_id,
                                             std::string data, CallOptions options);

// DELETE @connections/{id}; a connection that is gone is no error.
awaitable<base::Result<>> delete_connection(ClientConfig config, std::string url, std::string connection_id);

}  // namespace aws
