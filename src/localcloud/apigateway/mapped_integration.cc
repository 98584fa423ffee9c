// Integrations of REST APIs whose requests and answers go through templates and parameter mappings: MOCK, functions
// without the proxy event, HTTP endpoints, services of the account (AGW-guide how-to-integration-settings.md).
#include <fmt/format.h>

#include "base/log.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "localcloud/apigateway/function_call.h"
#include "localcloud/apigateway/http_gateway.h"
#include "localcloud/apigateway/service_call.h"
#include "localcloud/apigateway/time_limit.h"
#include "localcloud/http_text.h"
#include "localcloud/text_pattern.h"
#include "localcloud/wire.h"
#include "net/url.h"

namespace localcloud {

namespace {

constexpr std::string_view kJson = "application/json";

std::string media_type(const net::Headers& headers) {
  std::string type = headers.get_or("Content-Type", kJson);
  type = lower_case(type.substr(0, type.find(';')));
  while (type.ends_with(' ')) type.pop_back();
  return type.empty() ? std::string(kJson) : type;
}

base::Result<Rendered> render(const std::string& text, const TemplateScope& scope) {
  TRY(auto parsed, MappingTemplate::parse(text));
  return parsed.render(scope);
}

// A body between bytes and base64 (AGW-guide api-gateway-payload-encodings-workflow.md). nullopt: it is no base64.
std::optional<std::string> converted(ContentHandling handling, bool binary, std::string body) {
  if (handling == ContentHandling::to_text && binary) return codec::base64_encode(body);
  if (handling != ContentHandling::to_binary || binary || body.empty()) return body;
  auto bytes = codec::base64_decode(body);
  if (!bytes) return std::nullopt;
  return std::move(*bytes);
}

// The body that an integration gets; a failure if its type has no template and must have one.
std::variant<Rendered, Failure> request_body(const Integration& integration, const MappingSources& sources,
                                             const net::Headers& headers, std::string body) {
  auto found = integration.request_templates.find(media_type(headers));
  if (found == integration.request_templates.end()) {
    bool refused =
        integration.passthrough == Passthrough::never ||
        (integration.passthrough == Passthrough::when_no_templates && !integration.request_templates.empty());
    if (refused) return Failure{FailureKind::unsupported_media_type};
    return Rendered{std::move(body), {}};
  }
  auto rendered = render(found->second, sources.scope);
  if (!rendered) {
    base::log_debug("a mapping template failed: {}", rendered.error().message);
    return Failure{FailureKind::bad_request_body, "Could not parse request body into json"};
  }
  return std::move(*rendered);
}

// What a mapped request has beside its body.
struct Mapped {
  net::Headers headers;
  Fields query;
  std::map<std::string, std::string> path;
};
Mapped map_request(const Integration& integration, const MappingSources& sources, const json::object& overrides) {
  Mapped mapped;
  constexpr std::size_t kPrefix = std::string_view("integration.request.").size();
  auto put = [&](std::string_view place, std::string value) {
    if (place.starts_with("header."))
      mapped.headers.set(place.substr(7), std::move(value));
    else if (place.starts_with("querystring."))
      mapped.query.emplace_back(place.substr(12), std::move(value));
    else if (place.starts_with("path."))
      mapped.path[std::string(place.substr(5))] = std::move(value);
  };
  for (const auto& [to, from] : integration.request_parameters) {
    if (auto value = rest_value(from, sources)) put(std::string_view(to).substr(kPrefix), std::move(*value));
  }
  const json::value all(overrides);
  for (std::string_view place : {"header", "querystring", "path"}) {
    const auto* values = codec::find(all, "requestOverride", place);
    if (values == nullptr || !values->is_object()) continue;
    for (const auto& [name, value] : values->get_object()) {
      put(fmt::format("{}.{}", place, std::string_view(name)),
          value.is_string() ? std::string(value.get_string()) : codec::to_text(value));
    }
  }
  return mapped;
}

// The integration response that `selector` chooses: the pattern that it matches whole, else the one without a pattern.
const IntegrationResponse* choose(const Integration& integration, const std::string& selector) {
  const IntegrationResponse* fallback = nullptr;
  for (const auto& [id, response] : integration.responses) {
    if (response.key.empty()) {
      fallback = &response;
    } else if (!selector.empty() && matches_text_pattern(response.key, selector).value_or(false)) {
      return &response;
    }
  }
  return fallback;
}

std::string with_path(std::string uri, const std::map<std::string, std::string>& path) {
  for (const auto& [name, value] : path) {
    std::string reference = "{" + name + "}";
    if (std::size_t at = uri.find(reference); at != std::string::npos) {
      uri.replace(at, reference.size(), net::percent_encode(value, true));
    }
  }
  return uri;
}

std::string query_of(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) {
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", net::percent_encode(name), net::percent_encode(value));
  }
  return text;
}

// A function that fails answers with 200; its message chooses the response.
std::string error_message(const std::string& payload) {
  auto error = codec::parse_json(payload);
  return error ? codec::find_string(*error, "errorMessage") : payload;
}

void apply_overrides(const json::object& overrides, net::Response& response) {
  const json::value all(overrides);
  if (const auto* status = codec::find(all, "responseOverride", "status"); status != nullptr && status->is_int64()) {
    if (status->get_int64() >= 100 && status->get_int64() <= 599)
      response.status = static_cast<int>(status->get_int64());
  }
  const auto* headers = codec::find(all, "responseOverride", "header");
  if (headers == nullptr || !headers->is_object()) return;
  for (const auto& [name, value] : headers->get_object()) {
    response.headers.set(name, value.is_string() ? std::string(value.get_string()) : codec::to_text(value));
  }
}

}  // namespace

