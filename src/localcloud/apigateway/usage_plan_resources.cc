// AWS::ApiGateway::ApiKey, UsagePlan and UsagePlanKey.
#include <fmt/format.h>

#include <charconv>

#include "localcloud/apigateway/bad_request.h"
#include "localcloud/apigateway/gateway_type.h"
#include "localcloud/apigateway/usage_plan.h"
#include "localcloud/json_members.h"

namespace localcloud {

namespace {

base::Result<ResourceState> put_key(GatewayService& service, const ResourceRequest& request) {
  constexpr std::size_t kShortest = 20;
  auto& keys = service.store().usage().keys;
  std::string id = request.physical_id.empty() ? GatewayStore::random_id(10) : request.physical_id;
  ApiKey key{
      .name = text_property(request.properties, "Name", generated_name(request.stack_name, request.logical_id, 128)),
      .value = text_property(request.properties, "Value"),
      .enabled = flag_property(request.properties, "Enabled")};
  TRY(key.tags, tags_of(request));
  if (key.value.empty()) key.value = keys.contains(id) ? keys[id].value : GatewayStore::random_id(40);
  if (key.value.size() < kShortest) return bad_request("API Key value should be at least 20 characters");
  for (const auto& [other, known] : keys) {
    if (other != id && known.value == key.value) return aws_error(409, "ConflictException", "API Key already exists");
  }
  keys[id] = std::move(key);
  return ResourceState{.physical_id = id, .ref = {}, .attributes = {{"APIKeyId", id}}};
}

base::Result<std::optional<Quota>> read_quota(const json::object& properties) {
  const auto* found = properties.if_contains("Quota");
  if (found == nullptr || !found->is_object()) return std::optional<Quota>();
  const auto& written = found->get_object();
  Quota quota;
  std::string limit = text_property(written, "Limit");
  auto [end, error] = std::from_chars(limit.data(), limit.data() + limit.size(), quota.limit);
  if (error != std::errc{} || quota.limit < 0) return bad_request("Usage Plan quota limit must be a number");
  std::string offset = text_property(written, "Offset", "0");
  std::from_chars(offset.data(), offset.data() + offset.size(), quota.offset);
  std::string period = text_property(written, "Period");
  if (period == "DAY") {
    quota.period = Quota::Period::day;
  } else if (period == "WEEK") {
    quota.period = Quota::Period::week;
  } else if (period != "MONTH") {
    return bad_request("Usage Plan quota period must be one of [DAY, WEEK, MONTH]");
  }
  return std::optional(quota);
}

// "/pets/{id}/GET" of a stage's throttles as the key of a route.
std::string route_of(std::string_view written) {
  std::size_t slash = written.rfind('/');
  std::string_view path = written.substr(0, slash);
  return fmt::format("{} {}", written.substr(slash + 1), path.empty() ? "/" : path);
}

base::Result<> read_stages(GatewayService& service, const json::object& properties, UsagePlan& plan) {
  for (const auto& one : list_in(properties, "ApiStages")) {
    if (!one.is_object()) continue;
    std::string api_id = text_property(one.get_object(), "ApiId");
    std::string stage = text_property(one.get_object(), "Stage");
    TRY(auto* api, service.store().need(api_id, GatewayKind::rest));
    if (!api->stages.contains(stage)) {
      return aws_error(404, "NotFoundException", fmt::format("API Stage not found: {}:{}", api_id, stage));
    }
    plan.stages.emplace(api_id, stage);
    for (const auto& [method, limits] : object_in(one.get_object(), "Throttle")) {
      if (!limits.is_object()) continue;
      TRY(auto limit, read_rate_limit(limits.get_object()));
      if (limit) plan.method_throttles[fmt::format("{} {} {}", api_id, stage, route_of(method))] = *limit;
    }
  }
  return {};
}

base::Result<ResourceState> put_plan(GatewayService& service, const ResourceRequest& request) {
  auto& plans = service.store().usage().plans;
  std::string id = request.physical_id.empty() ? GatewayStore::random_id(6) : request.physical_id;
  UsagePlan plan;
  plan.name =
      text_property(request.properties, "UsagePlanName", generated_name(request.stack_name, request.logical_id, 128));
  TRY(read_stages(service, request.properties, plan));
  TRY(plan.throttle, read_rate_limit(object_in(request.properties, "Throttle")));
  TRY(plan.quota, read_quota(request.properties));
  TRY(plan.tags, tags_of(request));
  if (auto old = plans.find(id); old != plans.end()) plan.keys = old->second.keys;
  plans[id] = std::move(plan);
  return ResourceState{.physical_id = id, .ref = {}, .attributes = {{"Id", id}}};
}

base::Result<ResourceState> make_plan_key(GatewayService& service, const ResourceRequest& request) {
  TRY(auto key, needed_property(request.properties, "KeyId"));
  TRY(auto plan, needed_property(request.properties, "UsagePlanId"));
  if (text_property(request.properties, "KeyType") != "API_KEY") return bad_request("KeyType must be API_KEY");
  auto& usage = service.store().usage();
  auto found = usage.plans.find(plan);
  if (found == usage.plans.end()) return aws_error(404, "NotFoundException", "Invalid Usage Plan ID specified");
  if (!usage.keys.contains(key)) return aws_error(404, "NotFoundException", "Invalid API Key identifier specified");
  found->second.keys.insert(key);
  std::string id = fmt::format("{}:{}", key, plan);
  return ResourceState{.physical_id = id, .ref = {}, .attributes = {{"Id", id}}};
}

base::Result<> remove_plan_key(GatewayService& service, const ResourceRequest& request) {
  auto& plans = service.store().usage().plans;
  auto found = plans.find(text_property(request.properties, "UsagePlanId"));
  if (found != plans.end()) found->second.keys.erase(text_property(request.properties, "KeyId"));
  return {};
}

}  // namespace

ResourceTypes usage_plan_types(GatewayService& service) {
  auto with = [&service](auto function) {
    return [&service, function](const ResourceRequest& request) { return function(service, request); };
  };
  auto type = [](TypeDescription description, GatewayType::Functions functions) {
    return std::make_unique<GatewayType>(std::move(description), std::move(functions));
  };
  ResourceTypes types;
  types.push_back(
      type({.name = "AWS::ApiGateway::ApiKey",
            .works = {"Name", "Value", "Enabled", "Tags"},
            .accepted = {"Description", "CustomerId", "GenerateDistinctId", "StageKeys"},
            .replaces = {"Name", "Value"}},
           {.make = with(put_key), .change = with(put_key), .destroy = [&service](const ResourceRequest& request) {
              service.store().usage().keys.erase(request.physical_id);
              return base::Result<>{};
            }}));
  types.push_back(
      type({.name = "AWS::ApiGateway::UsagePlan",
            .works = {"UsagePlanName", "ApiStages", "Quota", "Throttle", "Tags"},
            .accepted = {"Description"},
            .replaces = {}},
           {.make = with(put_plan), .change = with(put_plan), .destroy = [&service](const ResourceRequest& request) {
              service.store().usage().plans.erase(request.physical_id);
              return base::Result<>{};
            }}));
  types.push_back(type({.name = "AWS::ApiGateway::UsagePlanKey",
                        .works = {"KeyId", "KeyType", "UsagePlanId"},
                        .replaces = {"KeyId", "KeyType", "UsagePlanId"}},
                       {.make = with(make_plan_key), .change = {}, .destroy = with(remove_plan_key)}));
  return types;
}

}  // namespace localcloud
