// The API Gateway of the local account: what stands behind the interface of apigateway.h.
#pragma once

#include <memory>
#include <string>

#include "localcloud/apigateway/apigateway.h"
#include "localcloud/apigateway/control_plane.h"
#include "localcloud/apigateway/gateway_model.h"
#include "localcloud/apigateway/http_gateway.h"
#include "localcloud/apigateway/websocket_gateway.h"

namespace localcloud {

class GatewayService final : public ApiGateway {
 public:
  GatewayService(Cloud& cloud, WebSocketOptions options)
      : cloud_(cloud),
        store_(cloud),
        http_(cloud, store_, throttles_),
        websockets_(cloud, store_, throttles_, std::move(options)) {}

  awaitable<void> serve(net::Exchange& exchange, std::string api_id, std::string target) override;
  std::size_t cut_websockets() override { return websockets_.cut_all(); }
  std::string localize(std::string text) const override;
  Service& control_plane() override { return control_; }
  ResourceTypes resource_types() override;

  GatewayStore& store() { return store_; }
  Cloud& cloud() { return cloud_; }
  void remove_api(std::string_view id);

 private:
  Cloud& cloud_;
  GatewayStore store_;
  Throttles throttles_;
  GatewayControlPlane control_{cloud_, store_};
  HttpGateway http_;
  WebSocketGateway websockets_;
};

// "https://{id}.execute-api.{region}.amazonaws.com" (or wss, http, ws) of ids that `known` says are local becomes
// "{endpoint}/_aws/execute-api/{id}" with http(s), or ws(s) for the WebSocket schemes. Pure.
std::string localize_endpoints(std::string_view text, std::string_view region, std::string_view endpoint,
                               const std::function<bool(std::string_view id)>& known);

ResourceTypes http_resource_types(GatewayService& service);  // AWS::ApiGatewayV2::*
ResourceTypes rest_resource_types(GatewayService& service);  // AWS::ApiGateway::*
ResourceTypes usage_plan_types(GatewayService& service);     // ApiKey, UsagePlan, UsagePlanKey
ResourceTypes rest_part_types(GatewayService& service);      // of them what belongs to the methods of an API

}  // namespace localcloud
