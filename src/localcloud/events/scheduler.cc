// The schedules of EventBridge Scheduler: what they must be, when they run and what their targets get.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/ids.h"
#include "base/task_group.h"
#include "codec/json.h"
#include "localcloud/delivery.h"
#include "localcloud/events/scheduler_service.h"
#include "localcloud/iam/iam.h"
#include "localcloud/json_members.h"
#include "localcloud/local_clock.h"

namespace localcloud {

namespace {

constexpr std::string_view kPrincipal = "scheduler.amazonaws.com";

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

base::Result<> check_name(std::string_view name, std::string_view member) {
  constexpr std::size_t kLongest = 64;
  bool spelled = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
  });
  if (!name.empty() && name.size() <= kLongest && spelled) return {};
  return invalid(
      fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must satisfy "
                  "regular expression pattern: [0-9a-zA-Z-_.]+",
                  name, member));
}

base::Result<> check_target(const json::object& target) {
  static const std::set<std::string_view> kMembers{
      "Arn", "RoleArn", "Input", "DeadLetterConfig", "RetryPolicy", "EventBridgeParameters"};
  TRY(known_members(target, "scheduler", "Target", kMembers));
  auto arn = text_in(target, "Arn");
  auto service = service_of_arn(arn);
  bool bus = service == "events" && arn.find(":event-bus/") != std::string::npos;
  if (!arn.starts_with("arn:")) return invalid(fmt::format("Provided Arn is not in correct format: {}.", arn));
  if (!bus && service != "lambda" && service != "sns" && (service != "sqs" || arn.ends_with(".fifo"))) {
    return base::fail(not_implemented("scheduler", fmt::format("the target {}", arn)));
  }
  if (text_in(target, "RoleArn").empty()) return invalid("RoleArn is required for the target.");
  if (target.contains("EventBridgeParameters") != bus) {
    return invalid("EventBridgeParameters is required for a target that is an event bus, and for no other.");
  }
  const auto& parameters = object_in(target, "EventBridgeParameters");
  TRY(known_members(parameters, "scheduler", "EventBridgeParameters", {"DetailType", "Source"}));
  if (bus && (text_in(parameters, "DetailType").empty() || text_in(parameters, "Source").empty())) {
    return invalid("EventBridgeParameters must have a DetailType and a Source.");
  }
  auto detail = codec::parse_json(text_in(target, "Input"));
  if (bus && (!detail || !detail->is_object())) return invalid("Input must be valid JSON for an event bus.");
  return check_retries(target);
}

base::Result<> check_window(const json::object& window) {
  constexpr std::int64_t kLongest = 1440;
  TRY(known_members(window, "scheduler", "FlexibleTimeWindow", {"Mode", "MaximumWindowInMinutes"}));
  auto mode = text_in(window, "Mode");
  auto minutes = number_in(window, "MaximumWindowInMinutes");
  if (mode == "OFF" && !minutes) return {};
  if (mode == "FLEXIBLE" && minutes && *minutes >= 1 && *minutes <= kLongest) return {};
  return invalid("FlexibleTimeWindow must be OFF, or FLEXIBLE with a MaximumWindowInMinutes of 1 to 1440.");
}

std::string replaced(std::string text, const std::map<std::string_view, std::string>& values) {
  for (const auto& [name, value] : values) {
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size())) {
      text.replace(at, name.size(), value);
    }
  }
  return text;
}

}  // namespace

SchedulerService::SchedulerService(Cloud& cloud, EventSender& sender) : cloud_(cloud), sender_(sender) {
  std::ignore = create_group("default");
}

std::string SchedulerService::schedule_arn(std::string_view group_name, std::string_view name) const {
  return fmt::format("arn:aws:scheduler:{}:{}:schedule/{}/{}", cloud_.region, cloud_.account_id, group_name, name);
}

std::string SchedulerService::group_arn(std::string_view name) const {
  return fmt::format("arn:aws:scheduler:{}:{}:schedule-group/{}", cloud_.region, cloud_.account_id, name);
}

// --- The state