MappingSources HttpGateway::sources_of(const Call& call) const {
  MappingSources sources;
  auto& scope = sources.scope;
  scope.context = rest_request_context(call.proxy);
  scope.body = repaired_utf8(call.proxy.request.body);
  scope.stage_variables = call.proxy.stage_variables;
  json::object path;
  json::object query;
  json::object headers;
  for (const auto& [name, value] : call.proxy.path_parameters) path[name] = repaired_utf8(value);
  for (const auto& [name, value] : parse_form(call.proxy.query)) query[name] = repaired_utf8(value);
  for (const auto& [name, value] : call.proxy.request.headers) headers[name] = repaired_utf8(value);
  scope.params = {{"path", std::move(path)}, {"querystring", std::move(query)}, {"header", std::move(headers)}};
  return sources;
}

awaitable<std::variant<HttpGateway::Answer, Failure>> HttpGateway::run_mapped(std::shared_ptr<Call> call,
                                                                              net::Request request) {
  const auto& integration = call->integration;
  const Failure timeout{FailureKind::integration_timeout};
  if (integration.type == Integration::Type::mock) {
    auto said = codec::parse_json(request.body);
    const auto* status = said ? codec::find(*said, "statusCode") : nullptr;
    if (status == nullptr || !status->is_int64()) co_return Failure{FailureKind::api_configuration_error};
    co_return Answer{{}, std::to_string(status->get_int64())};
  }
  if (integration.type == Integration::Type::lambda) {
    bool event = request.headers.get_or("X-Amz-Invocation-Type", "") == "Event";
    auto output =
        co_await call_function(cloud_, {.function = integration.function,
                                        .payload = std::move(request.body),
                                        .source_arn = call->source_arn,
                                        .credentials = integration.credentials,
                                        .trace_id = call->proxy.trace_id,
                                        .type = event ? InvocationType::event : InvocationType::request_response,
                                        .limit = integration.timeout});
    if (!output) co_return timeout;
    if (!*output) co_return Failure{FailureKind::api_configuration_error};
    bool failed = !(*output)->function_error.empty();
    std::string selector = failed ? error_message((*output)->payload) : std::string();
    net::Response response{.status = 200, .headers = {}, .body = std::move((*output)->payload)};
    co_return Answer{std::move(response), std::move(selector)};
  }
  std::optional<base::Result<net::Response>> answer;
  if (integration.type == Integration::Type::aws) {
    answer = co_await within(cloud_, integration.timeout,
                             call_service(cloud_, {.service = integration.service,
                                                   .uri = integration.uri,
                                                   .credentials = integration.credentials,
                                                   .request = std::move(request)}));
    if (answer && !*answer) co_return Failure{FailureKind::api_configuration_error};
    // As it would have come over the wire.
    if (answer) (*answer)->headers.set("Content-Length", std::to_string((*answer)->body.size()));
  } else {
    auto url = net::parse_url(integration.uri);
    if (!url) co_return Failure{FailureKind::api_configuration_error};
    bool has_query = url->target.find('?') != std::string::npos;
    if (has_query && !request.target.empty()) request.target.front() = '&';
    request.target = url->target + request.target;
    request.headers.set("Host", url->authority());
    answer = co_await send_http(*url, std::move(request), integration.timeout);
    if (answer && !*answer) co_return Failure{FailureKind::integration_failure};
  }
  if (!answer) co_return timeout;
  std::string status = std::to_string((*answer)->status);
  co_return Answer{std::move(**answer), std::move(status)};
}

