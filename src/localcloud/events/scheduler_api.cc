// The operations of EventBridge Scheduler, in REST-JSON.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "codec/json.h"
#include "localcloud/events/events_service.h"
#include "localcloud/events/scheduler_service.h"
#include "localcloud/iam/iam.h"
#include "localcloud/json_members.h"
#include "localcloud/local_clock.h"

namespace localcloud {

namespace {

json::object description_of(const PlannedSchedule& schedule) {
  json::object answer{{"Arn", schedule.arn},
                      {"Name", schedule.name},
                      {"GroupName", schedule.group},
                      {"ScheduleExpression", schedule.expression},
                      {"ScheduleExpressionTimezone", "UTC"},
                      {"State", schedule.enabled ? "ENABLED" : "DISABLED"},
                      {"Target", schedule.target},
                      {"FlexibleTimeWindow", schedule.window},
                      {"ActionAfterCompletion", schedule.delete_after ? "DELETE" : "NONE"},
                      {"CreationDate", epoch_seconds(schedule.created)},
                      {"LastModificationDate", epoch_seconds(schedule.modified)}};
  if (schedule.start) answer["StartDate"] = epoch_seconds(*schedule.start);
  if (schedule.end) answer["EndDate"] = epoch_seconds(*schedule.end);
  if (!schedule.description.empty()) answer["Description"] = schedule.description;
  return answer;
}

json::object description_of(const ScheduleGroup& group) {
  return {{"Arn", group.arn},
          {"Name", group.name},
          {"State", "ACTIVE"},
          {"CreationDate", epoch_seconds(group.created)},
          {"LastModificationDate", epoch_seconds(group.modified)}};
}

// One page of a list, as the query wants it.
base::Result<json::object> page_in(const Fields& query, std::string_view member, json::array items) {
  std::int64_t most = kLargestPage;
  if (auto text = field(query, "MaxResults")) {
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), most);
    if (error != std::errc() || end != text->data() + text->size() || most < 1 || most > kLargestPage) {
      return aws_error(400, "ValidationException", "MaxResults must be a number from 1 to 100.");
    }
  }
  return page_of(field(query, "NextToken").value_or(""), most, member, std::move(items));
}

}  // namespace

std::string SchedulerService::Input::group() const {
  auto in_body = text_in(body, "GroupName");
  if (!in_body.empty()) return in_body;
  return field(query, "groupName").value_or("default");
}

const std::vector<SchedulerService::Route>& SchedulerService::routes() {
  using S = SchedulerService;
  static const std::vector<Route> kRoutes{
      {"POST", "schedules", true, "CreateSchedule", &S::create_schedule},
      {"GET", "schedules", true, "GetSchedule", &S::get_schedule},
      {"PUT", "schedules", true, "UpdateSchedule", &S::update_schedule},
      {"DELETE", "schedules", true, "DeleteSchedule", &S::delete_schedule},
      {"GET", "schedules", false, "ListSchedules", &S::list_schedules},
      {"POST", "schedule-groups", true, "CreateScheduleGroup", &S::create_schedule_group},
      {"GET", "schedule-groups", true, "GetScheduleGroup", &S::get_schedule_group},
      {"DELETE", "schedule-groups", true, "DeleteScheduleGroup", &S::delete_schedule_group},
      {"GET", "schedule-groups", false, "ListScheduleGroups", &S::list_schedule_groups},
      {"POST", "tags", true, "TagResource", &S::tag_resource},
      {"DELETE", "tags", true, "UntagResource", &S::untag_resource},
      {"GET", "tags", true, "ListTagsForResource", &S::list_tags},
  };
  return kRoutes;
}

std::vector<std::string> SchedulerService::operations() const {
  std::vector<std::string> names;
  for (const auto& route : routes()) names.emplace_back(route.operation);
  return names;
}

