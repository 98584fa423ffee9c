// What CloudFormation makes of EventBridge: buses, their policies, and rules.
#include <fmt/format.h>

#include <algorithm>

#include "codec/json.h"
#include "localcloud/events/events_service.h"
#include "localcloud/json_members.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

class BusType final : public SyncType {
 public:
  explicit BusType(EventsService& events)
      : SyncType({.name = "AWS::Events::EventBus",
                  .works = {"Name", "Description", "Policy", "Tags"},
                  .accepted = {},
                  .replaces = {"Name"}}),
        events_(events) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(auto name, needed_property(request.properties, "Name"));
    TRY(auto* made, events_.create_bus(name, text_property(request.properties, "Description")));
    return fill(*made, request);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(auto* found, events_.bus(request.physical_id));
    found->description = text_property(request.properties, "Description");
    return fill(*found, request);
  }

  base::Result<> destroy(const ResourceRequest& request) override { return events_.delete_bus(request.physical_id); }

 private:
  base::Result<ResourceState> fill(Bus& bus, const ResourceRequest& request) {
    TRY(bus.tags, tags_property(request));
    if (const auto* policy = request.properties.if_contains("Policy")) {
      TRY(events_.set_policy(bus, *policy));
    } else if (request.old_properties.contains("Policy")) {
      bus.policy.reset();
    }
    return ResourceState{.physical_id = bus.name, .attributes = {{"Arn", bus.arn}, {"Name", bus.name}}};
  }

  EventsService& events_;
};

class RuleType final : public SyncType {
 public:
  explicit RuleType(EventsService& events)
      : SyncType({.name = "AWS::Events::Rule",
                  .works = {"Name", "Description", "EventBusName", "EventPattern", "ScheduleExpression", "State",
                            "RoleArn", "Targets", "Tags"},
                  .accepted = {},
                  .replaces = {"Name", "EventBusName"}}),
        events_(events) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    constexpr std::size_t kLongest = 64;
    auto name = text_property(request.properties, "Name");
    if (name.empty()) name = generated_name(request.stack_name, request.logical_id, kLongest);
    auto bus = text_property(request.properties, "EventBusName");
    if (events_.rule(bus, name)) {
      return aws_error(400, "ResourceAlreadyExistsException", fmt::format("Rule {} already exists.", name));
    }
    auto made = put(request, name);
    if (!made) std::ignore = drop(bus, name);
    return made;
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    return put(request, name_in(request.physical_id));
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    return drop(text_property(request.properties, "EventBusName"), name_in(request.physical_id));
  }

 private:
  // A rule of a bus of one's own has the physical id "bus|rule".
  static std::string name_in(std::string_view physical_id) {
    return std::string(physical_id.substr(physical_id.rfind('|') + 1));
  }

  base::Result<> drop(std::string_view bus, std::string_view name) {
    auto found = events_.rule(bus, name);
    if (!found) return {};
    (*found)->targets.clear();
    return events_.delete_rule(bus, name);
  }

  base::Result<ResourceState> put(const ResourceRequest& request, const std::string& name) {
    const auto& properties = request.properties;
    const auto* pattern = properties.if_contains("EventPattern");
    TRY(auto* rule, events_.put_rule({.name = name,
                                      .bus = text_property(properties, "EventBusName"),
                                      .description = text_property(properties, "Description"),
                                      .role_arn = text_property(properties, "RoleArn"),
                                      .pattern = pattern == nullptr ? std::string() : codec::to_text(*pattern),
                                      .schedule = text_property(properties, "ScheduleExpression"),
                                      .state = text_property(properties, "State", "ENABLED")}));
    auto before = std::exchange(rule->targets, {});
    auto put = events_.put_targets(*rule, typed(list_in(properties, "Targets")));
    if (!put) {
      rule->targets = std::move(before);
      return base::fail(put.error());
    }
    TRY(rule->tags, tags_property(request));
    auto id = rule->bus == "default" ? rule->name : fmt::format("{}|{}", rule->bus, rule->name);
    return ResourceState{.physical_id = std::move(id), .attributes = {{"Arn", rule->arn}, {"RuleName", rule->name}}};
  }

  // Templates may write numbers as text.
  static json::array typed(json::array targets) {
    for (auto& target : targets) {
      auto* members = target.if_object();
      auto* policy = members != nullptr ? members->if_contains("RetryPolicy") : nullptr;
      if (policy == nullptr || !policy->is_object()) continue;
      for (auto& [name, value] : policy->get_object()) {
        if (!value.is_string()) continue;
        if (auto number = codec::parse_json(value.get_string()); number && number->is_int64()) value = *number;
      }
    }
    return targets;
  }

  EventsService& events_;
};

class BusPolicyType final : public SyncType {
 public:
  explicit BusPolicyType(EventsService& events)
      : SyncType({.name = "AWS::Events::EventBusPolicy",
                  .works = {"EventBusName", "StatementId", "Statement", "Action", "Principal", "Condition"},
                  .accepted = {},
                  .replaces = {"EventBusName", "StatementId"}}),
        events_(events) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    const auto& properties = request.properties;
    TRY(auto id, needed_property(properties, "StatementId"));
    TRY(auto* bus, events_.bus(text_property(properties, "EventBusName")));
    json::object statement;
    if (const auto* whole = properties.if_contains("Statement")) {
      if (!whole->is_object()) return base::fail(base::ErrorKind::invalid_input, "Statement must be an object");
      statement = whole->get_object();
      statement["Sid"] = id;
    } else {
      TRY(statement, statement_of(properties, *bus));
    }
    TRY(events_.set_statement(*bus, id, &statement));
    return ResourceState{.physical_id = fmt::format("{}|{}", bus->name, id)};
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override { return make(request); }

  base::Result<> destroy(const ResourceRequest& request) override {
    auto bus = events_.bus(text_property(request.properties, "EventBusName"));
    if (!bus || !(*bus)->policy) return {};
    auto removed = events_.set_statement(**bus, text_property(request.properties, "StatementId"), nullptr);
    if (!removed && removed.error().code == "ResourceNotFoundException") return {};
    return removed;
  }

 private:
  EventsService& events_;
};

}  // namespace

ResourceTypes events_resource_types(EventsService& events) {
  ResourceTypes types;
  types.push_back(std::make_unique<BusType>(events));
  types.push_back(std::make_unique<RuleType>(events));
  types.push_back(std::make_unique<BusPolicyType>(events));
  return types;
}

}  // namespace localcloud
