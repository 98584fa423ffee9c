#include "localcloud/apigateway/stage_settings.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "localcloud/apigateway/bad_request.h"
#include "localcloud/service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace json = boost::json;

namespace {

base::Result<> check_members(const json::object& settings, std::string_view what,
                             const std::set<std::string_view>& known) {
  for (const auto& member : settings) {
    if (known.contains(member.key())) continue;
    return bad_request(
        fmt::format("{}.{} is not implemented by the local cloud", what, std::string_view(member.key())));
  }
  return {};
}

base::Result<std::optional<double>> read_limit(const json::object& settings, std::string_view name) {
  std::string text = text_property(settings, name);
  if (text.empty()) return std::optional<double>();
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0)) {
    return bad_request(fmt::format("Invalid value for {}: {}", name, text));
  }
  return std::optional<double>(value);
}

// nullopt: they set no limit.
base::Result<std::optional<ThrottleLimits>> read_limits(const json::object& settings) {
  TRY(auto rate, read_limit(settings, "ThrottlingRateLimit"));
  TRY(auto burst, read_limit(settings, "ThrottlingBurstLimit"));
  if (!rate && !burst) return std::optional<ThrottleLimits>();
  ThrottleLimits limits;
  limits.rate = rate.value_or(limits.rate);
  limits.burst = burst.value_or(limits.burst);
  return std::optional(limits);
}

base::Result<std::optional<ThrottleLimits>> read_route(const json::value& settings, std::string_view what) {
  const auto* object = settings.if_object();
  if (object == nullptr) return bad_request(fmt::format("{} must be an object", what));
  TRY(check_members(
      *object, what,
      {"DataTraceEnabled", "DetailedMetricsEnabled", "LoggingLevel", "ThrottlingBurstLimit", "ThrottlingRateLimit"}));
  return read_limits(*object);
}

// "/~1pets~1{id}" → "/pets/{id}".
std::string decoded_path(std::string_view text) {
  if (text.starts_with("/~1")) text.remove_prefix(1);
  std::string path;
  for (std::size_t at = 0; at < text.size(); ++at) {
    bool slash = text.substr(at).starts_with("~1");
    path += slash ? '/' : text[at];
    if (slash) ++at;
  }
  return path;
}

}  // namespace

base::Result<StageThrottling> read_route_settings(const json::object& properties) {
  StageThrottling throttling;
  if (const auto* every = properties.if_contains("DefaultRouteSettings")) {
    TRY(throttling.every, read_route(*every, "DefaultRouteSettings"));
  }
  const auto* routes = properties.if_contains("RouteSettings");
  if (routes == nullptr) return throttling;
  if (!routes->is_object()) return bad_request("RouteSettings must be an object");
  for (const auto& [key, settings] : routes->get_object()) {
    TRY(auto limits, read_route(settings, "RouteSettings"));
    if (limits) throttling.routes[std::string(key)] = *limits;
  }
  return throttling;
}

base::Result<StageThrottling> read_method_settings(const json::object& properties) {
  StageThrottling throttling;
  const auto* list = properties.if_contains("MethodSettings");
  if (list == nullptr) return throttling;
  if (!list->is_array()) return bad_request("MethodSettings must be a list");
  for (const auto& one : list->get_array()) {
    const auto* settings = one.if_object();
    if (settings == nullptr) return bad_request("MethodSettings must hold objects");
    TRY(check_members(*settings, "MethodSettings",
                      {"HttpMethod", "ResourcePath", "DataTraceEnabled", "LoggingLevel", "MetricsEnabled",
                       "ThrottlingBurstLimit", "ThrottlingRateLimit", "CachingEnabled"}));
    if (text_property(*settings, "CachingEnabled") == "true") {
      return bad_request("MethodSettings.CachingEnabled is not implemented by the local cloud");
    }
    TRY(auto limits, read_limits(*settings));
    if (!limits) continue;
    std::string method = text_property(*settings, "HttpMethod", "*");
    std::string path = decoded_path(text_property(*settings, "ResourcePath", "/*"));
    if (method == "*" && path == "/*") {
      throttling.every = limits;
    } else {
      throttling.routes[fmt::format("{} {}", method, path)] = *limits;
    }
  }
  return throttling;
}

}  // namespace localcloud
