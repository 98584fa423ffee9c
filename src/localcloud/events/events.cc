#include "localcloud/events/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "codec/json.h"
#include "localcloud/events/events_service.h"
#include "localcloud/iam/iam.h"
#include "localcloud/json_members.h"
#include "localcloud/local_clock.h"

namespace localcloud {

namespace {

constexpr std::string_view kVersion = "1.1";
constexpr std::string_view kDefault = "default";

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

base::Result<> check_bus_name(std::string_view name) {
  constexpr std::size_t kLongest = 256;
  if (name.find('/') != std::string_view::npos) return invalid("Event bus name must not contain '/'.");
  bool spelled = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
  });
  if (!name.empty() && name.size() <= kLongest && spelled) return {};
  return invalid(
      fmt::format("1 validation error detected: Value '{}' at 'name' failed to satisfy constraint: Member must satisfy "
                  "regular expression pattern: [/\\.\\-_A-Za-z0-9]+",
                  name));
}

base::Result<> refuse_members(const json::object& input, std::string_view operation,
                              std::initializer_list<std::string_view> members) {
  for (auto member : members) {
    if (!input.contains(member)) continue;
    return base::fail(not_implemented("events", fmt::format("{} with {}", operation, member)));
  }
  return {};
}

json::object description_of(const Bus& bus) {
  json::object answer{{"Name", bus.name},
                      {"Arn", bus.arn},
                      {"CreationTime", epoch_seconds(bus.created)},
                      {"LastModifiedTime", epoch_seconds(bus.modified)}};
  if (!bus.description.empty()) answer["Description"] = bus.description;
  if (bus.policy) answer["Policy"] = codec::to_text(*bus.policy);
  return answer;
}

}  // namespace

std::string bus_name(std::string_view name_or_arn) {
  constexpr std::string_view kResource = ":event-bus/";
  if (name_or_arn.empty()) return std::string(kDefault);
  auto at = name_or_arn.find(kResource);
  return std::string(at == std::string_view::npos ? name_or_arn : name_or_arn.substr(at + kResource.size()));
}

base::Error refusal_in_words(base::Error error, int status) {
  if (error.code != "AccessDenied") return error;
  error.code = "AccessDeniedException";
  error.status = status;
  return error;
}

base::Result<json::object> page_of(std::string_view token, std::int64_t most, std::string_view member,
                                   json::array items) {
  std::size_t begin = 0;
  auto [stop, error] = std::from_chars(token.data(), token.data() + token.size(), begin);
  if (!token.empty() && (error != std::errc() || stop != token.data() + token.size())) {
    return invalid("Parameter NextToken is not valid.");
  }
  begin = std::min(begin, items.size());
  auto end = std::min(items.size(), begin + static_cast<std::size_t>(most));
  json::object answer;
  if (end < items.size()) answer["NextToken"] = std::to_string(end);
  answer[member] = json::array(items.begin() + begin, items.begin() + end);
  return answer;
}

base::Result<json::object> page_of(const json::object& input, std::string_view member, json::array items) {
  auto most = number_in(input, "Limit").value_or(kLargestPage);
  if (most < 1 || most > kLargestPage) return invalid("Parameter Limit must be a number from 1 to 100.");
  return page_of(text_in(input, "NextToken"), most, member, std::move(items));
}

EventsService::EventsService(Cloud& cloud)
    : cloud_(cloud),
      sender_(cloud,
              [this](const std::string& arn, const json::object& event) -> base::Result<> {
                TRY(auto* to, bus(arn));
                distribute(*to, event);
                return {};
              }),
      scheduler_(cloud, sender_) {
  std::ignore = create_bus(kDefault, "");
}

