// APIs as values: routes, integrations, stages, deployments. One model for HTTP, REST and WebSocket APIs.
//
// A definition is shared and never changes: every edit makes a new one, so that a deployment is a snapshot for free and
// a request keeps the definition it began with.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/apigateway/throttle.h"
#include "localcloud/cloud.h"

namespace localcloud {

namespace json = boost::json;

enum class GatewayKind { http, rest, websocket };

using Templates = std::map<std::string, std::string, std::less<>>;
using GatewayTags = std::map<std::string, std::string>;
using ParameterMap = std::map<std::string, std::string>;  // where it goes → where it comes from

// What becomes of a body between bytes and base64.
enum class ContentHandling { as_it_is, to_binary, to_text };

struct IntegrationResponse {
  // WebSocket: "/200/" (a pattern over the status) or "$default". REST: a pattern over the status, or over the error of
  // a function; empty: takes what no other takes.
  std::string key;
  int status = 200;  // REST
  Templates templates;
  std::string template_key;  // WebSocket: which of them is used
  ContentHandling content = ContentHandling::as_it_is;
  ParameterMap parameters;  // REST: "method.response.header.X" → "'text'" or "integration.response.header.Y"
};

enum class Passthrough { when_no_match, when_no_templates, never };

struct Integration {
  enum class Type { lambda, mock, http, aws };
  Type type = Type::lambda;
  bool proxy = true;        // request and answer are handed on as they are: AWS_PROXY, HTTP_PROXY
  bool streamed = false;    // the function's answer goes on as it comes: ResponseTransferMode STREAM
  std::string function;     // ARN
  std::string uri;          // http: URL; aws: "action/PutItem" or "path/…"
  std::string service;      // aws: "dynamodb"
  std::string subtype;      // of an HTTP API: "SQS-SendMessage"
  std::string method;       // http and aws: "POST", "ANY"
  std::string credentials;  // ARN of the role that calls; empty: the function's policy decides
  std::string payload_version = "1.0";
  base::Millis timeout{29'000};
  ContentHandling content = ContentHandling::as_it_is;
  Passthrough passthrough = Passthrough::when_no_match;
  ParameterMap request_parameters;  // "integration.request.header.X" → "method.request.header.Y" or "'text'"
  Templates request_templates;
  std::string template_key;                                   // WebSocket
  std::map<std::string, IntegrationResponse> responses;       // by id
  std::map<std::string, ParameterMap> response_parameters{};  // HTTP: by status
};

// "AWS_PROXY", "HTTP", …: IntegrationType as templates write it.
std::string_view type_name(const Integration& integration);

// Where an authorizer finds who asks: "method.request.header.Auth" of REST APIs, "$request.header.Auth" of HTTP APIs.
struct IdentitySource {
  enum class Place { header, query, stage_variable, context };
  Place place = Place::header;
  std::string name;
};

// A Lambda authorizer.
struct Authorizer {
  enum class Type { token, request };
  Type type = Type::request;
  std::string name;
  std::string function;                 // ARN
  std::string credentials;              // ARN of the role that calls it; empty: the function's policy decides
  std::string payload_version = "1.0";  // HTTP
  bool simple_responses = false;        // HTTP, payload 2.0
  std::vector<IdentitySource> sources;
  std::string validation;              // of a token: a pattern that it must match
  std::chrono::seconds result_ttl{0};  // 0: answers are not kept
};

// Who may use a route.
struct RouteAccess {
  bool iam = false;        // AuthorizationType AWS_IAM
  std::string authorizer;  // id; empty = none
  bool api_key = false;    // REST
};

struct Route {
  std::string key;     // "GET /pets/{id}", "$default", "$connect", "hello"
  std::string method;  // of HTTP and REST: "GET", "ANY"; empty for "$default"
  std::string path;    // "/pets/{id}"
  RouteAccess access;
  std::string integration;                       // id; empty = none
  std::string resource_id;                       // REST
  std::string validator;                         // REST: id; empty = none
  std::map<std::string, bool> parameters;        // REST: "method.request.header.X" → required
  std::map<std::string, std::string> models;     // REST: media type → model
  std::map<std::string, std::string> responses;  // WebSocket: route responses, id → key
};

// What a REST API says instead of AWS's own words for a kind of failure.
struct GatewayResponse {
  std::optional<int> status;
  ParameterMap parameters;  // "gatewayresponse.header.X" → "'text'"
  Templates templates;      // by media type
};

struct RequestValidator {
  bool body = false;
  bool parameters = false;
};

struct Cors {
  std::vector<std::string> origins, methods, headers, exposed;
  std::optional<int> max_age;
  bool credentials = false;
};

struct Definition {
  std::map<std::string, Route> routes;              // by id
  std::map<std::string, Integration> integrations;  // by id
  std::map<std::string, Authorizer> authorizers;    // by id
  std::optional<Cors> cors;
  std::vector<std::string> binary_types;               // REST
  std::map<std::string, GatewayResponse> responses;    // REST: by type, "DEFAULT_4XX"
  std::map<std::string, RequestValidator> validators;  // REST: by id
  std::map<std::string, json::value> models;           // REST: by name
  bool key_from_authorizer = false;                    // REST: ApiKeySourceType AUTHORIZER
  bool endpoint_disabled = false;                      // DisableExecuteApiEndpoint
  bool endpoint_private = false;      // reached through VPC endpoints alone, of which there are none here
  std::optional<json::value> policy;  // REST: the resource policy, its resources written out
  std::string route_selection;        // WebSocket: the path in the body, "action"
};

struct Stage {
  std::string deployment;
  bool auto_deploy = false;
  std::map<std::string, std::string> variables;
  StageThrottling throttling;
  GatewayTags tags = {};
};

struct RestResource {
  std::string parent;  // empty for the root
  std::string path;    // "/pets/{id}"
};

struct Api {
  GatewayKind kind = GatewayKind::http;
  std::string id;
  std::string name;
  base::WallTime created{};
  std::shared_ptr<const Definition> live = std::make_shared<const Definition>();
  std::map<std::string, std::shared_ptr<const Definition>> deployments;
  std::map<std::string, Stage> stages;
  std::map<std::string, RestResource> resources;
  std::string root_resource;
  GatewayTags tags;

