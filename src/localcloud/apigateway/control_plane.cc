#include "localcloud/apigateway/control_plane.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "localcloud/apigateway/bad_request.h"
#include "localcloud/iam/iam.h"
#include "localcloud/path_pattern.h"
#include "net/url.h"

namespace localcloud {

namespace {

std::array<std::span<const ControlRoute>, 4> all_control_routes() {
  return {control_routes_v2(), control_routes_v1(), control_routes_usage(), control_routes_tags()};
}

// The text as a number of items; nullopt if it is none.
std::optional<std::size_t> number_of(std::string_view text) {
  std::size_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::vector<std::string> GatewayControlPlane::operations() const {
  std::vector<std::string> names{"apigatewaymanagementapi:PostToConnection", "apigatewaymanagementapi:GetConnection",
                                 "apigatewaymanagementapi:DeleteConnection"};
  for (auto routes : all_control_routes()) {
    for (const auto& route : routes) names.emplace_back(route.name);
  }
  return names;
}

awaitable<net::Response> GatewayControlPlane::handle(Call call) {
  auto answer = act(call);
  if (!answer) co_return rest_json_failure(call, answer.error());
  co_return std::move(*answer);
}

base::Result<net::Response> GatewayControlPlane::act(const Call& call) const {
  auto target = split_target(call.request.target);
  auto segments = path_segments(target.path);
  for (auto routes : all_control_routes()) {
    for (const auto& route : routes) {
      if (route.method != call.request.method) continue;
      auto parts = match_path(route.path, segments);
      if (!parts) continue;
      TRY(auto body, json_input(call.request));
      return run(route, {cloud_, store_, std::move(*parts), std::move(target.query), std::move(body)}, call, segments);
    }
  }
  return base::fail(not_implemented("apigateway", fmt::format("{} {}", call.request.method, target.path)));
}

base::Result<net::Response> GatewayControlPlane::run(const ControlRoute& route, const ControlRequest& request,
                                                     const Call& call, std::vector<std::string> segments) const {
  // The ARNs of both APIs begin with what follows the version (service authorization reference, API Gateway
  // Management V2).
  if (segments.front() == "v2") segments.erase(segments.begin());
  auto context = tag_context(request, segments);
  // The one segment that is an ARN itself stands in a right as in the path.
  if (segments.front() == "tags") segments.back() = net::percent_encode(segments.back());
  auto resource = fmt::format("arn:aws:apigateway:{}::/{}", cloud_.region, fmt::join(segments, "/"));
  TRY(cloud_.iam->authorize(call.caller, fmt::format("apigateway:{}", route.method), resource, context));
  TRY(auto answer, route.run(request));
  auto response = rest_json_answer(call, route.status, std::move(answer));
  if (route.status == 204) {
    response.body.clear();
    response.headers.remove("Content-Type");
  }
  return response;
}

ControlAnswer page_of(const ControlRequest& request, const ControlPages& pages, std::vector<json::object> items) {
  auto limit = number_of(field(request.query, pages.limit).value_or(std::to_string(pages.usual)));
  if (!limit || *limit == 0) return bad_request(fmt::format("Invalid {}", pages.limit));
  auto begin = number_of(field(request.query, pages.token).value_or("0"));
  if (!begin || *begin > items.size()) {
    return bad_request(fmt::format("Invalid {}", pages.token));
  }
  auto end = std::min(items.size(), *begin + std::min(*limit, pages.most));
  json::array list;
  for (auto at = *begin; at < end; ++at) list.push_back(std::move(items[at]));
  json::object answer{{pages.items, std::move(list)}};
  if (end < items.size()) answer[pages.answer_token] = std::to_string(end);
  return answer;
}

tl::unexpected<base::Error> unknown_identifier(std::string_view what) {
  return aws_error(404, "NotFoundException", fmt::format("Invalid {} identifier specified", what));
}

json::object json_of(const std::map<std::string, std::string>& texts) {
  json::object object;
  for (const auto& [name, text] : texts) object[name] = text;
  return object;
}

json::array json_of(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::object json_of(const Templates& templates) {
  json::object object;
  for (const auto& [name, text] : templates) object[name] = text;
  return object;
}

std::string uri_of(const Cloud& cloud, const Integration& integration) {
  if (!integration.function.empty()) return invocation_uri(cloud, integration.function);
  if (integration.type != Integration::Type::aws) return integration.uri;
  return fmt::format("arn:aws:apigateway:{}:{}:{}", cloud.region, integration.service, integration.uri);
}

std::string_view name_of(Passthrough passthrough) {
  if (passthrough == Passthrough::never) return "NEVER";
  return passthrough == Passthrough::when_no_match ? "WHEN_NO_MATCH" : "WHEN_NO_TEMPLATES";
}

std::string invocation_uri(const Cloud& cloud, std::string_view function) {
  return fmt::format("arn:aws:apigateway:{}:lambda:path/2015-03-31/functions/{}/invocations", cloud.region, function);
}

}  // namespace localcloud
