#include "localcloud/http_event.h"

#include <fmt/format.h>

#include "codec/base64.h"
#include "codec/json.h"
#include "localcloud/http_text.h"
#include "localcloud/wire.h"
#include "net/url.h"

namespace localcloud {

namespace {

using json::object;

std::string media_type(std::string_view content_type) {
  std::string type = lower_case(content_type.substr(0, content_type.find(';')));
  while (type.ends_with(' ')) type.pop_back();
  return type;
}

// HTTP APIs hand these on as text and everything else in base64.
bool is_text_type(std::string_view content_type) {
  std::string type = media_type(content_type);
  return type.empty() || type.starts_with("text/") || type == "application/json" || type == "application/javascript" ||
         type == "application/xml" || type.ends_with("+json") || type.ends_with("+xml");
}

// What API Gateway adds to the headers of a request on its way.
net::Headers forwarded_headers(const ProxyRequest& request) {
  net::Headers headers = request.request.headers;
  for (std::string_view hop : {"Connection", "Transfer-Encoding", "Keep-Alive", "Upgrade", "TE", "Trailer"})
    headers.remove(hop);
  std::string forwarded = headers.get_or("X-Forwarded-For", "");
  headers.set("X-Forwarded-For", forwarded.empty() ? request.source_ip : forwarded + ", " + request.source_ip);
  headers.set("X-Forwarded-Port", "443");
  headers.set("X-Forwarded-Proto", "https");
  if (!request.trace_id.empty() && !headers.has("X-Amzn-Trace-Id")) headers.add("X-Amzn-Trace-Id", request.trace_id);
  return headers;
}

template <typename Map>
json::value object_or_null(const Map& map) {
  if (map.empty()) return nullptr;
  object out;
  for (const auto& [key, value] : map) out[key] = repaired_utf8(value);
  return out;
}

// The last value of each name, and all of them.
struct Fold {
  json::value single;
  json::value multiple;
};
template <typename Pairs>
Fold fold(const Pairs& pairs) {
  object single;
  object multiple;
  for (const auto& [name, value] : pairs) {
    std::string key(name);
    // A header that came in two spellings is one header.
    for (const auto& known : multiple) {
      if (net::same_name(known.key(), key)) key = std::string(known.key());
    }
    single[key] = repaired_utf8(value);
    if (!multiple.contains(key)) multiple[key] = json::array();
    multiple[key].as_array().emplace_back(repaired_utf8(value));
  }
  if (single.empty()) return {nullptr, nullptr};
  return {std::move(single), std::move(multiple)};
}
Fold fold_query(const Fields& fields) {
  object single;
  object multiple;
  for (const auto& [name, value] : fields) {
    single[name] = repaired_utf8(value);
    if (!multiple.contains(name)) multiple[name] = json::array();
    multiple[name].as_array().emplace_back(repaired_utf8(value));
  }
  if (single.empty()) return {nullptr, nullptr};
  return {std::move(single), std::move(multiple)};
}

struct Body {
  std::string text;
  bool base64 = false;
};
Body http_body(const net::Request& request) {
  bool text = is_text_type(request.headers.get_or("Content-Type", "")) && !request.headers.has("Content-Encoding") &&
              is_utf8(request.body);
  return text ? Body{request.body, false} : Body{codec::base64_encode(request.body), true};
}

std::string full_path(const ProxyRequest& request) {
  return request.stage == "$default" ? request.path : "/" + request.stage + request.path;
}

object identity_of(const ProxyRequest& request) {
  object identity;
  bool known = request.caller.has_value();
  auto or_null = [&](const std::string& text) { return known ? json::value(text) : json::value(nullptr); };
  const Principal caller = request.caller.value_or(Principal{});
  identity["cognitoIdentityPoolId"] = nullptr;
  identity["accountId"] = or_null(request.account_id);
  identity["cognitoIdentityId"] = nullptr;
  identity["caller"] = or_null(caller.user_id);
  identity["sourceIp"] = request.source_ip;
  identity["principalOrgId"] = nullptr;
  identity["accessKey"] = or_null(caller.access_key_id);
  identity["cognitoAuthenticationType"] = nullptr;
  identity["cognitoAuthenticationProvider"] = nullptr;
  identity["userArn"] = or_null(caller.arn);
  std::string agent = request.request.headers.get_or("User-Agent", "");
  identity["userAgent"] = agent.empty() ? json::value(nullptr) : json::value(repaired_utf8(agent));
  if (!request.api_key.empty()) {
    identity["apiKey"] = request.api_key;
    identity["apiKeyId"] = request.api_key_id;
  }
  identity["user"] = or_null(caller.user_id);
  return identity;
}

object authorizer_v1(const ProxyRequest::Authorized& authorized) {
  object context = authorized.context;
  context["principalId"] = authorized.principal_id;
  context["integrationLatency"] = 0;
  return context;
}

object context_v1(const ProxyRequest& request) {
  object context;
  context["accountId"] = request.account_id;
  context["apiId"] = request.api_id;
  context["domainName"] = request.domain;
  context["domainPrefix"] = request.api_id;
  context["extendedRequestId"] = request.request_id;
  context["httpMethod"] = request.request.method;
  context["identity"] = identity_of(request);
  context["path"] = full_path(request);
  context["protocol"] = "HTTP/1.1";
  context["requestId"] = request.request_id;
  context["requestTime"] = common_log_time(request.time);
  context["requestTimeEpoch"] = base::epoch_ms(request.time);
  context["resourceId"] = request.resource_id;
  context["resourcePath"] = request.resource_path;
  context["stage"] = request.stage;
  return context;
}

// The members that both formats with the version 1 layout share, in their documented order.
object event_v1(const ProxyRequest& request, std::string path, object context) {
  object event;
  event["resource"] = request.resource_path;
  event["path"] = std::move(path);
  event["httpMethod"] = request.request.method;
  auto headers = fold(forwarded_headers(request));
  event["headers"] = std::move(headers.single);
  event["multiValueHeaders"] = std::move(headers.multiple);
  auto query = fold_query(parse_form(request.query));
  event["queryStringParameters"] = std::move(query.single);
  event["multiValueQueryStringParameters"] = std::move(query.multiple);
  event["pathParameters"] = object_or_null(request.path_parameters);
  event["stageVariables"] = object_or_null(request.stage_variables);
  event["requestContext"] = std::move(context);
  return event;
}

void add_body(object& event, const ProxyRequest& request, Body body) {
  event["body"] = request.request.body.empty() ? json::value(nullptr) : json::value(body.text);
  event["isBase64Encoded"] = body.base64;
}

// Repeated names are one member, their values joined by commas.
void join(object& into, const std::string& name, std::string value) {
  auto* known = into.if_contains(name);
  into[name] = known != nullptr ? std::string(known->get_string()) + "," + value : std::move(value);
}

struct JoinedHeaders {
  object headers;  // in lower case, without the cookies
  json::array cookies;
};
JoinedHeaders joined_headers(const ProxyRequest& request) {
  JoinedHeaders joined;
  for (const auto& [name, value] : forwarded_headers(request)) {
    std::string key = lower_case(name);
    std::string text = repaired_utf8(value);
    if (key != "cookie") {
      join(joined.headers, key, std::move(text));
      continue;
    }
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = std::min(text.find(';', at), text.size());
      joined.cookies.emplace_back(text.substr(at, end - at));
      at = text.find_first_not_of(' ', end + 1);
    }
  }
  return joined;
}

object iam_authorizer(const ProxyRequest& request) {
  object iam;
  iam["accessKey"] = request.caller->access_key_id;
  iam["accountId"] = request.account_id;
  iam["callerId"] = request.caller->user_id;
  iam["cognitoIdentity"] = nullptr;
  iam["principalOrgId"] = nullptr;
  iam["userArn"] = request.caller->arn;
  iam["userId"] = request.caller->user_id;
  return iam;
}

json::value object_of_context(const ProxyRequest::Authorized& authorized) {
  return authorized.context.empty() ? json::value(nullptr) : json::value(authorized.context);
}

object context_v2(const ProxyRequest& request, json::value path) {
  object http;
  http["method"] = request.request.method;
  http["path"] = std::move(path);
  http["protocol"] = "HTTP/1.1";
  http["sourceIp"] = request.source_ip;
  http["userAgent"] = repaired_utf8(request.request.headers.get_or("User-Agent", ""));
  object context;
  context["accountId"] = request.account_id;
  context["apiId"] = request.api_id;
  if (request.caller) context["authorizer"] = object{{"iam", iam_authorizer(request)}};
  if (request.authorized) context["authorizer"] = object{{"lambda", object_of_context(*request.authorized)}};
  context["domainName"] = request.domain;
  context["domainPrefix"] = request.api_id;
  context["http"] = std::move(http);
  context["requestId"] = request.request_id;
  context["routeKey"] = request.route_key;
  context["stage"] = request.stage;
  context["time"] = common_log_time(request.time);
  context["timeEpoch"] = base::epoch_ms(request.time);
  return context;
}

}  // namespace

