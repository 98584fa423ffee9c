// What belongs to a table beside its items: tags, limits, backups; and where the service is.
#include <fmt/format.h>

#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/dynamodb/errors.h"

namespace localcloud {

DynamoDbService::Outcome DynamoDbService::tag(const Call& call, const json::object& input) {
  TRY(auto* its_table, authorized_resource(call, input));
  TRY(auto more, parse_tags(input.if_contains("Tags")));
  if (more.empty()) return validation_exception("Atleast one Tag needs to be provided as Input.");
  auto all = its_table->tags;
  for (const auto& [key, value] : more) all[key] = value;
  constexpr std::size_t kMost = 50;
  if (all.size() > kMost) {
    return validation_exception(
        fmt::format("One or more parameter values were invalid: Too many tags: {}", all.size()));
  }
  its_table->tags = std::move(all);
  return json::object{};
}

DynamoDbService::Outcome DynamoDbService::untag(const Call& call, const json::object& input) {
  TRY(auto* its_table, authorized_resource(call, input));
  const auto* keys = array_member(input, "TagKeys");
  if (keys == nullptr || keys->empty()) {
    return validation_exception("Atleast one Tag Key needs to be provided as Input.");
  }
  for (const auto& key : *keys) {
    if (key.is_string()) its_table->tags.erase(std::string(key.get_string()));
  }
  return json::object{};
}

DynamoDbService::Outcome DynamoDbService::list_tags(const Call& call, const json::object& input) {
  TRY(check_members("ListTagsOfResource", input, {"ResourceArn"}));  // one answer has them all: there is no NextToken
  TRY(auto* its_table, authorized_resource(call, input));
  json::array tags;
  for (const auto& [key, value] : its_table->tags) tags.push_back({{"Key", key}, {"Value", value}});
  return json::object{{"Tags", std::move(tags)}};
}

// The default quotas of an account. They are described, not enforced.
DynamoDbService::Outcome DynamoDbService::describe_limits(const Call& call, const json::object&) {
  TRY(cloud_.iam->authorize(call.caller, "dynamodb:DescribeLimits", "*"));
  return json::object{{"AccountMaxReadCapacityUnits", 80000},
                      {"AccountMaxWriteCapacityUnits", 80000},
                      {"TableMaxReadCapacityUnits", 40000},
                      {"TableMaxWriteCapacityUnits", 40000}};
}

// Nothing is kept when the local cloud ends: no table has point-in-time recovery.
DynamoDbService::Outcome DynamoDbService::describe_backups(const Call& call, const json::object& input) {
  auto found = authorized(call, input);
  if (!found && found.error().code == "ResourceNotFoundException") {
    return aws_error(400, "TableNotFoundException",
                     fmt::format("Table not found: {}", text_member(input, "TableName")));
  }
  if (!found) return base::fail(found.error());
  return json::object{
      {"ContinuousBackupsDescription",
       json::object{{"ContinuousBackupsStatus", "ENABLED"},
                    {"PointInTimeRecoveryDescription", json::object{{"PointInTimeRecoveryStatus", "DISABLED"}}}}}};
}

DynamoDbService::Outcome DynamoDbService::describe_endpoints(const Call& call, const json::object&) {
  TRY(cloud_.iam->authorize(call.caller, "dynamodb:DescribeEndpoints", "*"));
  auto address = cloud_.endpoint.substr(cloud_.endpoint.find("//") + 2);
  return json::object{{"Endpoints", json::array{json::object{{"Address", address}, {"CachePeriodInMinutes", 1440}}}}};
}

}  // namespace localcloud
