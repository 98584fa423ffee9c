#include "localcloud/apigateway/authorizer.h"

#include <fmt/format.h>

#include "codec/json.h"
#include "localcloud/apigateway/function_call.h"
#include "localcloud/text_pattern.h"

namespace localcloud {

namespace {

constexpr base::Millis kTimeLimit{30'000};

// The text at "identity.sourceIp".
std::string text_at(const json::object& context, std::string_view path) {
  std::size_t dot = path.find('.');
  const auto* found = context.if_contains(path.substr(0, dot));
  if (found == nullptr || found->is_null()) return {};
  if (dot != std::string_view::npos) {
    return found->is_object() ? text_at(found->get_object(), path.substr(dot + 1)) : std::string();
  }
  return found->is_string() ? std::string(found->get_string()) : codec::to_text(*found);
}

std::string identity_value(const IdentitySource& source, const IdentityMaterial& material) {
  using Place = IdentitySource::Place;
  if (source.place == Place::header) return material.headers->get_or(source.name, "");
  if (source.place == Place::query) return field(material.query, source.name).value_or("");
  if (source.place == Place::context) return text_at(material.context, source.name);
  auto found = material.stage_variables.find(source.name);
  return found == material.stage_variables.end() ? std::string() : found->second;
}

std::string cache_key(const AuthorizerQuestion& question) {
  json::array key{json::string(question.api_id), json::string(question.stage), json::string(question.id)};
  for (const auto& value : question.identity) key.emplace_back(value);
  return codec::to_text(key);
}

// REST and WebSocket APIs hand texts on, and refuse what is neither text, number nor boolean.
std::optional<json::object> flat_context(const json::object& context) {
  json::object flat;
  for (const auto& [key, value] : context) {
    if (value.is_object() || value.is_array()) return std::nullopt;
    if (value.is_null()) continue;
    flat[key] = value.is_string() ? value : json::value(codec::to_text(value));
  }
  return flat;
}

std::variant<Authorized, Failure> read_simple(const json::object& answer) {
  const auto* allowed = answer.if_contains("isAuthorized");
  if (allowed == nullptr || !allowed->is_bool()) return Failure{FailureKind::authorizer_configuration_error};
  if (!allowed->get_bool()) return Failure{FailureKind::access_denied};
  Authorized authorized;
  if (const auto* context = answer.if_contains("context"); context != nullptr && context->is_object()) {
    authorized.context = context->get_object();
  }
  return authorized;
}

std::variant<Authorized, Failure> read_policy(const AuthorizerQuestion& question, const json::object& answer) {
  const Failure malformed{FailureKind::authorizer_configuration_error};
  const json::value whole(answer);
  const auto* policy = answer.if_contains("policyDocument");
  if (policy == nullptr || !check_policy(*policy, false)) return malformed;
  Authorized authorized;
  authorized.principal_id = codec::find_string(whole, "principalId");
  authorized.usage_key = codec::find_string(whole, "usageIdentifierKey");
  if (authorized.principal_id.empty()) return malformed;
  if (const auto* context = answer.if_contains("context"); context != nullptr && !context->is_null()) {
    if (!context->is_object()) return malformed;
    auto flat = flat_context(context->get_object());
    bool as_it_is = question.kind == GatewayKind::http && question.authorizer.payload_version == "2.0";
    if (!flat && !as_it_is) return malformed;
    authorized.context = as_it_is ? context->get_object() : std::move(*flat);
  }
  auto decision = evaluate(*policy,
                           {.action = "execute-api:Invoke",
                            .resource = question.arn,
                            .context = {{"aws:SourceIp", ContextValue(question.source_ip)}}},
                           false);
  decision = stronger(decision, question.api_policy);
  if (decision == Decision::allow) return authorized;
  std::string_view how = decision == Decision::explicit_deny ? " with an explicit deny" : "";
  return Failure{FailureKind::access_denied, fmt::format("User is not authorized to access this resource{}", how)};
}

}  // namespace

std::optional<std::vector<std::string>> read_identity(const Authorizer& authorizer, const IdentityMaterial& material) {
  std::vector<std::string> values;
  for (const auto& source : authorizer.sources) {
    values.push_back(identity_value(source, material));
    if (values.back().empty()) return std::nullopt;
  }
  if (!authorizer.validation.empty() && !values.empty() &&
      !matches_text_pattern(authorizer.validation, values.front()).value_or(false)) {
    return std::nullopt;
  }
  return values;
}

awaitable<std::variant<json::value, Failure>> Authorizers::call(AuthorizerQuestion question) {
  auto output =
      co_await call_function(cloud_, {.function = question.authorizer.function,
                                      .payload = codec::to_text(question.event),
                                      .source_arn = store_.arn_of(question.api_id, "authorizers/" + question.id),
                                      .credentials = question.authorizer.credentials,
                                      .limit = kTimeLimit});
  if (!output) co_return Failure{FailureKind::authorizer_failure};
  if (!*output) co_return Failure{FailureKind::authorizer_configuration_error};
  auto answer = codec::parse_json((*output)->payload);
  if (!(*output)->function_error.empty()) {
    // The one message that means more than a failure.
    bool unauthorized = answer && codec::find_string(*answer, "errorMessage") == "Unauthorized";
    co_return Failure{unauthorized ? FailureKind::unauthorized : FailureKind::authorizer_failure};
  }
  if (!answer || !answer->is_object()) co_return Failure{FailureKind::authorizer_configuration_error};
  co_return std::move(*answer);
}

awaitable<std::variant<Authorized, Failure>> Authorizers::ask(AuthorizerQuestion question) {
  auto now = cloud_.clock->now();
  std::erase_if(kept_, [&](const auto& one) { return one.second.until <= now; });
  const std::string key = cache_key(question);
  json::value answer;
  if (auto found = kept_.find(key); found != kept_.end()) {
    answer = found->second.answer;
  } else {
    auto told = co_await call(question);
    if (auto* failure = std::get_if<Failure>(&told)) co_return std::move(*failure);
    answer = std::get<json::value>(std::move(told));
    if (question.authorizer.result_ttl.count() > 0 && !question.identity.empty()) {
      kept_[key] = {answer, cloud_.clock->now() + question.authorizer.result_ttl};
    }
  }
  const auto& object = answer.get_object();
  co_return question.authorizer.simple_responses ? read_simple(object) : read_policy(question, object);
}

}  // namespace localcloud
