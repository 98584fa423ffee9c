// API Gateway: HTTP APIs (v2), REST APIs (v1) and WebSocket APIs with their @connections. APIs are made through
// CloudFormation only, and told by the Get operations too. The data plane is reached by path,
// /_aws/execute-api/{api}/{stage}/…, and by host, {api}.execute-api.….
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"
#include "net/http_server.h"

namespace localcloud {

// How a message of more than 32 KB that was posted to @connections leaves. AWS's documentation may be read in each of
// these ways (aws-facts §1).
enum class LargeMessages {
  continued,  // in frames of 32 KB
  whole,      // in one frame
  refused,    // not: the connection is closed with 1009
};

struct WebSocketOptions {
  std::string record_file = {};  // everything WebSocket APIs carry is appended there as JSON lines; empty = not
  LargeMessages large_messages = LargeMessages::continued;
};

class ApiGateway {
 public:
  virtual ~ApiGateway() = default;

  // A request for the data plane of an API: `target` is what follows the API's id, "/{stage}/…" (an HTTP API with a
  // $default stage has no stage in its path). Answers the exchange itself, a WebSocket upgrade included. Verifies
  // signatures where a route asks for IAM, by SignatureCheck.
  virtual awaitable<void> serve(net::Exchange& exchange, std::string api_id, std::string target) = 0;

  // For tests (POST /_local/websockets/cut): drops the TCP connection of every open WebSocket, without a close frame.
  // Their number.
  virtual std::size_t cut_websockets() = 0;

  // "https://{id}.execute-api.{region}.amazonaws.com/…" (or wss) of a local API as the local address that answers; else
  // the text unchanged. Works inside longer texts. For stack outputs.
  virtual std::string localize(std::string text) const = 0;

  // The APIs as tools read them (signature scope "apigateway").
  virtual Service& control_plane() = 0;

  virtual ResourceTypes resource_types() = 0;
};

std::unique_ptr<ApiGateway> make_api_gateway(Cloud& cloud, WebSocketOptions options);

}  // namespace localcloud