awaitable<net::Response> HttpGateway::call_mapped(std::shared_ptr<Call> call) {
  auto& integration = call->integration;
  auto sources = sources_of(*call);
  const auto& headers = call->proxy.request.headers;
  bool binary = is_binary_type(call->proxy.binary_types, headers.get_or("Content-Type", kJson));
  auto bytes = converted(integration.content, binary, call->proxy.request.body);
  if (!bytes) co_return refuse(*call, {FailureKind::bad_request_body, "Unable to base64 decode the body."});
  sources.scope.body = repaired_utf8(*bytes);
  auto body = request_body(integration, sources, headers, std::move(*bytes));
  if (auto* failure = std::get_if<Failure>(&body)) co_return refuse(*call, *failure);
  auto& rendered = std::get<Rendered>(body);
  auto mapped = map_request(integration, sources, rendered.overrides);
  integration.uri = with_path(std::move(integration.uri), mapped.path);
  std::string method =
      integration.method.empty() || integration.method == "ANY" ? call->proxy.request.method : integration.method;
  net::Request request{
      .method = std::move(method), .headers = std::move(mapped.headers), .body = std::move(rendered.text)};
  std::string query = query_of(mapped.query);
  request.target = query.empty() ? std::string() : "?" + query;
  if (!request.headers.has("Content-Type")) request.headers.set("Content-Type", std::string(kJson));
  auto outcome = co_await run_mapped(call, std::move(request));
  if (auto* failure = std::get_if<Failure>(&outcome)) co_return refuse(*call, *failure);
  auto& answer = std::get<Answer>(outcome);
  const auto* chosen = choose(integration, answer.selector);
  if (chosen == nullptr) co_return refuse(*call, {FailureKind::api_configuration_error});

  bool binary_answer = is_binary_type(call->proxy.binary_types, answer.response.headers.get_or("Content-Type", kJson));
  auto content = converted(chosen->content, binary_answer, answer.response.body);
  if (!content) co_return refuse(*call, {FailureKind::api_configuration_error});
  net::Response response{.status = chosen->status, .headers = {}, .body = *content};
  sources.answer = &answer.response;
  for (const auto& [to, from] : chosen->parameters) {
    constexpr std::size_t kPrefix = std::string_view("method.response.header.").size();
    if (auto value = rest_value(from, sources)) response.headers.set(to.substr(kPrefix), std::move(*value));
  }
  std::string type(kJson);
  auto text = chosen->templates.find(kJson);
  if (text == chosen->templates.end()) text = chosen->templates.begin();
  if (text != chosen->templates.end()) {
    type = text->first;
    auto scope = sources.scope;
    scope.body = *content;
    auto made = render(text->second, scope);
    if (!made) co_return refuse(*call, {FailureKind::api_configuration_error});
    response.body = std::move(made->text);
    apply_overrides(made->overrides, response);
  } else if (integration.type == Integration::Type::mock) {
    response.body.clear();
  } else {
    type = answer.response.headers.get_or("Content-Type", kJson);
  }
  if (!response.headers.has("Content-Type")) response.headers.set("Content-Type", type);
  co_return finish(*call, std::move(response));
}

}  // namespace localcloud
