// Auth.UsagePlan of an Api: a plan and a key of its own, or those that all SHARED ones of the template have together.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/transform.h"

namespace localcloud::sam {
namespace {

constexpr const char* kSharedCondition = "SharedUsagePlanCondition";

// Retain is stronger than Snapshot, and that than Delete.
void strengthen(std::string& policy, const std::string& other, bool with_snapshot) {
  if (other.empty()) return;
  if (policy.empty() || other == "Retain" || (with_snapshot && other == "Snapshot" && policy == "Delete")) {
    policy = other;
  }
}

base::Result<> add_condition(Context& context, const std::string& condition) {
  auto& plan = context.usage_plan;
  if (plan.any_without_condition) return {};
  if (condition.empty()) {
    plan.any_without_condition = true;
    context.conditions.erase(kSharedCondition);
    return {};
  }
  if (std::find(plan.conditions.begin(), plan.conditions.end(), condition) != plan.conditions.end()) return {};
  if (context.conditions.empty()) {
    return invalid_template("Can't have condition without having 'Conditions' section in the template");
  }
  plan.conditions.push_back(condition);
  if (plan.conditions.size() == 1) {
    context.conditions[kSharedCondition] = condition;
    return {};
  }
  json::array choices;
  for (const auto& name : plan.conditions) {
    json::object choice;
    choice["Condition"] = name;
    choices.emplace_back(std::move(choice));
  }
  json::object either;
  either["Fn::Or"] = std::move(choices);
  context.conditions[kSharedCondition] = std::move(either);
  return {};
}

// The attributes of the shared plan, now that one more API is in it.
base::Result<json::object> shared_attributes(Context& context, const json::object& of_api) {
  auto& plan = context.usage_plan;
  strengthen(plan.deletion_policy, string_at(of_api, "DeletionPolicy"), false);
  strengthen(plan.replace_policy, string_at(of_api, "UpdateReplacePolicy"), true);
  TRY(add_condition(context, string_at(of_api, "Condition")));
  json::object attributes;
  if (!plan.deletion_policy.empty()) attributes["DeletionPolicy"] = plan.deletion_policy;
  if (!plan.replace_policy.empty()) attributes["UpdateReplacePolicy"] = plan.replace_policy;
  if (!plan.conditions.empty() && !plan.any_without_condition) attributes["Condition"] = kSharedCondition;
  return attributes;
}

base::Result<std::string> kind_of(const std::string& api_id, const json::value& plan) {
  static constexpr std::array kMembers = {"CreateUsagePlan", "Description",  "Quota", "Tags",
                                          "Throttle",        "UsagePlanName"};
  const auto* object = plan.if_object();
  if (object == nullptr) return invalid_resource(api_id, "'UsagePlan' must be a dictionary");
  for (const auto& [key, _] : *object) {
    if (std::find(kMembers.begin(), kMembers.end(), std::string_view(key)) == kMembers.end()) {
      return invalid_resource(api_id, "Invalid property for 'UsagePlan'");
    }
  }
  const auto* kind = find(*object, "CreateUsagePlan");
  if (kind == nullptr) return invalid_resource(api_id, "'CreateUsagePlan' is a required field for UsagePlan.");
  for (const char* known : {"SHARED", "PER_API", "NONE"}) {
    if (is_text(*kind, known)) return std::string(known);
  }
  return invalid_resource(api_id, "'CreateUsagePlan' accepts one of ['SHARED', 'PER_API', 'NONE'].");
}

json::object api_stage(const char* api_key, const std::string& api_id, const char* stage_key,
                       const std::string& stage_id) {
  json::object result;
  result[api_key] = ref_to(api_id);
  result[stage_key] = ref_to(stage_id);
  return result;
}

void add_once(json::array& list, const json::value& value) {
  if (!contains(list, value)) list.push_back(value);
}

}  // namespace

base::Result<std::vector<Made>> make_usage_plan(Context& context, const std::string& api_id, const json::value& plan,
                                                const std::string& stage_id, const json::object& passed_on) {
  TRY(const auto kind, kind_of(api_id, plan));
  std::vector<Made> made;
  if (kind == "NONE") return made;
  const bool shared = kind == "SHARED";
  SharedUsagePlan own;
  auto& content = shared ? context.usage_plan : own;
  add_once(content.depends_on, json::value(json::string(api_id)));
  add_once(content.stages, api_stage("ApiId", api_id, "Stage", stage_id));
  add_once(content.stage_keys, api_stage("RestApiId", api_id, "StageName", stage_id));
  auto attributes = passed_on;
  if (shared) {
    TRY(attributes, shared_attributes(context, passed_on));
  }
  const auto prefix = shared ? std::string("Serverless") : api_id;

  Made usage_plan{.id = prefix + "UsagePlan", .type = "AWS::ApiGateway::UsagePlan", .attributes = attributes};
  usage_plan.depends_on = content.depends_on;
  usage_plan.properties["ApiStages"] = content.stages;
  for (const char* same : {"UsagePlanName", "Description", "Quota", "Tags", "Throttle"}) {
    if (truthy_at(plan.get_object(), same)) usage_plan.properties[same] = plan.get_object().at(same);
  }
  Made key{.id = prefix + "ApiKey", .type = "AWS::ApiGateway::ApiKey", .attributes = attributes};
  key.depends_on = json::array({json::value(json::string(usage_plan.id))});
  key.properties["Enabled"] = true;
  key.properties["StageKeys"] = content.stage_keys;
  Made in_plan{.id = prefix + "UsagePlanKey", .type = "AWS::ApiGateway::UsagePlanKey", .attributes = attributes};
  in_plan.depends_on = json::array({json::value(json::string(key.id))});
  in_plan.properties["KeyId"] = ref_to(key.id);
  in_plan.properties["KeyType"] = "API_KEY";
  in_plan.properties["UsagePlanId"] = ref_to(usage_plan.id);
  made.push_back(std::move(usage_plan));
  made.push_back(std::move(key));
  made.push_back(std::move(in_plan));
  return made;
}

}  // namespace localcloud::sam
