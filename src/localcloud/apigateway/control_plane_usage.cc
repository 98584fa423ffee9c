// The Get operations of apigateway for API keys and usage plans. CloudFormation does not tell a key's value: this does.
#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "localcloud/apigateway/control_plane.h"
#include "localcloud/apigateway/usage_plan.h"

namespace localcloud {

namespace {

constexpr ControlPages kPages{"limit", "position", "position", "item", 25, 500};

json::object describe(const std::string& id, const ApiKey& key, bool with_value) {
  json::object described{{"id", id}, {"name", key.name}, {"enabled", key.enabled}};
  if (with_value) described["value"] = key.value;
  if (!key.tags.empty()) described["tags"] = json_of(key.tags);
  return described;
}

ControlAnswer get_api_keys(const ControlRequest& request) {
  if (field(request.query, "customerId")) {
    return base::fail(not_implemented("apigateway", "GetApiKeys with customerId"));
  }
  auto name = field(request.query, "name").value_or("");
  bool with_values = field(request.query, "includeValues") == "true";
  std::vector<json::object> items;
  for (const auto& [id, key] : request.store.usage().keys) {
    if (key.name.starts_with(name)) items.push_back(describe(id, key, with_values));
  }
  return page_of(request, kPages, std::move(items));
}

ControlAnswer get_api_key(const ControlRequest& request) {
  const auto& keys = request.store.usage().keys;
  auto found = keys.find(request.parts.front());
  if (found == keys.end()) return unknown_identifier("API Key");
  return describe(found->first, found->second, field(request.query, "includeValue") == "true");
}

json::object describe(const ThrottleLimits& limits) {
  return {{"burstLimit", static_cast<std::int64_t>(limits.burst)}, {"rateLimit", limits.rate}};
}

json::object describe(const Quota& quota) {
  using Period = Quota::Period;
  std::string_view period = quota.period == Period::day ? "DAY" : quota.period == Period::week ? "WEEK" : "MONTH";
  return {{"limit", quota.limit}, {"offset", quota.offset}, {"period", period}};
}

json::object describe(const std::string& id, const UsagePlan& plan) {
  json::array stages;
  for (const auto& [api, stage] : plan.stages) {
    json::object throttles;
    auto prefix = fmt::format("{} {} ", api, stage);
    for (const auto& [key, limits] : plan.method_throttles) {
      auto space = key.rfind(' ');
      if (!key.starts_with(prefix) || space < prefix.size()) continue;
      auto method = key.substr(prefix.size(), space - prefix.size());
      throttles[fmt::format("{}/{}", key.substr(space + 1), method)] = describe(limits);
    }
    json::object described{{"apiId", api}, {"stage", stage}};
    if (!throttles.empty()) described["throttle"] = std::move(throttles);
    stages.push_back(std::move(described));
  }
  json::object described{{"id", id}, {"name", plan.name}, {"apiStages", std::move(stages)}};
  if (plan.throttle) described["throttle"] = describe(*plan.throttle);
  if (plan.quota) described["quota"] = describe(*plan.quota);
  if (!plan.tags.empty()) described["tags"] = json_of(plan.tags);
  return described;
}

ControlAnswer get_usage_plans(const ControlRequest& request) {
  auto key = field(request.query, "keyId");
  std::vector<json::object> items;
  for (const auto& [id, plan] : request.store.usage().plans) {
    if (!key || plan.keys.contains(*key)) items.push_back(describe(id, plan));
  }
  return page_of(request, kPages, std::move(items));
}

base::Result<const std::pair<const std::string, UsagePlan>*> plan_of(const ControlRequest& request) {
  const auto& plans = request.store.usage().plans;
  auto found = plans.find(request.parts.front());
  if (found == plans.end()) return aws_error(404, "NotFoundException", "Invalid Usage Plan ID specified");
  return &*found;
}

ControlAnswer get_usage_plan(const ControlRequest& request) {
  TRY(const auto* plan, plan_of(request));
  return describe(plan->first, plan->second);
}

json::object describe_plan_key(const std::string& id, const ApiKey& key) {
  return {{"id", id}, {"type", "API_KEY"}, {"name", key.name}, {"value", key.value}};
}

ControlAnswer get_usage_plan_keys(const ControlRequest& request) {
  TRY(const auto* plan, plan_of(request));
  auto name = field(request.query, "name").value_or("");
  std::vector<json::object> items;
  for (const auto& [id, key] : request.store.usage().keys) {
    if (plan->second.keys.contains(id) && key.name.starts_with(name)) items.push_back(describe_plan_key(id, key));
  }
  return page_of(request, kPages, std::move(items));
}

ControlAnswer get_usage_plan_key(const ControlRequest& request) {
  TRY(const auto* plan, plan_of(request));
  const auto& keys = request.store.usage().keys;
  auto found = keys.find(request.parts.at(1));
  if (found == keys.end() || !plan->second.keys.contains(found->first)) return unknown_identifier("API Key");
  return describe_plan_key(found->first, found->second);
}

}  // namespace

std::span<const ControlRoute> control_routes_usage() {
  static constexpr std::array kRoutes{
      ControlRoute{"apigateway:GetApiKeys", "apikeys", get_api_keys},
      ControlRoute{"apigateway:GetApiKey", "apikeys/*", get_api_key},
      ControlRoute{"apigateway:GetUsagePlans", "usageplans", get_usage_plans},
      ControlRoute{"apigateway:GetUsagePlan", "usageplans/*", get_usage_plan},
      ControlRoute{"apigateway:GetUsagePlanKeys", "usageplans/*/keys", get_usage_plan_keys},
      ControlRoute{"apigateway:GetUsagePlanKey", "usageplans/*/keys/*", get_usage_plan_key}};
  return kRoutes;
}

}  // namespace localcloud
