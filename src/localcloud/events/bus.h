// The state of EventBridge: buses with their rules, rules with their targets.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "localcloud/event_pattern.h"
#include "localcloud/events/schedule_expression.h"

namespace localcloud {

namespace json = boost::json;

using EventTags = std::map<std::string, std::string>;

struct Rule {
  std::string name;
  std::string arn;
  std::string bus;
  std::string description = {};
  std::string role_arn = {};
  std::string pattern_text = {};
  std::optional<EventPattern> pattern = {};
  std::string schedule_text = {};
  std::optional<Schedule> schedule = {};
  bool enabled = true;
  EventTags tags = {};
  std::map<std::string, json::object> targets = {};  // by id, as PutTargets gives them
  std::uint64_t generation = 0;  // of what runs the schedule: another one has taken over when it differs
};

struct Bus {
  std::string name;
  std::string arn;
  std::string description = {};
  std::optional<json::value> policy = {};
  base::WallTime created = {};
  base::WallTime modified = {};
  std::map<std::string, Rule, std::less<>> rules = {};
  EventTags tags = {};
};

}  // namespace localcloud
