#include <fmt/format.h>

#include <algorithm>

#include "localcloud/apigateway/http_gateway.h"
#include "localcloud/http_text.h"

namespace localcloud {

namespace {

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& one) { return one == "*" || net::same_name(one, text); });
}

bool origin_allowed(const Cors& cors, std::string_view origin) {
  return std::any_of(cors.origins.begin(), cors.origins.end(), [&](const std::string& one) {
    bool prefix =
        one.size() > 1 && one.ends_with("*") && origin.starts_with(std::string_view(one).substr(0, one.size() - 1));
    return one == "*" || one == origin || prefix;
  });
}

}  // namespace

void add_cors_headers(const Cors& cors, const net::Request& request, net::Response& response) {
  auto origin = request.headers.get("Origin");
  if (!origin || !origin_allowed(cors, *origin)) return;
  bool any = std::find(cors.origins.begin(), cors.origins.end(), "*") != cors.origins.end();
  response.headers.set("Access-Control-Allow-Origin", any ? std::string("*") : std::string(*origin));
  if (!any) response.headers.set("Vary", "Origin");
  if (cors.credentials) response.headers.set("Access-Control-Allow-Credentials", "true");
  if (!cors.exposed.empty()) {
    response.headers.set("Access-Control-Expose-Headers", fmt::format("{}", fmt::join(cors.exposed, ",")));
  }
}

std::optional<net::Response> preflight_response(const Cors& cors, const net::Request& request) {
  auto method = request.headers.get("Access-Control-Request-Method");
  auto origin = request.headers.get("Origin");
  if (request.method != "OPTIONS" || !method || !origin) return std::nullopt;
  net::Response response;
  response.status = 204;
  if (!origin_allowed(cors, *origin) || !contains(cors.methods, *method)) return response;
  add_cors_headers(cors, request, response);
  response.headers.remove("Access-Control-Expose-Headers");
  response.headers.set("Access-Control-Allow-Methods", fmt::format("{}", fmt::join(cors.methods, ",")));
  std::vector<std::string> allowed;
  for (const auto& name : comma_list(request.headers.get_or("Access-Control-Request-Headers", ""))) {
    if (contains(cors.headers, name)) allowed.push_back(name);
  }
  if (!allowed.empty())
    response.headers.set("Access-Control-Allow-Headers", fmt::format("{}", fmt::join(allowed, ",")));
  if (cors.max_age) response.headers.set("Access-Control-Max-Age", std::to_string(*cors.max_age));
  return response;
}

}  // namespace localcloud