net::Response SchedulerService::handle(const Call& call) {
  auto target = split_target(call.request.target);
  auto segments = path_segments(target.path);
  auto route = std::find_if(routes().begin(), routes().end(), [&](const Route& one) {
    return one.method == call.request.method && segments.size() == (one.named ? 2U : 1U) && segments[0] == one.folder;
  });
  if (route == routes().end()) {
    return rest_json_failure(call, not_implemented("scheduler", call.request.method + " " + target.path));
  }
  auto body = json_input(call.request);
  if (!body) return rest_json_failure(call, body.error());
  Input input{.name = route->named ? segments[1] : std::string(), .query = target.query, .body = std::move(*body)};
  auto answer = once(call, *route, input);
  if (!answer) return rest_json_failure(call, refusal_in_words(answer.error(), 403));
  return rest_json_answer(call, 200, json::value(std::move(*answer)));
}

base::Result<> SchedulerService::authorize(const Call& call, std::string_view operation,
                                           std::string_view resource) const {
  return cloud_.iam->authorize(call.caller, fmt::format("scheduler:{}", operation), resource);
}

SchedulerService::Answer SchedulerService::once(const Call& call, const Route& route, const Input& input) {
  auto token = text_in(input.body, "ClientToken");
  if (token.empty()) token = field(input.query, "clientToken").value_or("");
  if (token.empty()) return (this->*route.handler)(call, input);
  auto asked = fmt::format("{} {}\n{}", call.request.method, call.request.target, call.request.body);
  auto before = std::find_if(answered_.begin(), answered_.end(), [&](const Answered& one) {
    return one.operation == route.operation && one.caller == call.caller.arn && one.token == token;
  });
  if (before != answered_.end()) {
    if (before->asked == asked) return before->answer;
    return aws_error(409, "ConflictException", "The ClientToken is that of a request with other parameters.");
  }
  TRY(auto answer, (this->*route.handler)(call, input));
  constexpr std::size_t kRemembered = 256;
  answered_.push_back({std::string(route.operation), call.caller.arn, std::move(token), std::move(asked), answer});
  if (answered_.size() > kRemembered) answered_.pop_front();
  return answer;
}

// --- Schedules

// Who makes a schedule hands its role to Scheduler.
SchedulerService::Answer SchedulerService::wanted_schedule(const Call& call, std::string_view operation,
                                                           const Input& input) const {
  TRY(authorize(call, operation, schedule_arn(input.group(), input.name)));
  auto wanted = input.body;
  wanted["Name"] = input.name;
  auto role = text_in(object_in(wanted, "Target"), "RoleArn");
  if (role.empty()) return wanted;
  TRY(cloud_.iam->authorize(call.caller, "iam:PassRole", role, {{"iam:PassedToService", "scheduler.amazonaws.com"}}));
  return wanted;
}

SchedulerService::Answer SchedulerService::create_schedule(const Call& call, const Input& input) {
  TRY(auto wanted, wanted_schedule(call, "CreateSchedule", input));
  TRY(auto* made, create(wanted));
  return json::object{{"ScheduleArn", made->arn}};
}

SchedulerService::Answer SchedulerService::update_schedule(const Call& call, const Input& input) {
  TRY(auto wanted, wanted_schedule(call, "UpdateSchedule", input));
  TRY(auto* found, update(wanted));
  return json::object{{"ScheduleArn", found->arn}};
}

SchedulerService::Answer SchedulerService::get_schedule(const Call& call, const Input& input) {
  TRY(authorize(call, "GetSchedule", schedule_arn(input.group(), input.name)));
  TRY(auto* found, find(input.group(), input.name));
  return description_of(*found);
}

SchedulerService::Answer SchedulerService::delete_schedule(const Call& call, const Input& input) {
  TRY(authorize(call, "DeleteSchedule", schedule_arn(input.group(), input.name)));
  TRY(remove(input.group(), input.name));
  return json::object();
}

