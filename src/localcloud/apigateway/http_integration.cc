// Integrations that hand a request on as it is, changed by parameter mappings: HTTP endpoints, and the services of the
// account that an HTTP API calls itself.
#include <fmt/format.h>

#include "localcloud/apigateway/http_gateway.h"
#include "localcloud/apigateway/service_call.h"
#include "localcloud/apigateway/time_limit.h"
#include "localcloud/http_text.h"
#include "localcloud/wire.h"
#include "net/tls.h"
#include "net/url.h"

namespace localcloud {

namespace {

constexpr std::size_t kMaxAnswer = 10 * 1024 * 1024;

// "{proxy}" and "{proxy+}" of a URL by the parameters of the path.
std::string with_path_parameters(std::string url, const std::map<std::string, std::string>& parameters) {
  for (const auto& [name, value] : parameters) {
    for (const std::string& reference : {"{" + name + "}", "{" + name + "+}"}) {
      std::string encoded = net::percent_encode(value, true);
      for (std::size_t at = 0; (at = url.find(reference, at)) != std::string::npos; at += encoded.size()) {
        url.replace(at, reference.size(), encoded);
      }
    }
  }
  return url;
}

std::string with_query(std::string target, std::string_view query) {
  if (query.empty()) return target;
  return fmt::format("{}{}{}", target, target.find('?') == std::string::npos ? '?' : '&', query);
}

net::Headers forwarded(const net::Headers& headers) {
  net::Headers kept;
  for (const auto& [name, value] : headers) {
    static const std::set<std::string> kHops{"host", "connection", "transfer-encoding", "keep-alive",
                                             "te",   "trailer",    "upgrade",           "content-length"};
    if (!kHops.contains(lower_case(name))) kept.add(name, value);
  }
  return kept;
}

// "overwrite:header.x" → operation and what it is done to.
std::pair<std::string_view, std::string_view> cut_operation(std::string_view to) {
  std::size_t colon = to.find(':');
  return {to.substr(0, colon), to.substr(colon + 1)};
}

void map_header(net::Headers& headers, std::string_view operation, std::string_view name, std::string value) {
  if (operation == "remove") {
    headers.remove(name);
  } else if (operation == "append") {
    headers.add(std::string(name), std::move(value));
  } else {
    headers.set(name, std::move(value));
  }
}

void map_query(Fields& query, std::string_view operation, std::string_view name, std::string value) {
  if (operation != "append") std::erase_if(query, [&](const auto& one) { return one.first == name; });
  if (operation != "remove") query.emplace_back(name, std::move(value));
}

std::string query_text(const Fields& query) {
  std::string text;
  for (const auto& [name, value] : query) {
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", net::percent_encode(name), net::percent_encode(value));
  }
  return text;
}

}  // namespace

awaitable<std::optional<base::Result<net::Response>>> HttpGateway::send_http(net::Url url, net::Request request,
                                                                             base::Millis limit) {
  if (!client_) {
    auto tls = net::make_client_tls(cloud_.ca_pem, false);
    if (!tls) co_return base::Result<net::Response>(base::fail(tls.error()));
    client_ = net::make_http_client(cloud_.executor, std::move(*tls));
  }
  net::SendOptions options{.timeout = std::chrono::milliseconds(0), .repeatable = false, .max_body = kMaxAnswer};
  co_return co_await within(cloud_, limit, client_->send(std::move(url), std::move(request), options));
}

awaitable<net::Response> HttpGateway::call_http_proxy(std::shared_ptr<Call> call) {
  const auto& integration = call->integration;
  bool http = call->kind == GatewayKind::http;
  auto sources = sources_of(*call);
  net::Request request{.method = integration.method.empty() || integration.method == "ANY" ? call->proxy.request.method
                                                                                           : integration.method,
                       .target = "/",
                       .headers = forwarded(call->proxy.request.headers),
                       .body = call->proxy.request.body};
  auto parameters = call->proxy.path_parameters;
  Fields query = parse_form(call->proxy.query);
  std::string path;
  for (const auto& [to, from] : integration.request_parameters) {
    constexpr std::string_view kRest = "integration.request.";
    if (!http) {
      auto value = rest_value(from, sources);
      std::string_view place = std::string_view(to).substr(kRest.size());
      if (!value) continue;
      if (place.starts_with("path.")) parameters[std::string(place.substr(5))] = *value;
      if (place.starts_with("header.")) request.headers.set(place.substr(7), *value);
      if (place.starts_with("querystring.")) map_query(query, "overwrite", place.substr(12), *value);
      continue;
    }
    auto [operation, place] = cut_operation(to);
    auto value = http_value(from, sources);
    if (place == "path") path = value;
    if (place.starts_with("header.")) map_header(request.headers, operation, place.substr(7), value);
    if (place.starts_with("querystring.")) map_query(query, operation, place.substr(12), value);
  }
  auto url = net::parse_url(with_path_parameters(integration.uri, parameters));
  if (!url) co_return refuse(*call, {FailureKind::api_configuration_error});
  request.target = with_query(path.empty() ? url->target : path, query_text(query));
  request.headers.set("Host", url->authority());
  auto answer = co_await send_http(*url, std::move(request), integration.timeout);
  if (!answer) co_return refuse(*call, {FailureKind::integration_timeout});
  if (!*answer) co_return refuse(*call, {FailureKind::integration_failure});
  auto response = std::move(**answer);
  response.headers = forwarded(response.headers);
  auto mapped = integration.response_parameters.find(std::to_string(response.status));
  if (mapped != integration.response_parameters.end()) {
    const auto original = response;
    sources.answer = &original;
    for (const auto& [to, from] : mapped->second) {
      auto [operation, place] = cut_operation(to);
      auto value = http_value(from, sources);
      if (place.starts_with("header.")) map_header(response.headers, operation, place.substr(7), value);
      if (place == "statuscode" && value.size() == 3) response.status = std::atoi(value.c_str());
    }
  }
  co_return finish(*call, std::move(response));
}

awaitable<net::Response> HttpGateway::call_subtype(std::shared_ptr<Call> call) {
  const auto& integration = call->integration;
  auto sources = sources_of(*call);
  std::map<std::string, std::string> parameters;
  for (const auto& [name, from] : integration.request_parameters) parameters[name] = http_value(from, sources);
  auto made = call_of_subtype(integration.subtype, parameters, integration.credentials);
  auto answer = co_await within(cloud_, integration.timeout, call_service(cloud_, std::move(made)));
  if (!answer) co_return refuse(*call, {FailureKind::integration_timeout});
  if (!*answer) co_return refuse(*call, {FailureKind::api_configuration_error});
  co_return finish(*call, std::move(**answer));
}

}  // namespace localcloud
