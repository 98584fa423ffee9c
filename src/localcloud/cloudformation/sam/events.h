// The events of a serverless function. Internal to sam/; one file for each family.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/cloudformation/sam/function.h"
#include "localcloud/cloudformation/sam/transform.h"

namespace localcloud::sam {

struct Event {
  std::string id;       // as the function names it
  std::string made_id;  // the function's logical id and that
  std::string type;
  json::object properties;
};

// Checks every event, then makes what they need in the order of their paths; `role` gets policies of event sources.
base::Result<std::vector<Made>> make_events(Context& context, const json::object& declared, const Target& target,
                                            Role& role);

base::Result<std::vector<Made>> make_rest_event(Context& context, const Event& event, const Target& target);
base::Result<std::vector<Made>> make_http_event(Context& context, const Event& event, const Target& target);
base::Result<std::vector<Made>> make_pull_event(const Event& event, const Target& target, Role& role);
base::Result<std::vector<Made>> make_topic_event(const Context& context, const Event& event, const Target& target,
                                                 Role& role);
base::Result<std::vector<Made>> make_bucket_event(Context& context, const Event& event, const Target& target);
base::Result<std::vector<Made>> make_log_event(const Event& event, const Target& target);
base::Result<std::vector<Made>> make_rule_event(const Event& event, const Target& target);  // Schedule, too
base::Result<std::vector<Made>> make_schedule_event(const Event& event, const Target& target);

struct Permission {
  std::string_view principal;
  json::value source_arn = nullptr;
  json::value source_account = nullptr;
  std::string suffix = {};  // of the logical id; hashed unless it is a plain word
};
Made permission(const Event& event, const Target& target, Permission permission);
Made event_source_mapping(const std::string& id, const Target& target, json::object properties);

// The resource's "what an event must refer to" checks, before anything is made.
base::Result<> check_bucket_event(const Context& context, const Event& event);
base::Result<> check_rest_event(const Context& context, const Event& event);

}  // namespace localcloud::sam