const std::map<std::string_view, EventsService::Operation>& EventsService::table() {
  static const std::map<std::string_view, Operation> kOperations{
      {"CreateEventBus", &EventsService::create_event_bus},
      {"DeleteEventBus", &EventsService::delete_event_bus},
      {"DescribeEventBus", &EventsService::describe_event_bus},
      {"UpdateEventBus", &EventsService::update_event_bus},
      {"ListEventBuses", &EventsService::list_event_buses},
      {"PutRule", &EventsService::put_rule_operation},
      {"DeleteRule", &EventsService::delete_rule_operation},
      {"DescribeRule", &EventsService::describe_rule},
      {"EnableRule", &EventsService::enable_rule},
      {"DisableRule", &EventsService::disable_rule},
      {"ListRules", &EventsService::list_rules},
      {"ListRuleNamesByTarget", &EventsService::list_rule_names_by_target},
      {"PutTargets", &EventsService::put_targets_operation},
      {"RemoveTargets", &EventsService::remove_targets},
      {"ListTargetsByRule", &EventsService::list_targets_by_rule},
      {"PutEvents", &EventsService::put_events},
      {"TestEventPattern", &EventsService::test_event_pattern},
      {"PutPermission", &EventsService::put_permission},
      {"RemovePermission", &EventsService::remove_permission},
      {"TagResource", &EventsService::tag_resource},
      {"UntagResource", &EventsService::untag_resource},
      {"ListTagsForResource", &EventsService::list_tags},
  };
  return kOperations;
}

std::vector<std::string> EventsService::operations() const {
  std::vector<std::string> names;
  for (const auto& [name, operation] : table()) names.push_back(fmt::format("events:{}", name));
  for (auto& name : scheduler_.operations()) names.push_back("scheduler:" + name);
  return names;
}

awaitable<net::Response> EventsService::handle(Call call) {
  if (call.service == "scheduler") co_return scheduler_.handle(call);
  auto name = json_operation(call.request);
  auto operation = table().find(name);
  if (operation == table().end()) co_return json_failure(call, not_implemented("events", name), kVersion);
  auto input = json_input(call.request);
  if (!input) co_return json_failure(call, input.error(), kVersion);
  auto answer = check_buses(name, *input).and_then([&] { return (this->*operation->second)(call, *input); });
  if (!answer) co_return json_failure(call, refusal_in_words(answer.error(), 400), kVersion);
  co_return json_answer(call, json::value(std::move(*answer)), kVersion);
}

base::Result<> EventsService::check_buses(std::string_view operation, const json::object& input) const {
  auto is_here = [&](std::string_view bus) { return !bus.starts_with("arn:") || bus == bus_arn(bus_name(bus)); };
  bool here = is_here(text_in(input, "EventBusName")) && is_here(text_in(input, "Name"));
  for (const auto& entry : list_in(input, "Entries")) here = here && is_here(codec::find_string(entry, "EventBusName"));
  if (here) return {};
  return base::fail(not_implemented("events", fmt::format("{} with a bus of another account or region", operation)));
}

std::string EventsService::bus_arn(std::string_view name) const {
  return fmt::format("arn:aws:events:{}:{}:event-bus/{}", cloud_.region, cloud_.account_id, name);
}

base::Result<> EventsService::authorize(const Call& call, std::string_view operation, std::string_view resource,
                                        const std::map<std::string, std::string>& context) {
  const json::value* policy = nullptr;
  constexpr std::string_view kBus = ":event-bus/";
  if (resource.find(kBus) != std::string_view::npos) {
    auto found = buses_.find(bus_name(resource));
    if (found != buses_.end() && found->second.policy) policy = &*found->second.policy;
  }
  ConditionContext conditions;
  for (const auto& [key, value] : context) conditions[key] = value;
  return cloud_.iam->authorize(call.caller, fmt::format("events:{}", operation), resource, conditions, policy);
}

ResourceTypes EventsService::resource_types() {
  auto types = events_resource_types(*this);
  for (auto& type : scheduler_.resource_types()) types.push_back(std::move(type));
  return types;
}

// --- Buses