  void edit(const std::function<void(Definition&)>& change);
  // What a stage serves: the live definition, or its deployment's; null if there is no such stage or deployment.
  std::shared_ptr<const Definition> served(std::string_view stage) const;
};

class UsagePlans;  // usage_plan.h

class GatewayStore {
 public:
  explicit GatewayStore(Cloud& cloud);
  ~GatewayStore();

  Api& create(GatewayKind kind, std::string name);
  void remove(std::string_view id);
  Api* find(std::string_view id);
  const Api* find(std::string_view id) const;
  const std::map<std::string, Api, std::less<>>& all() const { return apis_; }
  // Errors: NotFoundException 404.
  base::Result<Api*> need(std::string_view id, GatewayKind kind);
  base::Result<Api*> need_v2(std::string_view id);

  UsagePlans& usage() const { return *usage_; }

  std::string domain_of(std::string_view id) const;  // "{id}.execute-api.{region}.amazonaws.com"
  // "arn:aws:execute-api:{region}:{account}:{id}/{rest}"
  std::string arn_of(std::string_view id, std::string_view rest) const;

  static std::string random_id(std::size_t length);  // lower-case letters and digits
  // "R0oXAdfD0kwCH6w=": what connection ids and extended request ids look like; may hold '-' and '_'.
  static std::string random_token();

 private:
  Cloud& cloud_;
  std::unique_ptr<UsagePlans> usage_;
  std::map<std::string, Api, std::less<>> apis_;
};

// The function in "arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations", or the ARN itself.
// Errors: any other integration, by name.
base::Result<std::string> function_of_uri(std::string_view uri);

}  // namespace localcloud