bool is_binary_type(const std::vector<std::string>& binary_types, std::string_view content_type) {
  std::string type = media_type(content_type);
  for (const auto& binary : binary_types) {
    if (binary == "*/*" || (!type.empty() && lower_case(binary) == type)) return true;
    if (binary.ends_with("/*") && type.starts_with(lower_case(binary.substr(0, binary.size() - 1)))) return true;
  }
  return false;
}

namespace {

// Everything of the event of format 2.0 but its body.
object event_v2(const ProxyRequest& request) {
  object event;
  event["version"] = "2.0";
  event["routeKey"] = request.route_key;
  event["rawPath"] = repaired_utf8(net::percent_decode(full_path(request)));  // HTTP APIs decode it, unlike REST APIs
  event["rawQueryString"] = request.query;
  auto headers = joined_headers(request);
  if (!headers.cookies.empty()) event["cookies"] = std::move(headers.cookies);
  event["headers"] = std::move(headers.headers);
  object query;
  for (const auto& [name, value] : parse_form(request.query)) join(query, name, repaired_utf8(value));
  if (!query.empty()) event["queryStringParameters"] = std::move(query);
  event["requestContext"] = context_v2(request, event["rawPath"]);
  if (!request.path_parameters.empty()) event["pathParameters"] = object_or_null(request.path_parameters);
  if (!request.stage_variables.empty()) event["stageVariables"] = object_or_null(request.stage_variables);
  return event;
}

// The same of format 1.0 of an HTTP API, after what `event` holds already.
object& add_http_v1(object& event, const ProxyRequest& request) {
  auto context = context_v1(request);
  context["authorizer"] = object{{"claims", nullptr}, {"scopes", nullptr}};
  if (request.authorized) context["authorizer"] = authorizer_v1(*request.authorized);
  context["resourceId"] = request.route_key;
  std::string path = repaired_utf8(net::percent_decode(full_path(request)));
  context["path"] = path;
  for (auto& member : event_v1(request, std::move(path), std::move(context))) event[member.key()] = member.value();
  return event;
}

}  // namespace

