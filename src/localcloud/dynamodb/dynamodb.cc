#include "localcloud/dynamodb/dynamodb.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "codec/json.h"
#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/local_clock.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

constexpr std::string_view kVersion = "1.0";

base::Result<> check_table_name(std::string_view name) {
  constexpr std::size_t kShortest = 3;
  constexpr std::size_t kLongest = 255;
  bool fits = name.size() >= kShortest && name.size() <= kLongest && std::all_of(name.begin(), name.end(), [](char c) {
                return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
              });
  if (fits) return {};
  return aws_error(
      400, "ValidationException",
      fmt::format("Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and "
                  "may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.': {}",
                  name));
}

// The answer's Content-Type and checksum aside, DynamoDB is JSON 1.0.
net::Response failure(const Call& call, const base::Error& error, const json::object& members) {
  base::Error named = error;
  // Clients know the errors of this service by their full name.
  if (!named.code.empty() && named.status != 501) {
    bool common = named.code == "ValidationException" || named.code == "SerializationException" ||
                  named.code == "AccessDeniedException";
    named.code = (common ? "com.amazon.coral.service#" : "com.amazonaws.dynamodb.v20120810#") + named.code;
    if (common && error.code == "ValidationException") named.code = "com.amazon.coral.validate#ValidationException";
  }
  return json_failure(call, named, kVersion, members);
}

}  // namespace

base::Result<> check_members(std::string_view operation, const json::object& input,
                             const std::set<std::string_view>& known) {
  for (const auto& [name, value] : input) {
    if (known.contains(name) || value.is_null()) continue;
    // These two change nothing when they ask for nothing.
    if (name.starts_with("Return") && value == "NONE") continue;
    return base::fail(not_implemented("dynamodb", fmt::format("{} with {}", operation, std::string_view(name))));
  }
  return {};
}

std::string text_member(const json::object& input, std::string_view name) {
  const auto* value = input.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

base::Result<json::object> item_member(const json::object& input, std::string_view name) {
  const auto* value = input.if_contains(name);
  if (value == nullptr) {
    return aws_error(
        400, "ValidationException",
        fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must "
                    "not be null",
                    name));
  }
  return check_item(*value);
}

awaitable<net::Response> DynamoDbService::handle(Call call) {
  auto outcome = act(call, json_operation(call.request));
  if (!outcome.result) co_return failure(call, outcome.result.error(), outcome.error_members);
  co_return json_answer(call, json::value(std::move(*outcome.result)), kVersion);
}

DynamoDbService::Outcome DynamoDbService::act(const Call& call, const std::string& operation) {
  static const std::map<std::string_view, Operation> kOperations{
      {"CreateTable", &DynamoDbService::create}, {"DescribeTable", &DynamoDbService::describe},
      {"DeleteTable", &DynamoDbService::erase},  {"ListTables", &DynamoDbService::list},
      {"GetItem", &DynamoDbService::get_item},   {"Query", &DynamoDbService::query},
      {"Scan", &DynamoDbService::scan},
  };
  static const std::map<std::string_view, WriteOperation> kWrites{{"PutItem", &DynamoDbService::put_item},
                                                                  {"DeleteItem", &DynamoDbService::delete_item},
                                                                  {"UpdateItem", &DynamoDbService::update_item}};
  auto input = json_input(call.request);
  if (!input) return {.result = base::fail(input.error())};
  if (auto found = kOperations.find(operation); found != kOperations.end()) {
    return {.result = (this->*found->second)(call, *input)};
  }
  if (auto found = kWrites.find(operation); found != kWrites.end()) return (this->*found->second)(call, *input);
  return {.result = base::fail(not_implemented("dynamodb", operation))};
}

std::string DynamoDbService::arn_of(std::string_view name) const {
  return fmt::format("arn:aws:dynamodb:{}:{}:table/{}", cloud_.region, cloud_.account_id, name);
}

