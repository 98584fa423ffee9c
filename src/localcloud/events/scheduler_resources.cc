// What CloudFormation makes of EventBridge Scheduler: schedules and their groups.
#include <fmt/format.h>

#include "codec/json.h"
#include "localcloud/events/scheduler_service.h"
#include "localcloud/json_members.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

constexpr std::size_t kLongestName = 64;

class ScheduleType final : public SyncType {
 public:
  explicit ScheduleType(SchedulerService& scheduler)
      : SyncType({.name = "AWS::Scheduler::Schedule",
                  .works = {"Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate",
                            "EndDate", "Description", "State", "Target", "FlexibleTimeWindow"},
                  .accepted = {},
                  .replaces = {"Name", "GroupName"}}),
        scheduler_(scheduler) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    auto name = text_property(request.properties, "Name");
    if (name.empty()) name = generated_name(request.stack_name, request.logical_id, kLongestName);
    auto input = request.properties;
    input["Name"] = name;
    TRY(auto* made, scheduler_.create(typed(std::move(input))));
    return state(*made);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    auto input = request.properties;
    input["Name"] = request.physical_id;
    TRY(auto* found, scheduler_.update(typed(std::move(input))));
    return state(*found);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    return unless_gone(
        scheduler_.remove(text_property(request.properties, "GroupName", "default"), request.physical_id));
  }

 private:
  // Templates may write numbers as text.
  static json::object typed(json::object input) {
    auto number = [](json::value* object, std::string_view name) {
      auto* members = object != nullptr ? object->if_object() : nullptr;
      auto* value = members != nullptr ? members->if_contains(name) : nullptr;
      if (value == nullptr || !value->is_string()) return;
      if (auto parsed = codec::parse_json(value->get_string()); parsed && parsed->is_int64()) *value = *parsed;
    };
    number(input.if_contains("FlexibleTimeWindow"), "MaximumWindowInMinutes");
    if (auto* target = input.if_contains("Target"); target != nullptr && target->is_object()) {
      auto* policy = target->get_object().if_contains("RetryPolicy");
      number(policy, "MaximumRetryAttempts");
      number(policy, "MaximumEventAgeInSeconds");
    }
    return input;
  }

  static ResourceState state(const PlannedSchedule& schedule) {
    return {.physical_id = schedule.name, .attributes = {{"Arn", schedule.arn}}};
  }

  SchedulerService& scheduler_;
};

class ScheduleGroupType final : public SyncType {
 public:
  explicit ScheduleGroupType(SchedulerService& scheduler)
      : SyncType(
            {.name = "AWS::Scheduler::ScheduleGroup", .works = {"Name", "Tags"}, .accepted = {}, .replaces = {"Name"}}),
        scheduler_(scheduler) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    auto name = text_property(request.properties, "Name");
    if (name.empty()) name = generated_name(request.stack_name, request.logical_id, kLongestName);
    TRY(auto* made, scheduler_.create_group(name));
    return fill(*made, request);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(auto* found, scheduler_.group(request.physical_id));
    return fill(*found, request);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    return unless_gone(scheduler_.remove_group(request.physical_id));
  }

 private:
  static base::Result<ResourceState> fill(ScheduleGroup& group, const ResourceRequest& request) {
    TRY(group.tags, tags_property(request));
    return ResourceState{.physical_id = group.name,
                         .attributes = {{"Arn", group.arn},
                                        {"State", "ACTIVE"},
                                        {"CreationDate", iso_time(group.created)},
                                        {"LastModificationDate", iso_time(group.modified)}}};
  }

  SchedulerService& scheduler_;
};

}  // namespace

ResourceTypes scheduler_resource_types(SchedulerService& scheduler) {
  ResourceTypes types;
  types.push_back(std::make_unique<ScheduleType>(scheduler));
  types.push_back(std::make_unique<ScheduleGroupType>(scheduler));
  return types;
}

}  // namespace localcloud
