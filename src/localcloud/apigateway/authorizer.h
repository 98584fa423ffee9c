// Lambda authorizers of HTTP, REST and WebSocket APIs (AGW-guide apigateway-use-lambda-authorizer.md,
// http-api-lambda-authorizer.md): who asks is read from the identity sources, a function is asked, its policy or its
// simple answer decides, and its answer is kept for a time by the local clock.
//
// A kept policy is evaluated anew for each method, as AWS does. Answers of WebSocket APIs are never kept.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "localcloud/apigateway/failure.h"
#include "localcloud/apigateway/gateway_model.h"
#include "localcloud/cloud.h"
#include "localcloud/iam/policy.h"
#include "localcloud/wire.h"

namespace localcloud {

using boost::asio::awaitable;

// What an authorizer reads a request's identity from.
struct IdentityMaterial {
  const net::Headers* headers = nullptr;
  Fields query = {};
  std::map<std::string, std::string> stage_variables = {};
  json::object context = {};  // requestContext of the event
};
// The values of its sources, in their order; nullopt: one is missing or empty, or the token has not the form that is
// asked for.
std::optional<std::vector<std::string>> read_identity(const Authorizer& authorizer, const IdentityMaterial& material);

struct AuthorizerQuestion {
  GatewayKind kind = GatewayKind::http;
  std::string api_id = {};
  std::string stage = {};
  std::string id = {};  // the authorizer's
  Authorizer authorizer = {};
  std::vector<std::string> identity = {};
  std::string arn = {};        // of the method or route that is asked for
  std::string source_ip = {};  // aws:SourceIp of the policy's conditions
  json::object event = {};     // what the function is told
  // What the API's own policy says of the caller; a policy of the function is put beside it.
  Decision api_policy = Decision::implicit_deny;
};

// Of a caller who may: what the integration is told of it.
struct Authorized {
  std::string principal_id = {};  // empty for a simple answer
  json::object context = {};
  std::string usage_key = {};  // usageIdentifierKey: the API key, where the API takes it from the authorizer
};

class Authorizers {
 public:
  Authorizers(Cloud& cloud, const GatewayStore& store) : cloud_(cloud), store_(store) {}

  awaitable<std::variant<Authorized, Failure>> ask(AuthorizerQuestion question);

 private:
  struct Kept {
    json::value answer;
    base::WallTime until{};
  };
  awaitable<std::variant<json::value, Failure>> call(AuthorizerQuestion question);

  Cloud& cloud_;
  const GatewayStore& store_;
  std::map<std::string, Kept> kept_;
};

}  // namespace localcloud
