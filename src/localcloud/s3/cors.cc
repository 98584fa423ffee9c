#include "localcloud/s3/cors.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "localcloud/http_text.h"
#include "localcloud/iam/policy.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

std::vector<std::string> texts(const XmlNode& node, std::string_view name) {
  std::vector<std::string> found;
  for (const auto* one : node.all(name)) found.push_back(one->text);
  return found;
}

bool any_matches(const std::vector<std::string>& patterns, std::string_view text, bool ignore_case) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches_wildcard(pattern, text, ignore_case); });
}

}  // namespace

base::Result<std::vector<CorsRule>> parse_cors(const XmlNode& configuration) {
  static const std::set<std::string_view> kMethods{"GET", "PUT", "POST", "DELETE", "HEAD"};
  constexpr std::size_t kMostRules = 100;
  std::vector<CorsRule> rules;
  for (const auto* node : configuration.all("CORSRule")) {
    CorsRule rule{.origins = texts(*node, "AllowedOrigin"),
                  .methods = texts(*node, "AllowedMethod"),
                  .headers = texts(*node, "AllowedHeader"),
                  .exposed = texts(*node, "ExposeHeader"),
                  .max_age = node->text_of("MaxAgeSeconds")};
    if (rule.origins.empty() || rule.methods.empty()) return malformed_xml();
    if (rule.max_age.size() > 9 || rule.max_age.find_first_not_of("0123456789") != std::string::npos) {
      return malformed_xml();
    }
    for (const auto& method : rule.methods) {
      if (kMethods.contains(method)) continue;
      return aws_error(400, "InvalidRequest",
                       fmt::format("Found unsupported HTTP method in CORS config. Unsupported method is {}", method));
    }
    for (const auto& origin : rule.origins) {
      if (std::count(origin.begin(), origin.end(), '*') <= 1) continue;
      return aws_error(400, "InvalidRequest",
                       fmt::format("AllowedOrigin \"{}\" can not have more than one wildcard.", origin));
    }
    rules.push_back(std::move(rule));
  }
  if (rules.empty() || rules.size() > kMostRules) return malformed_xml();
  return rules;
}

std::optional<net::Headers> cors_headers(const std::vector<CorsRule>& rules, std::string_view origin,
                                         std::string_view method, std::string_view wanted_headers, bool preflight) {
  auto wanted = comma_list(wanted_headers);
  for (const auto& rule : rules) {
    if (!any_matches(rule.origins, origin, false)) continue;
    if (std::find(rule.methods.begin(), rule.methods.end(), method) == rule.methods.end()) continue;
    if (!std::all_of(wanted.begin(), wanted.end(),
                     [&](const std::string& header) { return any_matches(rule.headers, header, true); })) {
      continue;
    }
    bool everyone = std::find(rule.origins.begin(), rule.origins.end(), "*") != rule.origins.end();
    net::Headers headers;
    headers.add("Access-Control-Allow-Origin", everyone ? "*" : std::string(origin));
    headers.add("Access-Control-Allow-Methods", fmt::format("{}", fmt::join(rule.methods, ", ")));
    if (!everyone) headers.add("Access-Control-Allow-Credentials", "true");
    if (preflight && !wanted.empty()) {
      headers.add("Access-Control-Allow-Headers", fmt::format("{}", fmt::join(wanted, ", ")));
    }
    if (!rule.exposed.empty()) {
      headers.add("Access-Control-Expose-Headers", fmt::format("{}", fmt::join(rule.exposed, ", ")));
    }
    if (!rule.max_age.empty()) headers.add("Access-Control-Max-Age", rule.max_age);
    headers.add("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
    return headers;
  }
  return std::nullopt;
}

}  // namespace localcloud
