// The control plane of API Gateway as far as tools read it: the Get operations of apigatewayv2 (/v2/apis/…) and of
// apigateway (/restapis/…), REST-JSON, with AWS's rights: apigateway:GET on the ARN of the path. APIs are made and
// changed by CloudFormation only; any other operation is answered 501 with its method and path.
//
// An answer has what the model keeps (gateway_model.h); what a template says without effect is not told back.
#pragma once

#include <boost/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/apigateway/gateway_model.h"
#include "localcloud/service.h"
#include "localcloud/wire.h"

namespace localcloud {

struct ControlRequest {
  const Cloud& cloud;
  const GatewayStore& store;
  std::vector<std::string> parts;  // what the '*' of the route's path stand for
  Fields query;
};

using ControlAnswer = base::Result<json::object>;

struct ControlRoute {
  std::string_view name;  // "apigatewayv2:GetApi"
  std::string_view path;  // "v2/apis/*"
  ControlAnswer (*run)(const ControlRequest&);
};

std::span<const ControlRoute> control_routes_v2();
std::span<const ControlRoute> control_routes_v1();
std::span<const ControlRoute> control_routes_usage();

// What pages of a list are called, and how many items they have.
struct ControlPages {
  std::string_view limit;
  std::string_view token;         // in the query
  std::string_view answer_token;  // in the answer
  std::string_view items;
  std::size_t usual;
  std::size_t most;
};
// Errors: BadRequestException for a limit or a token that is none.
ControlAnswer page_of(const ControlRequest& request, const ControlPages& pages, std::vector<json::object> items);

// NotFoundException 404 in AWS's words: "Invalid Stage identifier specified".
tl::unexpected<base::Error> unknown_identifier(std::string_view what);
json::object json_of(const std::map<std::string, std::string>& texts);
json::array json_of(const std::vector<std::string>& texts);
json::object json_of(const Templates& templates);
// "arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations"
std::string invocation_uri(const Cloud& cloud, std::string_view function);
// Of what an integration calls; "" of a mock.
std::string uri_of(const Cloud& cloud, const Integration& integration);
std::string_view name_of(Passthrough passthrough);

class GatewayControlPlane final : public Service {
 public:
  GatewayControlPlane(Cloud& cloud, const GatewayStore& store) : cloud_(cloud), store_(store) {}

  // Those of the @connections API (connections_api.cc) too, which is part of the data plane.
  std::vector<std::string> operations() const override;
  awaitable<net::Response> handle(Call call) override;

 private:
  ControlAnswer act(const Call& call) const;

  Cloud& cloud_;
  const GatewayStore& store_;
};

}  // namespace localcloud
