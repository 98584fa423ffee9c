// CreateTable, DescribeTable, DeleteTable and ListTables.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/dynamodb/errors.h"
#include "localcloud/local_clock.h"

namespace localcloud {

namespace {

base::Result<> check_table_name(std::string_view name) {
  constexpr std::size_t kShortest = 3;
  constexpr std::size_t kLongest = 255;
  bool fits = name.size() >= kShortest && name.size() <= kLongest && std::all_of(name.begin(), name.end(), [](char c) {
                return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
              });
  if (fits) return {};
  return validation_exception(
      fmt::format("Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and "
                  "may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.': {}",
                  name));
}

}  // namespace

base::Result<Table*> DynamoDbService::table(std::string_view name) {
  auto found = tables_.find(name);
  if (found == tables_.end()) return no_table(name);
  return &found->second;
}

base::Result<Table*> DynamoDbService::create_table(std::string name, const json::object& input) {
  TRY(check_table_name(name));
  TRY(auto fresh, make_table(input));
  for (const auto& index : fresh.indexes) TRY(check_table_name(index.name));
  if (tables_.contains(name)) {
    return aws_error(400, "ResourceInUseException", fmt::format("Table already exists: {}", name));
  }
  fresh.name = name;
  fresh.arn = arn_of(name);
  fresh.created = cloud_.clock->now();
  if (fresh.pay_per_request) fresh.made_on_demand = fresh.created;
  auto& created = tables_.emplace(std::move(name), std::move(fresh)).first->second;
  if (!created.stream_view.empty()) open_stream(created);
  return &created;
}

base::Result<> DynamoDbService::delete_table(std::string_view name) {
  auto found = tables_.find(name);
  if (found == tables_.end()) return no_table(name);
  if (found->second.deletion_protection) {
    return validation_exception(
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.");
  }
  close_stream(found->second);
  tables_.erase(found);
  return {};
}

DynamoDbService::Outcome DynamoDbService::create(const Call& call, const json::object& input) {
  TRY(check_members("CreateTable", input,
                    {"TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput",
                     "LocalSecondaryIndexes", "GlobalSecondaryIndexes", "StreamSpecification", "Tags", "TableClass",
                     "DeletionProtectionEnabled"}));
  auto name = text_member(input, "TableName");
  TRY(cloud_.iam->authorize(call.caller, "dynamodb:CreateTable", arn_of(name)));
  if (input.contains("Tags")) TRY(cloud_.iam->authorize(call.caller, "dynamodb:TagResource", arn_of(name)));
  TRY(auto* created, create_table(name, input));
  return json::object{{"TableDescription", created->describe("CREATING")}};
}

DynamoDbService::Outcome DynamoDbService::describe(const Call& call, const json::object& input) {
  auto found = authorized(call, input);
  if (!found && found.error().code == "ResourceNotFoundException") return no_table(text_member(input, "TableName"));
  TRY(auto* its_table, std::move(found));
  return json::object{{"Table", its_table->describe("ACTIVE")}};
}

DynamoDbService::Outcome DynamoDbService::erase(const Call& call, const json::object& input) {
  auto found = authorized(call, input);
  if (!found && found.error().code == "ResourceNotFoundException") return no_table(text_member(input, "TableName"));
  TRY(auto* its_table, std::move(found));
  auto description = its_table->describe("DELETING");
  TRY(delete_table(its_table->name));
  return json::object{{"TableDescription", std::move(description)}};
}

DynamoDbService::Outcome DynamoDbService::list(const Call& call, const json::object& input) {
  TRY(check_members("ListTables", input, {"Limit", "ExclusiveStartTableName"}));
  TRY(cloud_.iam->authorize(call.caller, "dynamodb:ListTables", "*"));
  constexpr std::int64_t kMost = 100;
  auto most = number_member(input, "Limit", kMost);
  if (most < 1 || most > kMost) {
    return validation_exception(
        fmt::format("1 validation error detected: Value '{}' at 'limit' failed to satisfy constraint: Member must have "
                    "value {}",
                    most, most < 1 ? "greater than or equal to 1" : "less than or equal to 100"));
  }
  json::object output;
  json::array names;
  for (auto at = tables_.upper_bound(text_member(input, "ExclusiveStartTableName")); at != tables_.end(); ++at) {
    if (static_cast<std::int64_t>(names.size()) == most) {
      output["LastEvaluatedTableName"] = names.back();
      break;
    }
    names.emplace_back(at->first);
  }
  output["TableNames"] = std::move(names);
  return output;
}

}  // namespace localcloud
