// The control plane of API Gateway as far as tools use it: the Get operations of apigatewayv2 (/v2/apis/…) and of
// apigateway (/restapis/…), and tags; REST-JSON, with AWS's rights: apigateway:GET on the ARN of the path. APIs are
// made and changed by CloudFormation only; any other operation is answered 501 with its method and path.
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
#include "localcloud/iam/condition_context.h"
#include "localcloud/service.h"
#include "localcloud/wire.h"

namespace localcloud {

struct ControlRequest {
  const Cloud& cloud;
  GatewayStore& store;
  std::vector<std::string> parts;  // what the '*' of the route's path stand for
  Fields query;
  json::object body = {};
};

using ControlAnswer = base::Result<json::object>;

struct ControlRoute {
  std::string_view name;  // "apigatewayv2:GetApi"
  std::string_view path;  // "v2/apis/*"
  ControlAnswer (*run)(const ControlRequest&);
  std::string_view method = "GET";
  int status = 200;  // of its answer; 204 has no body
};

std::span<const ControlRoute> control_routes_v2();
std::span<const ControlRoute> control_routes_v1();
std::span<const ControlRoute> control_routes_usage();
std::span<const ControlRoute> control_routes_tags();

// The tags of what a path names, {"restapis", ID, "stages", NAME}. Errors: NotFoundException; 501 for what has none
// here.
base::Result<GatewayTags*> tags_at(GatewayStore& store, std::span<const std::string> path);
// What the conditions of policies see: the tags of what the request is about, and those that it brings.
ConditionContext tag_context(const ControlRequest& request, std::span<const std::string> path);
// Errors: BadRequestException.
base::Result<> check_tags(const GatewayTags& tags);

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
  GatewayControlPlane(Cloud& cloud, GatewayStore& store) : cloud_(cloud), store_(store) {}

  // Those of the @connections API (connections_api.cc) too, which is part of the data plane.
  std::vector<std::string> operations() const override;
  awaitable<net::Response> handle(Call call) override;

 private:
  base::Result<net::Response> act(const Call& call) const;
  base::Result<net::Response> run(const ControlRoute& route, const ControlRequest& request, const Call& call,
                                  std::vector<std::string> segments) const;

  Cloud& cloud_;
  GatewayStore& store_;
};

}  // namespace localcloud