json::object rest_request_context(const ProxyRequest& request) {
  auto context = context_v1(request);
  if (request.authorized) context["authorizer"] = authorizer_v1(*request.authorized);
  return context;
}

std::string http_event_v2(const ProxyRequest& request) {
  auto event = event_v2(request);
  Body body = http_body(request.request);
  if (!request.request.body.empty()) event["body"] = std::move(body.text);
  event["isBase64Encoded"] = !request.request.body.empty() && body.base64;
  return codec::to_text(event);
}

std::string http_event_v1(const ProxyRequest& request) {
  object event;
  event["version"] = "1.0";
  add_http_v1(event, request);
  Body body = http_body(request.request);
  if (request.request.body.empty()) body.base64 = false;
  add_body(event, request, std::move(body));
  return codec::to_text(event);
}

std::string rest_event(const ProxyRequest& request) {
  bool binary = is_binary_type(request.binary_types, request.request.headers.get_or("Content-Type", ""));
  Body body = binary ? Body{codec::base64_encode(request.request.body), !request.request.body.empty()}
                     : Body{repaired_utf8(request.request.body), false};
  auto event = event_v1(request, request.path, rest_request_context(request));
  add_body(event, request, std::move(body));
  return codec::to_text(event);
}

json::object authorizer_event_v2(const ProxyRequest& request, std::string_view route_arn) {
  object event;
  event["version"] = "2.0";
  event["type"] = "REQUEST";
  event["routeArn"] = route_arn;
  event["identitySource"] = nullptr;
  for (auto& member : event_v2(request)) event[member.key()] = member.value();
  return event;
}

json::object authorizer_event_v1(const ProxyRequest& request, std::string_view method_arn) {
  object event;
  event["version"] = "1.0";
  event["type"] = "REQUEST";
  event["methodArn"] = method_arn;
  event["identitySource"] = nullptr;
  event["authorizationToken"] = nullptr;
  return add_http_v1(event, request);
}

json::object authorizer_event_rest(const ProxyRequest& request, std::string_view method_arn) {
  object event;
  event["type"] = "REQUEST";
  event["methodArn"] = method_arn;
  for (auto& member : event_v1(request, request.path, rest_request_context(request)))
    event[member.key()] = member.value();
  return event;
}

}  // namespace localcloud