base::Result<ScheduleGroup*> SchedulerService::create_group(std::string_view name) {
  TRY(check_name(name, "name"));
  if (groups_.contains(name)) {
    return aws_error(409, "ConflictException", fmt::format("Schedule group {} already exists.", name));
  }
  auto now = cloud_.clock->now();
  ScheduleGroup fresh{.name = std::string(name), .arn = group_arn(name), .created = now, .modified = now};
  return &groups_.emplace(std::string(name), std::move(fresh)).first->second;
}

base::Result<ScheduleGroup*> SchedulerService::group(std::string_view name) {
  auto found = groups_.find(name);
  if (found == groups_.end()) {
    return aws_error(404, "ResourceNotFoundException", fmt::format("Schedule group {} does not exist.", name));
  }
  return &found->second;
}

base::Result<> SchedulerService::remove_group(std::string_view name) {
  if (name == "default") return invalid("The default schedule group cannot be deleted.");
  TRY(group(name));
  groups_.erase(groups_.find(name));
  return {};
}

base::Result<PlannedSchedule*> SchedulerService::find(std::string_view group_name, std::string_view name) {
  TRY(auto* its_group, group(group_name));
  auto found = its_group->schedules.find(name);
  if (found == its_group->schedules.end()) {
    return aws_error(404, "ResourceNotFoundException", fmt::format("Schedule {} does not exist.", name));
  }
  return &found->second;
}

base::Result<> SchedulerService::remove(std::string_view group_name, std::string_view name) {
  TRY(find(group_name, name));
  auto& schedules = groups_.find(group_name)->second.schedules;
  schedules.erase(schedules.find(name));
  return {};
}

base::Result<PlannedSchedule> SchedulerService::parse(const json::object& input) const {
  auto zone = text_in(input, "ScheduleExpressionTimezone");
  if (!zone.empty() && zone != "UTC" && zone != "Etc/UTC") {
    return base::fail(not_implemented("scheduler", "a schedule with ScheduleExpressionTimezone " + zone));
  }
  if (!text_in(input, "KmsKeyArn").empty()) {
    return base::fail(not_implemented("scheduler", "a schedule with KmsKeyArn"));
  }
  auto expression = text_in(input, "ScheduleExpression");
  auto schedule = parse_schedule(expression, true);
  if (!schedule) return invalid(fmt::format("Invalid Schedule Expression {}.", expression));
  auto state = text_in(input, "State");
  auto action = text_in(input, "ActionAfterCompletion");
  if (!state.empty() && state != "ENABLED" && state != "DISABLED") return invalid("State is not valid.");
  if (!action.empty() && action != "NONE" && action != "DELETE") return invalid("ActionAfterCompletion is not valid.");
  const auto& target = object_in(input, "Target");
  TRY(check_target(target));
  TRY(check_window(object_in(input, "FlexibleTimeWindow")));
  TRY(auto start, date_in(input, "StartDate"));
  TRY(auto end, date_in(input, "EndDate"));
  if (end && *end <= cloud_.clock->now()) {
    return invalid("The EndDate you specify is in the past. Specify an EndDate that is in the future.");
  }
  if (start && end && *start >= *end) return invalid("The StartDate must come before the EndDate.");
  if (!cloud_.iam->assume_for_service(text_in(target, "RoleArn"), kPrincipal, "check")) {
    return invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.");
  }
  auto name = text_in(input, "Name");
  auto group_name = text_in(input, "GroupName");
  if (group_name.empty()) group_name = "default";
  TRY(check_name(name, "name"));
  auto now = cloud_.clock->now();
  return PlannedSchedule{.name = name,
                         .group = group_name,
                         .arn = schedule_arn(group_name, name),
                         .expression = expression,
                         .schedule = std::move(*schedule),
                         .start = start,
                         .end = end,
                         .description = text_in(input, "Description"),
                         .enabled = state != "DISABLED",
                         .delete_after = action == "DELETE",
                         .window = object_in(input, "FlexibleTimeWindow"),
                         .target = target,
                         .created = now,
                         .modified = now};
}

