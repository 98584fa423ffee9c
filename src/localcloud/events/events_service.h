// The one implementation of EventBridge. Internal to events/: dispatch and buses (events.cc), rules and their targets
// (rules.cc, targets.cc), incoming events (put_events.cc), what brings them to targets (event_sender.h), tags and
// permissions (bus_policy.cc), CloudFormation's types (events_resources.cc). EventBridge Scheduler stands beside it
// (scheduler_service.h) and is reached through it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "localcloud/events/bus.h"
#include "localcloud/events/event_sender.h"
#include "localcloud/events/events.h"
#include "localcloud/events/scheduler_service.h"
#include "localcloud/wire.h"

namespace localcloud {

struct NewRule {
  std::string name;
  std::string bus;
  std::string description = {};
  std::string role_arn = {};
  std::string pattern = {};   // JSON; may be empty if there is a schedule
  std::string schedule = {};  // may be empty if there is a pattern
  std::string state = "ENABLED";
};

class EventsService final : public Events {
 public:
  explicit EventsService(Cloud& cloud);

  std::vector<std::string> operations() const override;
  awaitable<net::Response> handle(Call call) override;
  base::Result<> put(std::string_view bus, json::object event) override;
  ResourceTypes resource_types() override;

  // The state, for the operations and for CloudFormation's types. A bus is named by name or ARN. Errors:
  // ResourceNotFoundException, ResourceAlreadyExistsException, ValidationException 400, …
  base::Result<Bus*> bus(std::string_view name);
  base::Result<Bus*> create_bus(std::string_view name, std::string_view description);
  base::Result<> delete_bus(std::string_view name);
  base::Result<Rule*> rule(std::string_view bus_name, std::string_view name);
  base::Result<Rule*> put_rule(const NewRule& wanted);
  base::Result<> delete_rule(std::string_view bus_name, std::string_view name);
  base::Result<> put_targets(Rule& rule, const json::array& targets);
  void set_enabled(Rule& rule, bool enabled);
  // Puts a statement into the bus's policy; null takes it out.
  base::Result<> set_statement(Bus& bus, std::string_view id, const json::object* statement);
  base::Result<> set_policy(Bus& bus, const json::value& policy);

 private:
  using Answer = base::Result<json::object>;
  using Operation = Answer (EventsService::*)(const Call&, const json::object&);
  static const std::map<std::string_view, Operation>& table();

  Answer create_event_bus(const Call& call, const json::object& input);
  Answer delete_event_bus(const Call& call, const json::object& input);
  Answer describe_event_bus(const Call& call, const json::object& input);
  Answer update_event_bus(const Call& call, const json::object& input);
  Answer list_event_buses(const Call& call, const json::object& input);
  Answer put_rule_operation(const Call& call, const json::object& input);
  Answer delete_rule_operation(const Call& call, const json::object& input);
  Answer describe_rule(const Call& call, const json::object& input);
  Answer enable_rule(const Call& call, const json::object& input);
  Answer disable_rule(const Call& call, const json::object& input);
  Answer list_rules(const Call& call, const json::object& input);
  Answer list_rule_names_by_target(const Call& call, const json::object& input);
  Answer put_targets_operation(const Call& call, const json::object& input);
  Answer remove_targets(const Call& call, const json::object& input);
  Answer list_targets_by_rule(const Call& call, const json::object& input);
  Answer put_events(const Call& call, const json::object& input);
  Answer test_event_pattern(const Call& call, const json::object& input);
  Answer put_permission(const Call& call, const json::object& input);
  Answer remove_permission(const Call& call, const json::object& input);
  Answer tag_resource(const Call& call, const json::object& input);
  Answer untag_resource(const Call& call, const json::object& input);
  Answer list_tags(const Call& call, const json::object& input);

  // Buses of other accounts and regions are not here. Errors: 501 that names the operation.
  base::Result<> check_buses(std::string_view operation, const json::object& input) const;
  std::string bus_arn(std::string_view name) const;
  std::string rule_arn(std::string_view bus_name, std::string_view name) const;
  base::Result<> authorize(const Call& call, std::string_view operation, std::string_view resource,
                           const std::map<std::string, std::string>& context = {});
  // Authorizes and finds the rule that Name (or `member`) and EventBusName of the input name.
  base::Result<Rule*> authorized_rule(const Call& call, std::string_view operation, const json::object& input,
                                      std::string_view member = "Name");
  // Who gives a rule or a target a role hands the role to EventBridge. An empty one needs no right.
  base::Result<> may_pass_role(const Call& call, std::string_view role_arn) const;
  base::Result<EventTags*> tagged(const Call& call, std::string_view operation, const json::object& input);
  json::value put_entry(const json::object& entry, std::size_t& failed);
  // Brings a whole event, with its envelope, to the targets of the rules that it matches.
  void distribute(Bus& bus, const json::object& event);
  void send_to(const Rule& rule, const json::object& target, const json::object& event);
  awaitable<void> run_schedule(std::string name, std::uint64_t generation);

  Cloud& cloud_;
  EventSender sender_;
  SchedulerService scheduler_;
  std::map<std::string, Bus, std::less<>> buses_;
  std::uint64_t last_generation_ = 0;
};

// "default" of "arn:aws:events:R:A:event-bus/default", of "default" and of "".
std::string bus_name(std::string_view name_or_arn);

// As events have it: "2026-01-02T03:04:05Z".
std::string event_time(base::WallTime time);

// A refusal of IAM in the words of the two services, whichever service's action it was of (iam:PassRole); other errors
// as they are. `status`: 400 or, in REST, 403.
base::Error refusal_in_words(base::Error error, int status);

constexpr std::int64_t kLargestPage = 100;
// One page of a list: `most` of `items` from a NextToken ("" at first) on, under `member`. Errors: ValidationException
// 400 for a token that none of these made.
base::Result<json::object> page_of(std::string_view token, std::int64_t most, std::string_view member,
                                   json::array items);
// As NextToken and Limit of an input want it.
base::Result<json::object> page_of(const json::object& input, std::string_view member, json::array items);

// The statement that StatementId, Action, Principal and Condition make, as PutPermission and its type in templates have
// them. Errors: ValidationException 400.
base::Result<json::object> statement_of(const json::object& input, const Bus& bus);

ResourceTypes events_resource_types(EventsService& events);

}  // namespace localcloud
