// Who may use a route of an HTTP or REST API: the API's resource policy, IAM, a Lambda authorizer (AGW-guide
// apigateway-authorization-flow.md: within one account, what either policy allows is allowed, and a deny wins).
#include <fmt/format.h>

#include "localcloud/apigateway/http_gateway.h"
#include "localcloud/apigateway/request_validation.h"
#include "localcloud/iam/iam.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

// REST APIs hide the most of the account: "arn:aws:execute-api:us-east-1:********9012:…".
std::string masked(std::string text, const std::string& account) {
  std::string::size_type at = text.find("execute-api:");
  at = at == std::string::npos ? at : text.find(account, at);
  if (at != std::string::npos) text.replace(at, account.size() - 4, "********");
  return text;
}

ConditionContext conditions(const ProxyRequest& proxy) {
  ConditionContext context{{"aws:SourceIp", ContextValue(proxy.source_ip)},
                           {"aws:UserAgent", ContextValue(proxy.request.headers.get_or("User-Agent", ""))}};
  if (auto referer = proxy.request.headers.get("Referer")) context["aws:Referer"] = ContextValue(std::string(*referer));
  return context;
}

// What the API's own policy says of a caller without a name.
Decision policy_for_anyone(const Definition& definition, const ProxyRequest& proxy, const std::string& resource) {
  if (!definition.policy) return Decision::implicit_deny;
  PolicyQuestion question{.action = "execute-api:Invoke", .resource = resource, .context = conditions(proxy)};
  question.principal_kind = "Anonymous";
  return evaluate(*definition.policy, question, true);
}

Failure denied_by_policy(Decision decision, const std::string& resource, const std::string& account) {
  return {FailureKind::access_denied,
          masked(fmt::format("User: anonymous is not authorized to perform: execute-api:Invoke on resource: {}{}",
                             resource, decision == Decision::explicit_deny ? " with an explicit deny" : ""),
                 account)};
}

Failure failure_of_signature(const base::Error& error) {
  if (error.code == "MissingAuthenticationToken") return {FailureKind::missing_authentication_token};
  if (error.code.starts_with("Expired")) return {FailureKind::expired_token};
  return {FailureKind::invalid_signature, error.message};
}

}  // namespace

// The caller's own rights and the API's policy, for a signed request.
HttpGateway::Admission HttpGateway::admit_signed(Call& call) const {
  const auto& request = call.proxy.request;
  auto verified = check_signature(*cloud_.iam, request, request.headers.get_or("Host", ""));
  if (!verified) return failure_of_signature(verified.error());
  if (verified->service != "execute-api") {
    return Failure{FailureKind::invalid_signature, "Credential should be scoped to correct service: 'execute-api'. "};
  }
  if (verified->region != cloud_.region) {
    return Failure{FailureKind::invalid_signature,
                   fmt::format("Credential should be scoped to a valid region, not '{}'. ", verified->region)};
  }
  const auto* policy = call.definition->policy ? &*call.definition->policy : nullptr;
  auto allowed = cloud_.iam->authorize(verified->principal, "execute-api:Invoke", call.resource_arn,
                                       conditions(call.proxy), policy);
  if (!allowed) return Failure{FailureKind::access_denied, masked(allowed.error().message, cloud_.account_id)};
  call.proxy.caller = verified->principal;
  return std::nullopt;
}

awaitable<HttpGateway::Admission> HttpGateway::ask_authorizer(std::shared_ptr<Call> call) {
  auto found = call->definition->authorizers.find(call->route->access.authorizer);
  if (found == call->definition->authorizers.end()) co_return Failure{FailureKind::authorizer_configuration_error};
  const auto& authorizer = found->second;
  auto& proxy = call->proxy;
  AuthorizerQuestion question{.kind = call->kind,
                              .api_id = proxy.api_id,
                              .stage = proxy.stage,
                              .id = found->first,
                              .authorizer = authorizer,
                              .arn = call->resource_arn,
                              .source_ip = proxy.source_ip};
  question.api_policy = policy_for_anyone(*call->definition, proxy, call->resource_arn);
  bool version2 = call->kind == GatewayKind::http && authorizer.payload_version == "2.0";
  question.event = call->kind == GatewayKind::rest ? authorizer_event_rest(proxy, question.arn)
                   : version2                      ? authorizer_event_v2(proxy, question.arn)
                                                   : authorizer_event_v1(proxy, question.arn);
  auto identity = read_identity(authorizer, {.headers = &proxy.request.headers,
                                             .query = parse_form(proxy.query),
                                             .stage_variables = proxy.stage_variables,
                                             .context = question.event["requestContext"].as_object()});
  if (!identity) co_return Failure{FailureKind::unauthorized};
  question.identity = std::move(*identity);
  if (authorizer.type == Authorizer::Type::token) {
    question.event = {
        {"type", "TOKEN"}, {"methodArn", question.arn}, {"authorizationToken", question.identity.front()}};
  } else if (version2 && !question.identity.empty()) {
    question.event["identitySource"] = json::array(question.identity.begin(), question.identity.end());
  } else if (call->kind == GatewayKind::http && !question.identity.empty()) {
    question.event["identitySource"] = fmt::format("{}", fmt::join(question.identity, ","));
    question.event["authorizationToken"] = question.event["identitySource"];
  }
  auto answer = co_await authorizers_.ask(std::move(question));
  if (auto* failure = std::get_if<Failure>(&answer)) co_return std::move(*failure);
  auto& authorized = std::get<Authorized>(answer);
  call->usage_key = std::move(authorized.usage_key);
  proxy.authorized = {std::move(authorized.principal_id), std::move(authorized.context)};
  co_return std::nullopt;
}

HttpGateway::Admission HttpGateway::check_demands(Call& call) {
  auto& proxy = call.proxy;
  const auto& route = *call.route;
  auto now = cloud_.clock->now();
  if (route.access.api_key) {
    std::string key =
        call.definition->key_from_authorizer ? call.usage_key : proxy.request.headers.get_or("x-api-key", "");
    auto admitted = store_.usage().admit({key, proxy.api_id, proxy.stage, route.key}, now);
    if (auto* failure = std::get_if<Failure>(&admitted)) return std::move(*failure);
    proxy.api_key = std::move(key);
    proxy.api_key_id = std::get<std::string>(std::move(admitted));
  }
  if (call.kind == GatewayKind::http) return std::nullopt;
  return validate_request(*call.definition, route, sources_of(call), proxy.request);
}

awaitable<HttpGateway::Admission> HttpGateway::admit(std::shared_ptr<Call> call) {
  const auto& access = call->route->access;
  if (access.iam) co_return admit_signed(*call);
  auto decision = policy_for_anyone(*call->definition, call->proxy, call->resource_arn);
  bool denied = decision == Decision::explicit_deny;
  bool alone = access.authorizer.empty() && call->definition->policy && decision != Decision::allow;
  if (denied || alone) co_return denied_by_policy(decision, call->resource_arn, cloud_.account_id);
  if (access.authorizer.empty()) co_return std::nullopt;
  co_return co_await ask_authorizer(call);
}

}  // namespace localcloud