base::Result<PlannedSchedule*> SchedulerService::create(const json::object& input) {
  TRY(auto fresh, parse(input));
  TRY(auto* its_group, group(fresh.group));
  if (its_group->schedules.contains(fresh.name)) {
    return aws_error(409, "ConflictException", fmt::format("Schedule {} already exists.", fresh.name));
  }
  auto name = fresh.name;
  auto& kept = its_group->schedules.emplace(name, std::move(fresh)).first->second;
  // A rate begins at once ("Rate-based schedules").
  start(kept, kept.created - base::Millis(1));
  return &kept;
}

base::Result<PlannedSchedule*> SchedulerService::update(const json::object& input) {
  TRY(auto fresh, parse(input));
  TRY(auto* old, find(fresh.group, fresh.name));
  fresh.created = old->created;
  *old = std::move(fresh);
  start(*old, cloud_.clock->now());
  return old;
}

// --- Running

void SchedulerService::start(PlannedSchedule& schedule, base::WallTime after) {
  schedule.generation = ++last_generation_;
  if (!schedule.enabled) return;
  cloud_.tasks->spawn(run(schedule.group, schedule.name, schedule.generation, after));
}

awaitable<void> SchedulerService::run(std::string group_name, std::string name, std::uint64_t generation,
                                      base::WallTime after) {
  // Not before its maker is done with the schedule, which may end here at once.
  co_await boost::asio::post(boost::asio::use_awaitable);
  for (;;) {
    auto found = find(group_name, name);
    if (!found || (*found)->generation != generation) co_return;
    // What runs once runs at its time, whatever StartDate and EndDate say ("Schedule types").
    bool once = std::holds_alternative<Once>((*found)->schedule);
    auto begin = once ? (*found)->created : (*found)->start.value_or((*found)->created);
    auto next = next_run((*found)->schedule, begin, std::max(after, begin - base::Millis(1)));
    if (!next || (!once && (*found)->end && *next > *(*found)->end)) {
      if ((*found)->delete_after) std::ignore = remove(group_name, name);
      co_return;
    }
    co_await cloud_.clock->sleep_until(*next);
    found = find(group_name, name);
    if (!found || (*found)->generation != generation) co_return;
    after = *next;
    fire(**found, *next);
  }
}

void SchedulerService::fire(const PlannedSchedule& schedule, base::WallTime scheduled) {
  constexpr std::size_t kSeconds = 19;
  auto time = iso_time(scheduled).substr(0, kSeconds) + "Z";
  auto execution = base::random_uuid();
  auto payload = replaced(text_in(schedule.target, "Input"), {{"<aws.scheduler.schedule-arn>", schedule.arn},
                                                              {"<aws.scheduler.scheduled-time>", time},
                                                              {"<aws.scheduler.execution-id>", execution},
                                                              {"<aws.scheduler.attempt-number>", "1"}});
  json::object event{{"version", "0"},
                     {"id", base::random_uuid()},
                     {"detail-type", "Scheduled Event"},
                     {"source", "aws.scheduler"},
                     {"account", cloud_.account_id},
                     {"time", time},
                     {"region", cloud_.region},
                     {"resources", json::array{json::value(schedule.arn)}},
                     {"detail", "{}"}};
  if (payload.empty()) payload = codec::to_text(json::value(event));
  if (const auto& bus = object_in(schedule.target, "EventBridgeParameters"); !bus.empty()) {
    event["detail-type"] = text_in(bus, "DetailType");
    event["source"] = text_in(bus, "Source");
    if (auto detail = codec::parse_json(payload)) event["detail"] = std::move(*detail);
  }
  auto attribute = [](std::string_view value) { return json::object{{"DataType", "String"}, {"StringValue", value}}; };
  EventDelivery delivery{.target_arn = text_in(schedule.target, "Arn"),
                         .payload = payload,
                         .service = std::string(kPrincipal),
                         .source_arn = schedule.arn,
                         .role_arn = text_in(schedule.target, "RoleArn"),
                         .undelivered = payload,
                         .bury_by_role = true,
                         .bus_event = std::move(event),
                         .dead_attributes = {{"SCHEDULE_ARN", attribute(schedule.arn)},
                                             {"SCHEDULED_TIME", attribute(time)},
                                             {"EXECUTION_ID", attribute(execution)}}};
  set_retries(delivery, schedule.target);
  cloud_.tasks->spawn(sender_.send(std::move(delivery)));
}

}  // namespace localcloud
