// Events of EventBridge: rules by pattern or schedule, and EventBridge Scheduler's schedules.

#include <fmt/format.h>

#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/events.h"

namespace localcloud::sam {
namespace {

std::string target_id(const std::string& id) {
  constexpr std::string_view kSuffix = "LambdaTarget";
  constexpr std::size_t kMost = 64;
  return id.substr(0, kMost - kSuffix.size()).append(kSuffix);
}

Made dead_letter_queue(const Event& event, const json::object& config, const Target& target) {
  const auto given = string_at(config, "QueueLogicalId");
  return Made{
      .id = given.empty() ? event.made_id + "Queue" : given, .type = "AWS::SQS::Queue", .attributes = target.passed_on};
}

// Lets the rule send there.
Made dead_letter_policy(const Event& event, const Made& queue, const Target& target) {
  json::object condition;
  object_in(condition, "ArnEquals")["aws:SourceArn"] = get_att(event.made_id, "Arn");
  json::object statement;
  statement["Action"] = "sqs:SendMessage";
  statement["Effect"] = "Allow";
  object_in(statement, "Principal")["Service"] = "events.amazonaws.com";
  statement["Resource"] = get_att(queue.id, "Arn");
  statement["Condition"] = std::move(condition);
  Made made{.id = event.made_id + "QueuePolicy", .type = "AWS::SQS::QueuePolicy", .attributes = target.passed_on};
  auto& document = object_in(made.properties, "PolicyDocument");
  document["Version"] = "2012-10-17";
  document["Statement"].emplace_array().emplace_back(std::move(statement));
  made.properties["Queues"].emplace_array().emplace_back(ref_to(queue.id));
  return made;
}

base::Result<> check_dead_letters(const Event& event, const json::object& config) {
  const auto* type = config.if_contains("Type");
  const bool by_arn = config.contains("Arn");
  if (by_arn && type != nullptr) {
    return invalid_event(event.made_id, "You can either define 'Arn' or 'Type' property of DeadLetterConfig.");
  }
  if (type != nullptr && !is_text(*type, "SQS")) {
    return invalid_event(event.made_id, "The only valid value for 'Type' property of DeadLetterConfig is 'SQS'.");
  }
  if (!by_arn && type == nullptr) {
    return invalid_event(event.made_id, "No 'Arn' or 'Type' property provided for DeadLetterConfig.");
  }
  const auto* id = find(config, "QueueLogicalId");
  if (find(config, "Arn") == nullptr && id != nullptr && !id->is_string()) {
    return invalid_event(event.made_id, "QueueLogicalId must be a string");
  }
  return {};
}

base::Result<> set_state(Made& rule, const Event& event) {
  const auto* enabled = find(event.properties, "Enabled");
  const bool stated = truthy_at(event.properties, "State");
  if (stated && enabled != nullptr) {
    return invalid_event(event.id, "State and Enabled Properties cannot both be specified.");
  }
  if (stated) rule.properties["State"] = event.properties.at("State");
  if (enabled != nullptr) rule.properties["State"] = truthy(*enabled) ? "ENABLED" : "DISABLED";
  return {};
}

// The part of a target that every one has: dead letters, retries, input. Adds the queue that it needs to `made`.
base::Result<json::object> target_of(const Event& event, const Target& target, bool by_rule, std::vector<Made>& made) {
  json::object result;
  result["Arn"] = target.arn();
  set_if(result, "Input", find(event.properties, "Input"));
  set_if(result, "RetryPolicy", find(event.properties, "RetryPolicy"));
  const auto* given = find(event.properties, "DeadLetterConfig");
  if (given == nullptr) return result;
  const auto& config = given->get_object();
  TRY(check_dead_letters(event, config));
  if (const auto* arn = find(config, "Arn")) {
    object_in(result, "DeadLetterConfig")["Arn"] = *arn;
    return result;
  }
  auto queue = dead_letter_queue(event, config, target);
  object_in(result, "DeadLetterConfig")["Arn"] = get_att(queue.id, "Arn");
  if (by_rule) made.push_back(dead_letter_policy(event, queue, target));
  made.push_back(std::move(queue));
  return result;
}

Made schedule_role(const Event& event, const Target& target, const json::object& of_target) {
  Made role{.id = event.made_id + "Role", .type = "AWS::IAM::Role", .attributes = target.passed_on};
  role.properties["AssumeRolePolicyDocument"] = service_trust("scheduler.amazonaws.com");
  auto& policies = role.properties["Policies"].emplace_array();
  policies.emplace_back(destination_policy("Lambda", event.made_id, target.arn()));
  const auto dead_letters = object_at(of_target, "DeadLetterConfig");
  if (!dead_letters.empty()) policies.emplace_back(destination_policy("SQS", event.made_id, dead_letters.at("Arn")));
  if (truthy_at(event.properties, "PermissionsBoundary")) {
    role.properties["PermissionsBoundary"] = event.properties.at("PermissionsBoundary");
  }
  return role;
}

}  // namespace

base::Result<std::vector<Made>> make_rule_event(const Event& event, const Target& target) {
  const auto& given = event.properties;
  std::vector<Made> made;
  Made rule{.id = event.made_id, .type = "AWS::Events::Rule", .attributes = target.passed_on};
  if (event.type == "Schedule") {
    rule.properties["ScheduleExpression"] = given.at("Schedule");
    set_if(rule.properties, "Name", find(given, "Name"));
    set_if(rule.properties, "Description", find(given, "Description"));
  } else {
    set_if(rule.properties, "EventBusName", find(given, "EventBusName"));
    set_if(rule.properties, "EventPattern", find(given, "Pattern"));
    set_if(rule.properties, "Name", find(given, "RuleName"));
  }
  TRY(auto of_rule, target_of(event, target, true, made));
  TRY(set_state(rule, event));
  const auto* named = event.type == "Schedule" ? nullptr : find_object(given, "Target");
  const auto* id = named == nullptr ? nullptr : named->if_contains("Id");
  of_rule["Id"] = id != nullptr ? *id : json::value(json::string(target_id(event.made_id)));
  if (event.type != "Schedule") {
    set_if(of_rule, "InputPath", find(given, "InputPath"));
    set_if(of_rule, "InputTransformer", find(given, "InputTransformer"));
  }
  rule.properties["Targets"].emplace_array().emplace_back(std::move(of_rule));
  made.push_back(std::move(rule));
  made.push_back(
      permission(event, target, {.principal = "events.amazonaws.com", .source_arn = get_att(event.made_id, "Arn")}));
  return made;
}

base::Result<std::vector<Made>> make_schedule_event(const Event& event, const Target& target) {
  const auto& given = event.properties;
  std::vector<Made> made;
  Made schedule{.id = event.made_id, .type = "AWS::Scheduler::Schedule", .attributes = target.passed_on};
  auto& properties = schedule.properties;
  properties["ScheduleExpression"] = given.at("ScheduleExpression");
  if (truthy_at(given, "State")) properties["State"] = given.at("State");
  if (truthy_at(given, "OmitName")) {
    if (truthy_at(given, "Name")) return invalid_event(event.made_id, "Name cannot be set when OmitName is True");
  } else {
    properties["Name"] = truthy_at(given, "Name") ? given.at("Name") : json::value(json::string(event.made_id));
  }
  if (truthy_at(given, "FlexibleTimeWindow"))
    properties["FlexibleTimeWindow"] = given.at("FlexibleTimeWindow");
  else
    object_in(properties, "FlexibleTimeWindow")["Mode"] = "OFF";
  for (const char* same :
       {"Description", "StartDate", "EndDate", "ScheduleExpressionTimezone", "GroupName", "KmsKeyArn"}) {
    set_if(properties, same, find(given, same));
  }
  TRY(auto of_schedule, target_of(event, target, false, made));
  if (truthy_at(given, "RoleArn")) {
    of_schedule["RoleArn"] = given.at("RoleArn");
  } else {
    auto role = schedule_role(event, target, of_schedule);
    of_schedule["RoleArn"] = get_att(role.id, "Arn");
    made.push_back(std::move(role));
  }
  properties["Target"] = std::move(of_schedule);
  made.push_back(std::move(schedule));
  return made;
}

}  // namespace localcloud::sam
