// GetItem, PutItem, DeleteItem and UpdateItem.
#include <fmt/format.h>

#include <optional>
#include <set>

#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/dynamodb/errors.h"
#include "localcloud/dynamodb/evaluate.h"

namespace localcloud {

namespace {

std::string_view name_of(Write::Kind kind) {
  return kind == Write::Kind::put ? "PutItem" : kind == Write::Kind::update ? "UpdateItem" : "DeleteItem";
}

base::Result<> check_write_input(Write::Kind kind, const json::object& input) {
  std::set<std::string_view> known{
      "TableName",    "ConditionExpression",    "ExpressionAttributeNames",    "ExpressionAttributeValues",
      "ReturnValues", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics", "ReturnValuesOnConditionCheckFailure"};
  known.insert(kind == Write::Kind::put ? "Item" : "Key");
  if (kind == Write::Kind::update) known.insert("UpdateExpression");
  TRY(check_members(name_of(kind), input, known));
  auto wanted = text_member(input, "ReturnValues");
  static const std::set<std::string_view> kAll{"", "NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"};
  if (!kAll.contains(wanted)) {
    return validation_exception(
        fmt::format("1 validation error detected: Value '{}' at 'returnValues' failed to satisfy constraint: Member "
                    "must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
                    wanted));
  }
  if (kind == Write::Kind::update || wanted.empty() || wanted == "NONE" || wanted == "ALL_OLD") return {};
  return validation_exception("ReturnValues can only be ALL_OLD or NONE");
}

// The part of the change that ReturnValues asks for.
json::object wanted_attributes(const json::object& input, const Write& write, const ItemChange& change) {
  auto wanted = text_member(input, "ReturnValues");
  if (wanted == "ALL_OLD" && change.before != nullptr) return *change.before;
  if (wanted == "ALL_NEW" && change.after != nullptr) return *change.after;
  if (wanted == "UPDATED_OLD") return written_part(write.update, change.before);
  if (wanted == "UPDATED_NEW") return written_part(write.update, change.after);
  return {};
}

}  // namespace

DynamoDbService::Outcome DynamoDbService::get_item(const Call& call, const json::object& input) {
  TRY(check_members("GetItem", input,
                    {"TableName", "Key", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames",
                     "ReturnConsumedCapacity"}));
  TRY(auto capacity_wanted, wanted_capacity(input));
  TRY(auto key, item_member(input, "Key"));
  TRY(auto projection, parse_optional_projection(input));
  TRY(auto* its_table, authorized(call, input, &key));
  TRY(its_table->key.check_key(key));
  auto item = its_table->find(key);
  Capacity capacity;
  capacity.read_item(item, flag_member(input, "ConsistentRead"));
  if (auto refused = charge(*its_table, capacity)) return std::move(*refused);
  json::object output;
  if (item != nullptr) output["Item"] = projection ? project(*projection, *item) : *item;
  if (!capacity_wanted.empty()) output["ConsumedCapacity"] = capacity.describe(its_table->name, capacity_wanted);
  return output;
}

DynamoDbService::Outcome DynamoDbService::put_item(const Call& call, const json::object& input) {
  return write_item(call, input, Write::Kind::put);
}

DynamoDbService::Outcome DynamoDbService::delete_item(const Call& call, const json::object& input) {
  return write_item(call, input, Write::Kind::remove);
}

DynamoDbService::Outcome DynamoDbService::update_item(const Call& call, const json::object& input) {
  return write_item(call, input, Write::Kind::update);
}

DynamoDbService::Outcome DynamoDbService::write_item(const Call& call, const json::object& input, Write::Kind kind) {
  TRY(check_write_input(kind, input));
  TRY(auto capacity_wanted, wanted_capacity(input));
  TRY(auto write, parse_write(kind, input));
  TRY(auto* its_table, authorized(call, input, kind == Write::Kind::put ? &write.item : &write.key));
  TRY(check_write(write, *its_table));
  auto change = evaluate_write(write, *its_table);
  auto item = its_table->find(write.key);
  bool condition = !change && change.error().code == "ConditionalCheckFailedException";
  Capacity capacity;
  if (change) capacity.write(*its_table, *change);
  if (condition) capacity.failed_write(item);
  if (auto refused = charge(*its_table, capacity)) return std::move(*refused);
  if (!change) {
    Outcome failed(base::fail(change.error()));
    if (condition && write.gives_back && item != nullptr) failed.error_members["Item"] = *item;
    return failed;
  }
  commit(*its_table, *change);
  json::object output;
  auto attributes = wanted_attributes(input, write, *change);
  if (!attributes.empty()) output["Attributes"] = std::move(attributes);
  if (!capacity_wanted.empty()) output["ConsumedCapacity"] = capacity.describe(its_table->name, capacity_wanted);
  if (wants_collection_metrics(input) && its_table->has_local_index()) {
    output["ItemCollectionMetrics"] = collection_metrics(*its_table, change->key);
  }
  return output;
}

}  // namespace localcloud
