// An API Gateway that listens on loopback, in an account of fakes.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "localcloud/apigateway/gateway_service.h"
#include "localcloud/lambda/testing/fake_account.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/websocket.h"

namespace localcloud {

class ApiWorld {
 public:
  explicit ApiWorld(WebSocketOptions options = {});

  // Runs the scenario beside the server, which ends with it.
  void run(awaitable<void> scenario);

  // A resource as CloudFormation would make it, from properties as JSON.
  ResourceState create(std::string_view type, std::string properties);
  base::Result<ResourceState> try_create(std::string_view type, std::string properties);

  // `path` follows "/_aws/execute-api".
  awaitable<net::Response> request(std::string method, std::string path, std::string body = {}, bool sign = false,
                                   net::Headers headers = {});
  awaitable<base::Result<std::unique_ptr<net::WebSocket>>> connect(std::string path, bool sign = true);
  net::Url url(std::string path, std::string scheme) const;

  FakeAccount account;
  GatewayService gateway;

 private:
  awaitable<void> serve(net::Exchange& exchange);
  awaitable<void> finish(awaitable<void> scenario);

  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<net::HttpClient> client_;
  ResourceTypes types_;
};

}  // namespace localcloud