SchedulerService::Answer SchedulerService::list_schedules(const Call& call, const Input& input) {
  TRY(authorize(call, "ListSchedules", schedule_arn("*", "*")));
  auto wanted_group = field(input.query, "ScheduleGroup");
  auto prefix = field(input.query, "NamePrefix").value_or("");
  auto state = field(input.query, "State").value_or("");
  if (wanted_group) TRY(group(*wanted_group));
  json::array list;
  for (const auto& [group_name, one] : groups_) {
    if (wanted_group && *wanted_group != group_name) continue;
    for (const auto& [name, schedule] : one.schedules) {
      auto whole = description_of(schedule);
      if (!name.starts_with(prefix) || (!state.empty() && text_in(whole, "State") != state)) continue;
      json::object summary{{"Target", {{"Arn", text_in(schedule.target, "Arn")}}}};
      for (auto member : {"Arn", "Name", "GroupName", "State", "CreationDate", "LastModificationDate"}) {
        summary[member] = whole[member];
      }
      list.emplace_back(std::move(summary));
    }
  }
  return page_in(input.query, "Schedules", std::move(list));
}

// --- Groups

SchedulerService::Answer SchedulerService::create_schedule_group(const Call& call, const Input& input) {
  TRY(authorize(call, "CreateScheduleGroup", group_arn(input.name)));
  TRY(auto* made, create_group(input.name));
  for (const auto& tag : list_in(input.body, "Tags")) {
    made->tags[codec::find_string(tag, "Key")] = codec::find_string(tag, "Value");
  }
  return json::object{{"ScheduleGroupArn", made->arn}};
}

SchedulerService::Answer SchedulerService::get_schedule_group(const Call& call, const Input& input) {
  TRY(authorize(call, "GetScheduleGroup", group_arn(input.name)));
  TRY(auto* found, group(input.name));
  return description_of(*found);
}

SchedulerService::Answer SchedulerService::delete_schedule_group(const Call& call, const Input& input) {
  TRY(authorize(call, "DeleteScheduleGroup", group_arn(input.name)));
  TRY(remove_group(input.name));
  return json::object();
}

SchedulerService::Answer SchedulerService::list_schedule_groups(const Call& call, const Input& input) {
  TRY(authorize(call, "ListScheduleGroups", group_arn("*")));
  auto prefix = field(input.query, "NamePrefix").value_or("");
  json::array list;
  for (const auto& [name, one] : groups_) {
    if (name.starts_with(prefix)) list.emplace_back(description_of(one));
  }
  return page_in(input.query, "ScheduleGroups", std::move(list));
}

// --- Tags, which groups have

base::Result<ScheduleGroup*> SchedulerService::tagged(const Call& call, std::string_view operation,
                                                      const Input& input) {
  TRY(authorize(call, operation, input.name));
  auto found =
      std::find_if(groups_.begin(), groups_.end(), [&](const auto& one) { return one.second.arn == input.name; });
  if (found != groups_.end()) return &found->second;
  return aws_error(404, "ResourceNotFoundException", fmt::format("Resource {} does not exist.", input.name));
}

SchedulerService::Answer SchedulerService::tag_resource(const Call& call, const Input& input) {
  TRY(auto* found, tagged(call, "TagResource", input));
  for (const auto& tag : list_in(input.body, "Tags")) {
    found->tags[codec::find_string(tag, "Key")] = codec::find_string(tag, "Value");
  }
  return json::object();
}

SchedulerService::Answer SchedulerService::untag_resource(const Call& call, const Input& input) {
  TRY(auto* found, tagged(call, "UntagResource", input));
  for (const auto& [name, value] : input.query) {
    if (name == "TagKeys") found->tags.erase(value);
  }
  return json::object();
}

SchedulerService::Answer SchedulerService::list_tags(const Call& call, const Input& input) {
  TRY(auto* found, tagged(call, "ListTagsForResource", input));
  json::array list;
  for (const auto& [key, value] : found->tags) list.emplace_back(json::object{{"Key", key}, {"Value", value}});
  return json::object{{"Tags", std::move(list)}};
}

ResourceTypes SchedulerService::resource_types() {
  return scheduler_resource_types(*this);
}

}  // namespace localcloud
