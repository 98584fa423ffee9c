// Targets: what a rule has, and how an event is sent to one of them.
#include <fmt/format.h>

#include "base/log.h"
#include "base/task_group.h"
#include "codec/json.h"
#include "localcloud/delivery.h"
#include "localcloud/events/events_service.h"
#include "localcloud/events/target_input.h"
#include "localcloud/iam/iam.h"
#include "localcloud/json_members.h"
#include "localcloud/local_clock.h"

namespace localcloud {

namespace {

constexpr std::size_t kMostTargets = 5;

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

base::Result<> check_target(const json::object& target) {
  static const std::set<std::string_view> kMembers{"Id",    "Arn",       "RoleArn",          "RetryPolicy",
                                                   "Input", "InputPath", "InputTransformer", "DeadLetterConfig"};
  TRY(known_members(target, "events", "Target", kMembers));
  auto id = text_in(target, "Id");
  auto arn = text_in(target, "Arn");
  constexpr std::size_t kLongestId = 64;
  if (id.empty() || id.size() > kLongestId) {
    return invalid(
        fmt::format("1 validation error detected: Value '{}' at 'targets.1.member.id' failed to satisfy constraint: "
                    "Member must have length less than or equal to {}",
                    id, kLongestId));
  }
  auto service = service_of_arn(arn);
  if (service.empty()) {
    return invalid(fmt::format("Parameter {} is not valid. Reason: Provided Arn is not in correct format.", arn));
  }
  bool bus = service == "events" && arn.find(":event-bus/") != std::string::npos;
  bool group = service == "logs" && arn.find(":log-group:") != std::string::npos;
  bool queue = service == "sqs" && !arn.ends_with(".fifo");
  if (!bus && !group && !queue && service != "lambda" && service != "sns") {
    return base::fail(not_implemented("events", fmt::format("PutTargets with the target {}", arn)));
  }
  if (bus && text_in(target, "RoleArn").empty()) {
    return invalid(fmt::format("RoleArn is required for target {}.", arn));
  }
  TRY(check_target_input(target));
  if (bus && (target.contains("Input") || target.contains("InputPath") || target.contains("InputTransformer"))) {
    return invalid(fmt::format("Input, InputPath and InputTransformer are not supported for target {}.", arn));
  }
  return check_retries(target);
}

// Of what one call may put or remove.
base::Result<> check_count(std::size_t count, std::string_view member) {
  constexpr std::size_t kMost = 100;
  if (count >= 1 && count <= kMost) return {};
  return invalid(
      fmt::format("1 validation error detected: Value at '{}' failed to satisfy constraint: Member must have length {} "
                  "than or equal to {}",
                  member, count == 0 ? "greater" : "less", count == 0 ? 1 : kMost));
}

// A log group takes {"timestamp":…,"message":…} of a transformer, and any other event as it is.
std::string log_line(const json::object& target, std::string payload) {
  if (!target.contains("InputTransformer")) return payload;
  auto made = codec::parse_json(payload);
  if (!made) return payload;
  const auto* message = codec::find(*made, "message");
  if (message == nullptr) return payload;
  return message->is_string() ? std::string(message->get_string()) : codec::to_text(*message);
}

}  // namespace

base::Result<> EventsService::put_targets(Rule& rule, const json::array& targets) {
  auto after = rule.targets;
  for (const auto& one : targets) {
    const auto* target = one.if_object();
    if (target == nullptr) return invalid("A target must be a structure.");
    TRY(check_target(*target));
    after[text_in(*target, "Id")] = *target;
  }
  if (after.size() > kMostTargets) {
    return aws_error(400, "LimitExceededException", "The requested resource exceeds the maximum number allowed.");
  }
  rule.targets = std::move(after);
  return {};
}

void EventsService::send_to(const Rule& rule, const json::object& target, const json::object& event) {
  auto arn = text_in(target, "Arn");
  auto payload =
      target_input(target, json::value(event), {.name = rule.name, .arn = rule.arn}, event_time(cloud_.clock->now()));
  if (!payload) {
    base::log_warn("the input transformer of target {} of {} makes no JSON", text_in(target, "Id"), rule.arn);
    return;
  }
  EventDelivery delivery{
      .target_arn = arn,
      .payload = service_of_arn(arn) == "logs" ? log_line(target, std::move(*payload)) : std::move(*payload),
      .source_arn = rule.arn,
      .role_arn = text_in(target, "RoleArn"),
      .undelivered = codec::to_text(json::value(event)),
      .bus_event = event,
      .dead_attributes = {{"RULE_ARN", {{"DataType", "String"}, {"StringValue", rule.arn}}}}};
  set_retries(delivery, target);
  cloud_.tasks->spawn(sender_.send(std::move(delivery)));
}

base::Result<> EventsService::may_pass_role(const Call& call, std::string_view role_arn) const {
  if (role_arn.empty()) return {};
  return cloud_.iam->authorize(call.caller, "iam:PassRole", role_arn,
                               {{"iam:PassedToService", "events.amazonaws.com"}});
}

EventsService::Answer EventsService::put_targets_operation(const Call& call, const json::object& input) {
  TRY(auto* found, authorized_rule(call, "PutTargets", input, "Rule"));
  TRY(check_count(list_in(input, "Targets").size(), "targets"));
  for (const auto& target : list_in(input, "Targets")) {
    TRY(may_pass_role(call, codec::find_string(target, "RoleArn")));
  }
  TRY(put_targets(*found, list_in(input, "Targets")));
  return json::object{{"FailedEntryCount", 0}, {"FailedEntries", json::array()}};
}

EventsService::Answer EventsService::remove_targets(const Call& call, const json::object& input) {
  TRY(auto* found, authorized_rule(call, "RemoveTargets", input, "Rule"));
  TRY(check_count(list_in(input, "Ids").size(), "ids"));
  json::array failed;
  for (const auto& id : texts_in(input, "Ids")) {
    if (found->targets.erase(id) > 0) continue;
    failed.emplace_back(
        json::object{{"TargetId", id},
                     {"ErrorCode", "ResourceNotFoundException"},
                     {"ErrorMessage", fmt::format("Rule {} does not have a target with the Id {}.", found->name, id)}});
  }
  return json::object{{"FailedEntryCount", failed.size()}, {"FailedEntries", std::move(failed)}};
}

EventsService::Answer EventsService::list_targets_by_rule(const Call& call, const json::object& input) {
  TRY(auto* found, authorized_rule(call, "ListTargetsByRule", input, "Rule"));
  json::array list;
  for (const auto& [id, target] : found->targets) list.emplace_back(target);
  return page_of(input, "Targets", std::move(list));
}

}  // namespace localcloud