base::Result<Table*> DynamoDbService::authorized_table(const Call& call, const json::object& input,
                                                       const json::value* key) {
  auto name = text_member(input, "TableName");
  if (auto slash = name.rfind('/'); name.starts_with("arn:") && slash != std::string::npos)
    name = name.substr(slash + 1);
  ConditionContext context;
  if (key != nullptr && content_of(*key).is_string()) {
    context["dynamodb:LeadingKeys"] = std::string(content_of(*key).get_string());
  }
  auto action = "dynamodb:" + json_operation(call.request);
  TRY(cloud_.iam->authorize(call.caller, action, arn_of(name), context));
  if (name.empty()) {
    return aws_error(400, "ValidationException",
                     "The parameter 'TableName' is required but was not present in the request");
  }
  return table(name);
}

// --- Tables

base::Result<Table*> DynamoDbService::table(std::string_view name) {
  auto found = tables_.find(name);
  if (found == tables_.end()) {
    return aws_error(400, "ResourceNotFoundException", "Requested resource not found");
  }
  return &found->second;
}

base::Result<Table*> DynamoDbService::create_table(std::string name, const json::object& input) {
  TRY(check_table_name(name));
  TRY(auto fresh, make_table(input));
  if (tables_.contains(name)) {
    return aws_error(400, "ResourceInUseException", fmt::format("Table already exists: {}", name));
  }
  fresh.name = name;
  fresh.arn = arn_of(name);
  fresh.created = cloud_.clock->now();
  return &tables_.emplace(std::move(name), std::move(fresh)).first->second;
}

base::Result<> DynamoDbService::delete_table(std::string_view name) {
  auto found = tables_.find(name);
  if (found == tables_.end()) {
    return aws_error(400, "ResourceNotFoundException",
                     fmt::format("Requested resource not found: Table: {} not found", name));
  }
  tables_.erase(found);
  return {};
}

base::Result<json::object> DynamoDbService::create(const Call& call, const json::object& input) {
  TRY(check_members("CreateTable", input,
                    {"TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput"}));
  auto name = text_member(input, "TableName");
  TRY(cloud_.iam->authorize(call.caller, "dynamodb:CreateTable", arn_of(name)));
  TRY(auto* created, create_table(name, input));
  return json::object{{"TableDescription", created->describe("CREATING")}};
}

base::Result<json::object> DynamoDbService::describe(const Call& call, const json::object& input) {
  auto found = authorized_table(call, input);
  if (!found && found.error().code == "ResourceNotFoundException") {
    return aws_error(400, "ResourceNotFoundException",
                     fmt::format("Requested resource not found: Table: {} not found", text_member(input, "TableName")));
  }
  if (!found) return base::fail(found.error());
  return json::object{{"Table", (*found)->describe("ACTIVE")}};
}

base::Result<json::object> DynamoDbService::erase(const Call& call, const json::object& input) {
  TRY(auto* found, authorized_table(call, input));
  auto description = found->describe("DELETING");
  TRY(delete_table(found->name));
  return json::object{{"TableDescription", std::move(description)}};
}

base::Result<json::object> DynamoDbService::list(const Call& call, const json::object& input) {
  TRY(check_members("ListTables", input, {"Limit", "ExclusiveStartTableName"}));
  TRY(cloud_.iam->authorize(call.caller, "dynamodb:ListTables", "*"));
  constexpr std::int64_t kMost = 100;
  const auto* limit = input.if_contains("Limit");
  auto most = limit != nullptr && limit->is_int64() ? std::clamp<std::int64_t>(limit->get_int64(), 1, kMost) : kMost;
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

ResourceTypes DynamoDbService::resource_types() {
  return dynamodb_resource_types(*this);
}

std::unique_ptr<DynamoDb> make_dynamodb(Cloud& cloud) {
  return std::make_unique<DynamoDbService>(cloud);
}

}  // namespace localcloud
