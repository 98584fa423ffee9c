// Rules: PutRule and its kin, and what runs the ones with a schedule.
#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "base/task_group.h"
#include "codec/json.h"
#include "localcloud/events/events_service.h"
#include "localcloud/iam/iam.h"
#include "localcloud/json_members.h"
#include "localcloud/local_clock.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

base::Result<> check_rule_name(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  bool spelled = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
  });
  if (!name.empty() && name.size() <= kLongest && spelled) return {};
  return invalid(
      fmt::format("1 validation error detected: Value '{}' at 'name' failed to satisfy constraint: Member must satisfy "
                  "regular expression pattern: [\\.\\-_A-Za-z0-9]+",
                  name));
}

base::Result<std::optional<EventPattern>> parsed_pattern(const std::string& text) {
  if (text.empty()) return std::optional<EventPattern>();
  constexpr std::size_t kLongest = 4096;
  if (text.size() > kLongest) {
    return aws_error(400, "InvalidEventPatternException",
                     "Event pattern is not valid. Reason: Filter is too large. It must have at most 4096 characters.");
  }
  TRY(auto pattern, parse_pattern_text(text));
  return std::optional<EventPattern>(std::move(pattern));
}

json::object description_of(const Rule& rule) {
  json::object answer{{"Name", rule.name},
                      {"Arn", rule.arn},
                      {"State", rule.enabled ? "ENABLED" : "DISABLED"},
                      {"EventBusName", rule.bus}};
  if (!rule.pattern_text.empty()) answer["EventPattern"] = rule.pattern_text;
  if (!rule.schedule_text.empty()) answer["ScheduleExpression"] = rule.schedule_text;
  if (!rule.description.empty()) answer["Description"] = rule.description;
  if (!rule.role_arn.empty()) answer["RoleArn"] = rule.role_arn;
  return answer;
}

}  // namespace

std::string EventsService::rule_arn(std::string_view bus, std::string_view name) const {
  return fmt::format("arn:aws:events:{}:{}:rule/{}{}", cloud_.region, cloud_.account_id,
                     bus == "default" ? "" : fmt::format("{}/", bus), name);
}

base::Result<Rule*> EventsService::rule(std::string_view bus_name_or_arn, std::string_view name) {
  TRY(auto* its_bus, bus(bus_name_or_arn));
  auto found = its_bus->rules.find(name);
  if (found == its_bus->rules.end()) {
    return aws_error(400, "ResourceNotFoundException",
                     fmt::format("Rule {} does not exist on EventBus {}.", name, its_bus->name));
  }
  return &found->second;
}

base::Result<Rule*> EventsService::put_rule(const NewRule& wanted) {
  TRY(check_rule_name(wanted.name));
  TRY(auto* its_bus, bus(wanted.bus));
  if (wanted.pattern.empty() && wanted.schedule.empty()) {
    return invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
  }
  constexpr std::string_view kManaged = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
  if (wanted.state != "ENABLED" && wanted.state != "DISABLED" && wanted.state != kManaged) {
    return invalid(fmt::format("Value '{}' at 'state' is not valid.", wanted.state));
  }
  if (wanted.state == kManaged) {
    return base::fail(not_implemented("events", "PutRule with State " + wanted.state));
  }
  TRY(auto pattern, parsed_pattern(wanted.pattern));
  std::optional<Schedule> schedule;
  if (!wanted.schedule.empty()) {
    if (its_bus->name != "default") return invalid("ScheduleExpression is supported only on the default event bus.");
    TRY(schedule, parse_schedule(wanted.schedule, false));
  }
  constexpr std::size_t kMostRules = 300;
  if (!its_bus->rules.contains(wanted.name) && its_bus->rules.size() >= kMostRules) {
    return aws_error(400, "LimitExceededException", "The requested resource exceeds the maximum number allowed.");
  }
  auto& rule = its_bus->rules[wanted.name];
  rule.name = wanted.name;
  rule.bus = its_bus->name;
  rule.arn = rule_arn(its_bus->name, wanted.name);
  rule.description = wanted.description;
  rule.role_arn = wanted.role_arn;
  rule.pattern_text = wanted.pattern;
  rule.pattern = std::move(pattern);
  rule.schedule_text = wanted.schedule;
  rule.schedule = std::move(schedule);
  set_enabled(rule, wanted.state == "ENABLED");
  return &rule;
}

base::Result<> EventsService::delete_rule(std::string_view bus_name_or_arn, std::string_view name) {
  TRY(auto* its_bus, bus(bus_name_or_arn));
  auto found = its_bus->rules.find(name);
  if (found == its_bus->rules.end()) return {};  // what is gone is deleted
  if (!found->second.targets.empty()) return invalid("Rule can't be deleted since it has targets.");
  its_bus->rules.erase(found);
  return {};
}

// --- Schedules

void EventsService::set_enabled(Rule& rule, bool enabled) {
  rule.enabled = enabled;
  rule.generation = ++last_generation_;
  if (enabled && rule.schedule) cloud_.tasks->spawn(run_schedule(rule.name, rule.generation));
}

