// EventBridge Scheduler: schedules in groups, each with one target that it reaches with a role of its own. Runs on the
// local clock, in UTC: other time zones answer 501 by name. A flexible time window is used at its beginning, which AWS
// may do as well. Templated targets only: functions, queues, topics and buses.
#pragma once

#include <boost/json.hpp>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "localcloud/events/event_sender.h"
#include "localcloud/events/schedule_expression.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"
#include "localcloud/wire.h"

namespace localcloud {

struct PlannedSchedule {
  std::string name;
  std::string group;
  std::string arn;
  std::string expression;
  Schedule schedule;
  std::optional<base::WallTime> start = {};
  std::optional<base::WallTime> end = {};
  std::string description = {};
  bool enabled = true;
  bool delete_after = false;
  json::object window = {};
  json::object target = {};
  base::WallTime created = {};
  base::WallTime modified = {};
  std::uint64_t generation = 0;  // of what runs it: another one has taken over when it differs
};

struct ScheduleGroup {
  std::string name;
  std::string arn;
  base::WallTime created = {};
  base::WallTime modified = {};
  std::map<std::string, PlannedSchedule, std::less<>> schedules = {};
  std::map<std::string, std::string> tags = {};
};

class SchedulerService {
 public:
  SchedulerService(Cloud& cloud, EventSender& sender);

  std::vector<std::string> operations() const;
  net::Response handle(const Call& call);
  ResourceTypes resource_types();

  // The state, for the operations and for CloudFormation's types. Errors: ResourceNotFoundException 404,
  // ConflictException 409, ValidationException 400. `input`: as CreateSchedule has it, with Name and GroupName.
  base::Result<PlannedSchedule*> create(const json::object& input);
  base::Result<PlannedSchedule*> update(const json::object& input);
  base::Result<PlannedSchedule*> find(std::string_view group, std::string_view name);
  base::Result<> remove(std::string_view group, std::string_view name);
  base::Result<ScheduleGroup*> create_group(std::string_view name);
  base::Result<ScheduleGroup*> group(std::string_view name);
  base::Result<> remove_group(std::string_view name);

 private:
  // What a request asks: the name in its path, the query, the body.
  struct Input {
    std::string name;
    Fields query;
    json::object body;
    std::string group() const;
  };
  using Answer = base::Result<json::object>;
  using Operation = Answer (SchedulerService::*)(const Call&, const Input&);
  struct Route {
    std::string_view method;
    std::string_view folder;
    bool named;
    std::string_view operation;
    Operation handler;
  };
  static const std::vector<Route>& routes();
  // What a request with a ClientToken was answered: the same one again is answered the same, and does nothing.
  struct Answered {
    std::string operation;
    std::string caller;
    std::string token;
    std::string asked;
    json::object answer;
  };
  Answer once(const Call& call, const Route& route, const Input& input);

  Answer create_schedule(const Call& call, const Input& input);
  Answer get_schedule(const Call& call, const Input& input);
  Answer update_schedule(const Call& call, const Input& input);
  Answer delete_schedule(const Call& call, const Input& input);
  Answer list_schedules(const Call& call, const Input& input);
  Answer create_schedule_group(const Call& call, const Input& input);
  Answer get_schedule_group(const Call& call, const Input& input);
  Answer delete_schedule_group(const Call& call, const Input& input);
  Answer list_schedule_groups(const Call& call, const Input& input);
  Answer tag_resource(const Call& call, const Input& input);
  Answer untag_resource(const Call& call, const Input& input);
  Answer list_tags(const Call& call, const Input& input);

  std::string schedule_arn(std::string_view group, std::string_view name) const;
  std::string group_arn(std::string_view name) const;
  base::Result<> authorize(const Call& call, std::string_view operation, std::string_view resource) const;
  // The input with the schedule's name, if the caller may ask for it. Errors: AccessDenied.
  Answer wanted_schedule(const Call& call, std::string_view operation, const Input& input) const;
  base::Result<ScheduleGroup*> tagged(const Call& call, std::string_view operation, const Input& input);
  // The schedule that an input describes; not yet kept.
  base::Result<PlannedSchedule> parse(const json::object& input) const;
  void start(PlannedSchedule& schedule, base::WallTime after);
  awaitable<void> run(std::string group, std::string name, std::uint64_t generation, base::WallTime after);
  void fire(const PlannedSchedule& schedule, base::WallTime scheduled);

  Cloud& cloud_;
  EventSender& sender_;
  std::map<std::string, ScheduleGroup, std::less<>> groups_;
  std::uint64_t last_generation_ = 0;
  std::deque<Answered> answered_;  // the latest
};

ResourceTypes scheduler_resource_types(SchedulerService& scheduler);

}  // namespace localcloud