base::Result<Bus*> EventsService::bus(std::string_view name) {
  auto found = buses_.find(bus_name(name));
  if (found == buses_.end() || (name.starts_with("arn:") && name != found->second.arn)) {
    return aws_error(400, "ResourceNotFoundException", fmt::format("Event bus {} does not exist.", bus_name(name)));
  }
  return &found->second;
}

base::Result<Bus*> EventsService::create_bus(std::string_view name, std::string_view description) {
  TRY(check_bus_name(name));
  constexpr std::size_t kMostBuses = 100;
  if (buses_.contains(name)) {
    return aws_error(400, "ResourceAlreadyExistsException", fmt::format("Event bus {} already exists.", name));
  }
  if (buses_.size() >= kMostBuses) {
    return aws_error(400, "LimitExceededException", "The requested resource exceeds the maximum number allowed.");
  }
  auto now = cloud_.clock->now();
  Bus fresh{.name = std::string(name),
            .arn = bus_arn(name),
            .description = std::string(description),
            .created = now,
            .modified = now};
  return &buses_.emplace(std::string(name), std::move(fresh)).first->second;
}

base::Result<> EventsService::delete_bus(std::string_view name) {
  auto plain = bus_name(name);
  if (plain == kDefault) return invalid("Cannot delete event bus default.");
  auto found = buses_.find(plain);
  if (found == buses_.end()) return {};  // what is gone is deleted
  if (!found->second.rules.empty()) return invalid("Event bus can't be deleted since it has rules.");
  buses_.erase(found);
  return {};
}

EventsService::Answer EventsService::create_event_bus(const Call& call, const json::object& input) {
  auto name = text_in(input, "Name");
  TRY(authorize(call, "CreateEventBus", bus_arn(name)));
  TRY(refuse_members(input, "CreateEventBus",
                     {"EventSourceName", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig"}));
  TRY(auto* made, create_bus(name, text_in(input, "Description")));
  for (const auto& tag : list_in(input, "Tags")) {
    made->tags[codec::find_string(tag, "Key")] = codec::find_string(tag, "Value");
  }
  json::object answer{{"EventBusArn", made->arn}};
  if (!made->description.empty()) answer["Description"] = made->description;
  return answer;
}

EventsService::Answer EventsService::update_event_bus(const Call& call, const json::object& input) {
  auto name = bus_name(text_in(input, "Name"));
  TRY(authorize(call, "UpdateEventBus", bus_arn(name)));
  TRY(refuse_members(input, "UpdateEventBus", {"KmsKeyIdentifier", "DeadLetterConfig", "LogConfig"}));
  TRY(auto* found, bus(name));
  found->description = text_in(input, "Description");
  found->modified = cloud_.clock->now();
  return json::object{{"Arn", found->arn}, {"Name", found->name}, {"Description", found->description}};
}

EventsService::Answer EventsService::delete_event_bus(const Call& call, const json::object& input) {
  auto name = bus_name(text_in(input, "Name"));
  TRY(authorize(call, "DeleteEventBus", bus_arn(name)));
  TRY(delete_bus(name));
  return json::object();
}

EventsService::Answer EventsService::describe_event_bus(const Call& call, const json::object& input) {
  auto name = bus_name(text_in(input, "Name"));
  TRY(authorize(call, "DescribeEventBus", bus_arn(name)));
  TRY(auto* found, bus(name));
  return description_of(*found);
}

EventsService::Answer EventsService::list_event_buses(const Call& call, const json::object& input) {
  TRY(authorize(call, "ListEventBuses", bus_arn("*")));
  auto prefix = text_in(input, "NamePrefix");
  json::array list;
  for (const auto& [name, one] : buses_) {
    if (name.starts_with(prefix)) list.emplace_back(description_of(one));
  }
  return page_of(input, "EventBuses", std::move(list));
}

std::unique_ptr<Events> make_events(Cloud& cloud) {
  return std::make_unique<EventsService>(cloud);
}

}  // namespace localcloud
