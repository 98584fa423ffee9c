// GetItem, PutItem, DeleteItem and UpdateItem.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/dynamodb/evaluate.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

constexpr std::size_t kLargestItem = 400 * 1024;

const std::set<std::string_view> kReadMembers{"TableName", "Key", "ConsistentRead", "ProjectionExpression",
                                              "ExpressionAttributeNames"};
const std::set<std::string_view> kWriteMembers{"TableName",
                                               "Key",
                                               "Item",
                                               "ConditionExpression",
                                               "UpdateExpression",
                                               "ExpressionAttributeNames",
                                               "ReturnValues",
                                               "ExpressionAttributeValues",
                                               "ReturnValuesOnConditionCheckFailure"};

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

base::Result<> check_return_values(const json::object& input, const std::set<std::string_view>& allowed) {
  auto wanted = text_member(input, "ReturnValues");
  if (wanted.empty() || wanted == "NONE" || allowed.contains(wanted)) return {};
  return invalid("Return values set to invalid value");
}

// The condition of a write, if it has one.
base::Result<std::optional<Condition>> condition_of(const json::object& input, Placeholders& placeholders) {
  const auto* text = input.if_contains("ConditionExpression");
  if (text == nullptr || !text->is_string()) return std::optional<Condition>();
  TRY(auto condition, parse_condition(text->get_string(), "ConditionExpression", placeholders));
  return std::optional<Condition>(std::move(condition));
}

// Of the attributes that an update wrote, those that the item has: whole paths, as UPDATED_OLD and UPDATED_NEW give
// them.
json::object written_part(const Update& update, const json::object& item) {
  std::vector<Path> whole;
  for (const auto& path : written_paths(update)) {
    if (find_path(item, path) != nullptr) whole.push_back(path);
  }
  return project(whole, item);
}

base::Error condition_failed() {
  return {.kind = base::ErrorKind::service,
          .message = "The conditional request failed",
          .hint = {},
          .code = "ConditionalCheckFailedException",
          .status = 400};
}

}  // namespace

base::Result<json::object> DynamoDbService::get_item(const Call& call, const json::object& input) {
  TRY(check_members("GetItem", input, kReadMembers));
  TRY(auto key, item_member(input, "Key"));
  TRY(auto* its_table, authorized_table(call, input, key.empty() ? nullptr : &key.begin()->value()));
  TRY(auto placeholders, Placeholders::from(input));
  std::optional<std::vector<Path>> projection;
  if (input.contains("ProjectionExpression")) {
    TRY(auto paths, parse_projection(text_member(input, "ProjectionExpression"), placeholders));
    projection = std::move(paths);
  }
  TRY(placeholders.check_all_used());
  TRY(its_table->check_key(key));
  json::object output;
  auto found = its_table->items.find(its_table->key_text(key));
  if (found != its_table->items.end()) {
    output["Item"] = projection ? project(*projection, found->second) : found->second;
  }
  return output;
}

DynamoDbService::Outcome DynamoDbService::put_item(const Call& call, const json::object& input) {
  auto prepared = [&]() -> base::Result<std::pair<Table*, json::object>> {
    TRY(check_members("PutItem", input, kWriteMembers));
    TRY(auto item, item_member(input, "Item"));
    TRY(auto* its_table, authorized_table(call, input));
    TRY(check_return_values(input, {"ALL_OLD"}));
    TRY(its_table->check_item_key(item));
    if (item_size(item) > kLargestItem) return invalid("Item size has exceeded the maximum allowed size");
    return std::pair(its_table, std::move(item));
  }();
  if (!prepared) return {.result = base::fail(prepared.error())};
  auto& [its_table, item] = *prepared;
  return write(input, *its_table, its_table->key_of(item), &item);
}

DynamoDbService::Outcome DynamoDbService::delete_item(const Call& call, const json::object& input) {
  auto prepared = [&]() -> base::Result<std::pair<Table*, json::object>> {
    TRY(check_members("DeleteItem", input, kWriteMembers));
    TRY(auto key, item_member(input, "Key"));
    TRY(auto* its_table, authorized_table(call, input));
    TRY(check_return_values(input, {"ALL_OLD"}));
    TRY(its_table->check_key(key));
    return std::pair(its_table, std::move(key));
  }();
  if (!prepared) return {.result = base::fail(prepared.error())};
  return write(input, *prepared->first, prepared->second, nullptr);
}

