// Items that expire: UpdateTimeToLive, DescribeTimeToLive, and the task that deletes what is past its time. AWS deletes
// within days; here it is within seconds of the local clock.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/dynamodb/errors.h"
#include "localcloud/local_clock.h"

namespace localcloud {

namespace {

constexpr std::chrono::seconds kBetweenSweeps{10};
constexpr std::chrono::hours kBetweenChanges{1};     // the API reference, UpdateTimeToLive
constexpr std::chrono::hours kOldest{24 * 365 * 5};  // the developer guide: older times do not expire items

bool is_expired(const json::object& item, const TimeToLive& time_to_live, base::WallTime now) {
  const auto* value = item.if_contains(time_to_live.attribute);
  if (value == nullptr || type_of(*value) != "N") return false;
  double seconds = std::strtod(content_of(*value).get_string().c_str(), nullptr);
  double current = epoch_seconds(now);
  return seconds <= current && seconds > current - static_cast<double>(std::chrono::seconds(kOldest).count());
}

}  // namespace

base::Result<> DynamoDbService::set_time_to_live(Table& its_table, const std::string& attribute, bool enabled) {
  auto now = cloud_.clock->now();
  auto& current = its_table.time_to_live;
  bool is_enabled = current && current->enabled;
  if (is_enabled == enabled) {
    return validation_exception(fmt::format("TimeToLive is already {}", enabled ? "enabled" : "disabled"));
  }
  if (is_enabled && current->attribute != attribute) {
    return validation_exception(fmt::format(
        "TimeToLive is active on a different AttributeName: current AttributeName is {}", current->attribute));
  }
  if (current && now - current->changed < kBetweenChanges) {
    return validation_exception("Time to live has been modified multiple times within a fixed interval");
  }
  current = TimeToLive{.attribute = attribute, .enabled = enabled, .changed = now};
  if (enabled && !expiring_) {
    expiring_ = true;
    cloud_.tasks->spawn(delete_expired_items());
  }
  return {};
}

awaitable<void> DynamoDbService::delete_expired_items() {
  for (;;) {
    co_await cloud_.clock->sleep_for(kBetweenSweeps);
    for (auto& [name, its_table] : tables_) delete_expired_items_of(its_table);
  }
}

void DynamoDbService::delete_expired_items_of(Table& its_table) {
  if (!its_table.time_to_live || !its_table.time_to_live->enabled) return;
  auto now = cloud_.clock->now();
  std::vector<Item> expired;
  for (const auto& [place, item] : its_table.items) {
    if (is_expired(*item, *its_table.time_to_live, now)) expired.push_back(item);
  }
  for (const auto& item : expired) {
    commit(its_table, {.key = its_table.key.key_of(*item).value_or(json::object()),
                       .before = item,
                       .after = nullptr,
                       .expired = true});
  }
}

DynamoDbService::Outcome DynamoDbService::update_ttl(const Call& call, const json::object& input) {
  TRY(auto* its_table, authorized(call, input));
  const auto* given = object_member(input, "TimeToLiveSpecification");
  auto attribute = given == nullptr ? "" : text_member(*given, "AttributeName");
  if (attribute.empty()) return validation_exception("TimeToLiveSpecification AttributeName is required");
  TRY(set_time_to_live(*its_table, attribute, flag_member(*given, "Enabled")));
  return json::object{{"TimeToLiveSpecification", *given}};
}

DynamoDbService::Outcome DynamoDbService::describe_ttl(const Call& call, const json::object& input) {
  auto found = authorized(call, input);
  if (!found && found.error().code == "ResourceNotFoundException") return no_table(text_member(input, "TableName"));
  TRY(auto* its_table, std::move(found));
  const auto& current = its_table->time_to_live;
  json::object description{{"TimeToLiveStatus", current && current->enabled ? "ENABLED" : "DISABLED"}};
  if (current && current->enabled) description["AttributeName"] = current->attribute;
  return json::object{{"TimeToLiveDescription", std::move(description)}};
}

}  // namespace localcloud
