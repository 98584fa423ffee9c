// Who may put events on a bus (PutPermission, RemovePermission), and the tags of buses and rules.
#include <fmt/format.h>

#include <algorithm>

#include "codec/json.h"
#include "localcloud/events/events_service.h"
#include "localcloud/iam/iam.h"
#include "localcloud/iam/policy.h"
#include "localcloud/json_members.h"
#include "localcloud/local_clock.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

}  // namespace

base::Result<json::object> statement_of(const json::object& input, const Bus& bus) {
  auto id = text_in(input, "StatementId");
  auto action = text_in(input, "Action");
  auto principal = text_in(input, "Principal");
  if (id.empty() || action.empty() || principal.empty()) {
    return invalid("Parameter(s) StatementId, Action and Principal must be specified.");
  }
  if (action != "events:PutEvents") return invalid("Provided value in parameter 'action' is not supported.");
  json::object statement{{"Sid", id}, {"Effect", "Allow"}, {"Action", action}, {"Resource", bus.arn}};
  if (principal == "*") {
    statement["Principal"] = "*";
  } else {
    statement["Principal"] = json::object{{"AWS", fmt::format("arn:aws:iam::{}:root", principal)}};
  }
  if (const auto& condition = object_in(input, "Condition"); !condition.empty()) {
    statement["Condition"] =
        json::object{{text_in(condition, "Type"), {{text_in(condition, "Key"), text_in(condition, "Value")}}}};
  }
  return statement;
}

base::Result<> EventsService::set_statement(Bus& its_bus, std::string_view id, const json::object* statement) {
  json::array statements;
  bool found = false;
  if (its_bus.policy) {
    // One statement may stand there without a list.
    const auto* before = codec::find(*its_bus.policy, "Statement");
    json::array kept = before->is_array() ? before->get_array() : json::array{*before};
    for (const auto& one : kept) {
      if (codec::find_string(one, "Sid") == id) {
        found = true;
      } else {
        statements.push_back(one);
      }
    }
  }
  if (statement == nullptr && !found) {
    return aws_error(400, "ResourceNotFoundException", "Statement with the provided id does not exist.");
  }
  if (statement != nullptr) statements.emplace_back(*statement);
  if (statements.empty()) {
    its_bus.policy.reset();
    return {};
  }
  return set_policy(its_bus, json::object{{"Version", "2012-10-17"}, {"Statement", std::move(statements)}});
}

base::Result<> EventsService::set_policy(Bus& its_bus, const json::value& policy) {
  constexpr std::size_t kMostCharacters = 10'240;
  if (auto checked = check_policy(policy, true); !checked) return invalid(checked.error().message);
  if (codec::to_text(policy).size() > kMostCharacters) {
    return aws_error(400, "PolicyLengthExceededException", "The event bus policy is too long.");
  }
  its_bus.policy = policy;
  its_bus.modified = cloud_.clock->now();
  return {};
}

EventsService::Answer EventsService::put_permission(const Call& call, const json::object& input) {
  auto name = bus_name(text_in(input, "EventBusName"));
  TRY(authorize(call, "PutPermission", bus_arn(name)));
  TRY(auto* found, bus(name));
  if (auto text = text_in(input, "Policy"); !text.empty()) {
    auto policy = codec::parse_json(text);
    if (!policy || !policy->is_object()) return invalid("This policy contains invalid Json");
    TRY(set_policy(*found, *policy));
    return json::object();
  }
  TRY(auto statement, statement_of(input, *found));
  TRY(set_statement(*found, text_in(input, "StatementId"), &statement));
  return json::object();
}

EventsService::Answer EventsService::remove_permission(const Call& call, const json::object& input) {
  auto name = bus_name(text_in(input, "EventBusName"));
  TRY(authorize(call, "RemovePermission", bus_arn(name)));
  TRY(auto* found, bus(name));
  if (flag_in(input, "RemoveAllPermissions")) {
    found->policy.reset();
    return json::object();
  }
  if (!found->policy) return aws_error(400, "ResourceNotFoundException", "EventBus does not have a policy.");
  TRY(set_statement(*found, text_in(input, "StatementId"), nullptr));
  return json::object();
}

// --- Tags

base::Result<EventTags*> EventsService::tagged(const Call& call, std::string_view operation,
                                               const json::object& input) {
  auto arn = text_in(input, "ResourceARN");
  TRY(authorize(call, operation, arn));
  for (auto& [name, its_bus] : buses_) {
    if (its_bus.arn == arn) return &its_bus.tags;
    for (auto& [rule_name, one] : its_bus.rules) {
      if (one.arn == arn) return &one.tags;
    }
  }
  auto slash = arn.rfind('/');
  auto name = slash == std::string::npos ? arn : arn.substr(slash + 1);
  return aws_error(400, "ResourceNotFoundException",
                   arn.find(":rule/") != std::string::npos
                       ? fmt::format("Rule {} does not exist on EventBus default.", name)
                       : fmt::format("Event bus {} does not exist.", name));
}

EventsService::Answer EventsService::tag_resource(const Call& call, const json::object& input) {
  TRY(auto* tags, tagged(call, "TagResource", input));
  auto after = *tags;
  for (const auto& tag : list_in(input, "Tags")) {
    after[codec::find_string(tag, "Key")] = codec::find_string(tag, "Value");
  }
  constexpr std::size_t kMostTags = 50;
  if (after.size() > kMostTags) {
    return aws_error(400, "LimitExceededException", "The requested resource exceeds the maximum number allowed.");
  }
  *tags = std::move(after);
  return json::object();
}

EventsService::Answer EventsService::untag_resource(const Call& call, const json::object& input) {
  TRY(auto* tags, tagged(call, "UntagResource", input));
  for (const auto& key : texts_in(input, "TagKeys")) tags->erase(key);
  return json::object();
}

EventsService::Answer EventsService::list_tags(const Call& call, const json::object& input) {
  TRY(auto* tags, tagged(call, "ListTagsForResource", input));
  json::array list;
  for (const auto& [key, value] : *tags) list.emplace_back(json::object{{"Key", key}, {"Value", value}});
  return json::object{{"Tags", std::move(list)}};
}

}  // namespace localcloud