awaitable<void> EventsService::run_schedule(std::string name, std::uint64_t generation) {
  auto begin = cloud_.clock->now();
  auto last = begin;
  for (;;) {
    auto found = rule("default", name);
    if (!found || (*found)->generation != generation) co_return;
    auto next = next_run(*(*found)->schedule, begin, last);
    if (!next) co_return;
    co_await cloud_.clock->sleep_until(*next);
    last = *next;
    found = rule("default", name);
    if (!found || (*found)->generation != generation) co_return;
    json::object event{{"version", "0"},
                       {"id", base::random_uuid()},
                       {"detail-type", "Scheduled Event"},
                       {"source", "aws.events"},
                       {"account", cloud_.account_id},
                       {"time", event_time(*next)},
                       {"region", cloud_.region},
                       {"resources", json::array{json::value((*found)->arn)}},
                       {"detail", json::object()}};
    for (const auto& [id, target] : (*found)->targets) send_to(**found, target, event);
  }
}

// --- Operations

base::Result<Rule*> EventsService::authorized_rule(const Call& call, std::string_view operation,
                                                   const json::object& input, std::string_view member) {
  auto bus = bus_name(text_in(input, "EventBusName"));
  auto name = text_in(input, member);
  TRY(authorize(call, operation, rule_arn(bus, name)));
  return rule(bus, name);
}

EventsService::Answer EventsService::put_rule_operation(const Call& call, const json::object& input) {
  NewRule wanted{.name = text_in(input, "Name"),
                 .bus = bus_name(text_in(input, "EventBusName")),
                 .description = text_in(input, "Description"),
                 .role_arn = text_in(input, "RoleArn"),
                 .pattern = text_in(input, "EventPattern"),
                 .schedule = text_in(input, "ScheduleExpression")};
  if (auto state = text_in(input, "State"); !state.empty()) wanted.state = state;
  TRY(authorize(call, "PutRule", rule_arn(wanted.bus, wanted.name)));
  TRY(may_pass_role(call, wanted.role_arn));
  bool fresh = !rule(wanted.bus, wanted.name);
  TRY(auto* made, put_rule(wanted));
  // "If you are updating an existing rule, any tags you specify in the PutRule operation are ignored" (PutRule).
  for (const auto& tag : fresh ? list_in(input, "Tags") : json::array()) {
    made->tags[codec::find_string(tag, "Key")] = codec::find_string(tag, "Value");
  }
  return json::object{{"RuleArn", made->arn}};
}

EventsService::Answer EventsService::delete_rule_operation(const Call& call, const json::object& input) {
  auto bus = bus_name(text_in(input, "EventBusName"));
  auto name = text_in(input, "Name");
  TRY(authorize(call, "DeleteRule", rule_arn(bus, name)));
  TRY(delete_rule(bus, name));
  return json::object();
}

EventsService::Answer EventsService::describe_rule(const Call& call, const json::object& input) {
  TRY(auto* found, authorized_rule(call, "DescribeRule", input));
  auto answer = description_of(*found);
  answer["CreatedBy"] = cloud_.account_id;
  return answer;
}

EventsService::Answer EventsService::enable_rule(const Call& call, const json::object& input) {
  TRY(auto* found, authorized_rule(call, "EnableRule", input));
  if (!found->enabled) set_enabled(*found, true);
  return json::object();
}

EventsService::Answer EventsService::disable_rule(const Call& call, const json::object& input) {
  TRY(auto* found, authorized_rule(call, "DisableRule", input));
  set_enabled(*found, false);
  return json::object();
}

EventsService::Answer EventsService::list_rules(const Call& call, const json::object& input) {
  auto name = bus_name(text_in(input, "EventBusName"));
  TRY(authorize(call, "ListRules", rule_arn(name, "*")));
  TRY(auto* its_bus, bus(name));
  auto prefix = text_in(input, "NamePrefix");
  json::array list;
  for (const auto& [rule_name, one] : its_bus->rules) {
    if (rule_name.starts_with(prefix)) list.emplace_back(description_of(one));
  }
  return page_of(input, "Rules", std::move(list));
}

EventsService::Answer EventsService::list_rule_names_by_target(const Call& call, const json::object& input) {
  auto name = bus_name(text_in(input, "EventBusName"));
  TRY(authorize(call, "ListRuleNamesByTarget", rule_arn(name, "*")));
  TRY(auto* its_bus, bus(name));
  auto wanted = text_in(input, "TargetArn");
  json::array list;
  for (const auto& [rule_name, one] : its_bus->rules) {
    bool has = std::any_of(one.targets.begin(), one.targets.end(),
                           [&](const auto& target) { return text_in(target.second, "Arn") == wanted; });
    if (has) list.emplace_back(rule_name);
  }
  return page_of(input, "RuleNames", std::move(list));
}

}  // namespace localcloud