DynamoDbService::Outcome DynamoDbService::write(const json::object& input, Table& its_table, const json::object& key,
                                                const json::object* replacement) {
  auto parsed = [&]() -> base::Result<std::optional<Condition>> {
    TRY(auto placeholders, Placeholders::from(input));
    TRY(auto condition, condition_of(input, placeholders));
    TRY(placeholders.check_all_used());
    return condition;
  }();
  if (!parsed) return {.result = base::fail(parsed.error())};
  auto text = its_table.key_text(key);
  auto found = its_table.items.find(text);
  json::object before = found == its_table.items.end() ? json::object() : found->second;
  if (*parsed && !holds(**parsed, before)) {
    Outcome outcome{.result = base::fail(condition_failed())};
    if (text_member(input, "ReturnValuesOnConditionCheckFailure") == "ALL_OLD" && !before.empty()) {
      outcome.error_members["Item"] = std::move(before);
    }
    return outcome;
  }
  if (replacement != nullptr) {
    its_table.items[text] = *replacement;
  } else {
    its_table.items.erase(text);
  }
  json::object output;
  if (text_member(input, "ReturnValues") == "ALL_OLD" && !before.empty()) output["Attributes"] = std::move(before);
  return {.result = std::move(output)};
}

DynamoDbService::Outcome DynamoDbService::update_item(const Call& call, const json::object& input) {
  auto prepared = [&]() -> base::Result<std::pair<Table*, json::object>> {
    TRY(check_members("UpdateItem", input, kWriteMembers));
    TRY(auto key, item_member(input, "Key"));
    TRY(auto* its_table, authorized_table(call, input));
    TRY(check_return_values(input, {"ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"}));
    TRY(its_table->check_key(key));
    return std::pair(its_table, std::move(key));
  }();
  if (!prepared) return {.result = base::fail(prepared.error())};
  return updated(input, *prepared->first, prepared->second);
}

DynamoDbService::Outcome DynamoDbService::updated(const json::object& input, Table& its_table,
                                                  const json::object& key) {
  Update update;
  std::optional<Condition> condition;
  auto parsed = [&]() -> base::Result<> {
    TRY(auto placeholders, Placeholders::from(input));
    if (input.contains("UpdateExpression")) {
      TRY(auto its_update, parse_update(text_member(input, "UpdateExpression"), placeholders));
      update = std::move(its_update);
    }
    TRY(auto its_condition, condition_of(input, placeholders));
    condition = std::move(its_condition);
    TRY(placeholders.check_all_used());
    for (const auto& path : written_paths(update)) {
      const auto& name = std::get<std::string>(path.front());
      if (its_table.is_key(name)) {
        return invalid(
            fmt::format("One or more parameter values were invalid: Cannot update attribute {}. This attribute is "
                        "part of the key",
                        name));
      }
    }
    return {};
  }();
  if (!parsed) return {.result = base::fail(parsed.error())};

  auto text = its_table.key_text(key);
  auto found = its_table.items.find(text);
  bool existed = found != its_table.items.end();
  json::object before = existed ? found->second : json::object();
  if (condition && !holds(*condition, before)) {
    Outcome outcome{.result = base::fail(condition_failed())};
    if (existed && text_member(input, "ReturnValuesOnConditionCheckFailure") == "ALL_OLD") {
      outcome.error_members["Item"] = std::move(before);
    }
    return outcome;
  }
  auto after = apply(update, existed ? before : key);
  if (!after) return {.result = base::fail(after.error())};
  if (item_size(*after) > kLargestItem) {
    return {.result = invalid("Item size to update has exceeded the maximum allowed size")};
  }
  its_table.items[text] = *after;

  json::object attributes;
  auto wanted = text_member(input, "ReturnValues");
  if (wanted == "ALL_OLD") attributes = before;
  if (wanted == "ALL_NEW") attributes = *after;
  if (wanted == "UPDATED_OLD") attributes = written_part(update, before);
  if (wanted == "UPDATED_NEW") attributes = written_part(update, *after);
  json::object output;
  if (!attributes.empty()) output["Attributes"] = std::move(attributes);
  return {.result = std::move(output)};
}

}  // namespace localcloud
