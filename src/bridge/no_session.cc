#include "bridge/no_session.h"

#include <array>
#include <boost/json.hpp>

#include "codec/json.h"

namespace bridge {
namespace {

namespace json = boost::json;

bool has(const json::value& value, std::string_view key) {
  return codec::find(value, key) != nullptr;
}

bool has_string(const json::value& value, std::string_view key) {
  const json::value* member = codec::find(value, key);
  return member != nullptr && member->is_string();
}

// aws-facts §4: payload formats 1.0 and 2.0, ALB, and the events of WebSocket routes.
bool is_http(const json::value& event) {
  const json::value* context = codec::find(event, "requestContext");
  if (context == nullptr || !context->is_object()) return false;
  if (has(event, "methodArn") || has(event, "routeArn") || has(event, "authorizationToken")) return false;
  if (codec::find_string(event, "version") == "2.0") {
    return has_string(event, "rawPath") && has_string(event, "routeKey") &&
           codec::find(*context, "http", "method") != nullptr;
  }
  if (has_string(*context, "connectionId") && has_string(*context, "eventType") && has_string(*context, "routeKey")) {
    return has_string(*context, "apiId");
  }
  if (!has_string(event, "httpMethod") || !has_string(event, "path")) return false;
  if (codec::find(*context, "elb", "targetGroupArn") != nullptr) return true;
  return has_string(event, "resource") && has_string(*context, "apiId");
}

bool mentions(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}

bool mentions_any(std::string_view text, std::initializer_list<std::string_view> all) {
  for (std::string_view what : all) {
    if (mentions(text, what)) return true;
  }
  return false;
}

// The role in "… is not authorized to perform: sts:AssumeRole on resource: ARN".
std::string assumed_role(std::string_view refusal) {
  constexpr std::string_view kResource = "on resource: ";
  std::size_t at = refusal.find(kResource);
  if (at == std::string_view::npos) return "the bridge role";
  std::string_view arn = refusal.substr(at + kResource.size());
  return "the bridge role " + std::string(arn.substr(0, arn.find(' ')));
}

json::object plain_headers() {
  return {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}};
}

}  // namespace

bool is_http_event(std::string_view event) {
  auto parsed = codec::parse_json(event);
  return parsed && is_http(*parsed);
}

Answer answer_for_nobody(std::string_view event, std::string_view error_type, std::string_view text) {
  auto parsed = codec::parse_json(event);
  if (!parsed || !is_http(*parsed)) return error_answer(error_type, text);
  json::object proxy;
  proxy["statusCode"] = 503;
  if (codec::find(*parsed, "requestContext", "elb") != nullptr) proxy["statusDescription"] = "503 Service Unavailable";
  // An ALB with multi-value headers passes over the plain ones.
  if (has(*parsed, "multiValueHeaders") && !has(*parsed, "headers")) {
    proxy["multiValueHeaders"] = json::object{{"Content-Type", json::array{json::value("text/plain; charset=utf-8")}},
                                              {"Cache-Control", json::array{json::value("no-store")}}};
  } else {
    proxy["headers"] = plain_headers();
  }
  proxy["body"] = std::string(text) + "\n";
  proxy["isBase64Encoded"] = false;
  return {.failed = false, .headers = {{"Content-Type", "application/json"}}, .body = json::serialize(proxy)};
}

std::optional<Answer> streamed_answer_for_nobody(std::string_view event, std::string_view text) {
  auto parsed = codec::parse_json(event);
  if (!parsed || !is_http(*parsed)) return std::nullopt;
  if (!mentions(codec::find_string(*parsed, "requestContext", "domainName"), ".lambda-url.")) return std::nullopt;
  json::object metadata;
  metadata["statusCode"] = 503;
  metadata["headers"] = plain_headers();
  return Answer{.headers = {{"Content-Type", "application/vnd.awslambda.http-integration-response"}},
                .body = json::serialize(metadata) + std::string(8, '\0') + std::string(text) + "\n"};
}

bool is_throttling(const Outcome& outcome) {
  return outcome.reach == Outcome::Reach::answered &&
         (outcome.status == 429 || mentions_any(outcome.detail, {"Throttl", "ProvisionedThroughput", "RequestLimit",
                                                                 "TooManyRequests", "LimitExceeded"}));
}

bool is_denial(const Outcome& outcome) {
  if (outcome.reach != Outcome::Reach::answered || is_throttling(outcome)) return false;
  if (outcome.status == 403 || outcome.status == 401) return true;
  return outcome.status == 400 &&
         mentions_any(outcome.detail,
                      {"ExpiredToken", "AccessDenied", "UnrecognizedClient", "InvalidSignature", "IncompleteSignature",
                       "MissingAuthenticationToken", "InvalidClientTokenId", "expired"});
}

Denial explain_denial(const Outcome& outcome, std::string_view what) {
  std::string start = "livelambda: AWS refused " + std::string(what) + " (" + std::to_string(outcome.status) + "): ";
  if (mentions_any(outcome.detail, {"Signature expired", "not yet current", "RequestTimeTooSkewed"})) {
    return {start + "the clock of this execution environment is wrong"};
  }
  if (mentions_any(outcome.detail, {"ExpiredToken", "token included in the request is expired", "token has expired"})) {
    return {start + "the credentials of this execution environment have expired; the next invocation gets a new one",
            true};
  }
  if (mentions_any(outcome.detail, {"sts:AssumeRole"})) {
    return {start + "the function's role is not this app's, and may not assume " + assumed_role(outcome.detail) +
            ". Either that role does not trust it yet: run `livelambda start` again. Or a policy, a permissions "
            "boundary or "
            "the organisation denies it sts:AssumeRole"};
  }
  if (mentions_any(outcome.detail, {"AccessDenied", "not authorized"})) {
    return {start + "the function's role lacks a permission. Run `livelambda start` again, which grants it"};
  }
  if (mentions_any(outcome.detail, {"InvalidSignature", "SignatureDoesNotMatch", "signature we calculated",
                                    "UnrecognizedClient", "InvalidClientTokenId", "security token"})) {
    return {start + "the function's credentials are not accepted"};
  }
  return {
      start +
      "the request was not recognised. A private `execute-api` endpoint with private DNS in the function's VPC answers "
      "so for every API of the region: turn its private DNS off (docs/vpc.md)"};
}

}  // namespace bridge
