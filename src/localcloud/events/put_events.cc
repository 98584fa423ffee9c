// Events that come in: from callers by PutEvents, and from services of the account.
#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "base/log.h"
#include "codec/json.h"
#include "localcloud/events/events_service.h"
#include "localcloud/iam/iam.h"
#include "localcloud/json_members.h"
#include "localcloud/local_clock.h"

namespace localcloud {

namespace {

constexpr std::size_t kMostEntries = 10;
constexpr std::size_t kMostBytes = 1024 * 1024;  // "the total entry size must be less than 1MB" (PutEvents)

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

// As "Calculating PutEvents event entry size" of the guide counts.
std::size_t size_of(const json::value& entry) {
  const auto* members = entry.if_object();
  if (members == nullptr) return 0;
  constexpr std::size_t kTime = 14;
  std::size_t size = members->contains("Time") ? kTime : 0;
  for (auto name : {"Source", "DetailType", "Detail"}) size += text_in(*members, name).size();
  for (const auto& resource : texts_in(*members, "Resources")) size += resource.size();
  return size;
}

json::object refused(std::string_view code, std::string message) {
  return {{"ErrorCode", code}, {"ErrorMessage", std::move(message)}};
}

}  // namespace

// Events have whole seconds.
std::string event_time(base::WallTime time) {
  return iso_time(time).substr(0, 19) + "Z";
}

void EventsService::distribute(Bus& its_bus, const json::object& event) {
  json::value whole(event);
  for (const auto& [name, rule] : its_bus.rules) {
    if (!rule.enabled || !rule.pattern || !rule.pattern->matches(whole)) continue;
    for (const auto& [id, target] : rule.targets) send_to(rule, target, event);
  }
}

base::Result<> EventsService::put(std::string_view name, json::object event) {
  TRY(auto* its_bus, bus(name));
  json::object whole{{"version", "0"},
                     {"id", base::random_uuid()},
                     {"detail-type", text_in(event, "detail-type")},
                     {"source", text_in(event, "source")},
                     {"account", cloud_.account_id},
                     {"time", event_time(cloud_.clock->now())},
                     {"region", cloud_.region},
                     {"resources", list_in(event, "resources")},
                     {"detail", object_in(event, "detail")}};
  distribute(*its_bus, whole);
  return {};
}

json::value EventsService::put_entry(const json::object& entry, std::size_t& failed) {
  auto missing = [&](std::string_view name) {
    ++failed;
    return refused("InvalidArgument",
                   fmt::format("Parameter {} is not valid. Reason: {} is a required argument.", name, name));
  };
  for (auto name : {"Source", "DetailType", "Detail"}) {
    if (text_in(entry, name).empty()) return missing(name);
  }
  auto detail = codec::parse_json(text_in(entry, "Detail"));
  if (!detail || !detail->is_object()) {
    ++failed;
    return refused("MalformedDetail", "Detail is malformed.");
  }
  if (text_in(entry, "Source").starts_with("aws.")) {
    ++failed;
    return refused("NotAuthorizedForSourceException", "Not authorized for the source.");
  }
  auto time = date_in(entry, "Time");
  if (!time) {
    ++failed;
    return refused("InvalidArgument", "Parameter Time is not valid. Reason: it is no date.");
  }
  auto id = base::random_uuid();
  json::object event{{"version", "0"},
                     {"id", id},
                     {"detail-type", text_in(entry, "DetailType")},
                     {"source", text_in(entry, "Source")},
                     {"account", cloud_.account_id},
                     {"time", event_time(time->value_or(cloud_.clock->now()))},
                     {"region", cloud_.region},
                     {"resources", list_in(entry, "Resources")},
                     {"detail", std::move(*detail)}};
  auto to = bus(text_in(entry, "EventBusName"));
  if (to) {
    distribute(**to, event);
  } else {
    // AWS takes events for a bus that does not exist, and drops them.
    base::log_warn("an event was dropped: {}", to.error().message);
  }
  return json::object{{"EventId", id}};
}

EventsService::Answer EventsService::put_events(const Call& call, const json::object& input) {
  const auto& entries = list_in(input, "Entries");
  for (const auto& entry : entries) {
    TRY(authorize(call, "PutEvents", bus_arn(bus_name(codec::find_string(entry, "EventBusName"))),
                  {{"events:source", codec::find_string(entry, "Source")},
                   {"events:detail-type", codec::find_string(entry, "DetailType")}}));
  }
  if (input.contains("EndpointId")) return base::fail(not_implemented("events", "PutEvents with EndpointId"));
  for (const auto& entry : entries) {
    if (codec::find(entry, "TraceHeader") == nullptr) continue;
    return base::fail(not_implemented("events", "PutEvents with TraceHeader"));
  }
  if (entries.empty() || entries.size() > kMostEntries) {
    return invalid(
        fmt::format("1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have "
                    "length {} than or equal to {}",
                    entries.empty() ? "greater" : "less", entries.empty() ? 1 : kMostEntries));
  }
  std::size_t bytes = 0;
  for (const auto& entry : entries) bytes += size_of(entry);
  if (bytes >= kMostBytes) return invalid("Total size of the entries in the request is over the limit.");
  std::size_t failed = 0;
  json::array results;
  for (const auto& entry : entries) {
    results.push_back(put_entry(entry.is_object() ? entry.get_object() : json::object(), failed));
  }
  return json::object{{"FailedEntryCount", failed}, {"Entries", std::move(results)}};
}

EventsService::Answer EventsService::test_event_pattern(const Call& call, const json::object& input) {
  TRY(authorize(call, "TestEventPattern", "*"));
  TRY(auto pattern, parse_pattern_text(text_in(input, "EventPattern")));
  auto event = codec::parse_json(text_in(input, "Event"));
  if (!event || !event->is_object()) return invalid("Parameter Event is not valid.");
  for (auto name : {"id", "account", "source", "time", "region", "resources", "detail-type"}) {
    if (!event->get_object().contains(name)) {
      return invalid(fmt::format("Parameter Event is not valid. Reason: {} is a required argument.", name));
    }
  }
  return json::object{{"Result", pattern.matches(*event)}};
}

}  // namespace localcloud
