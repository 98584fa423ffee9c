#include "localcloud/dynamodb/table.h"

#include <fmt/format.h>

#include <cstdlib>
#include <set>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/service.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

tl::unexpected<base::Error> wrong_key() {
  return invalid("The provided key element does not match the schema");
}

base::Result<> check_not_empty(const KeyAttribute& attribute, const json::value& value) {
  const auto& content = content_of(value);
  if (attribute.type == "N" || !content.get_string().empty()) return {};
  return invalid(
      fmt::format("One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
                  "contain an empty {} value. Key: {}",
                  attribute.type == "S" ? "string" : "binary", attribute.name));
}

std::int64_t number_of(const json::value* value) {
  if (value == nullptr) return 0;
  if (value->is_string()) return std::strtoll(value->get_string().c_str(), nullptr, 10);
  return value->is_int64() ? value->get_int64() : 0;
}

}  // namespace

base::Result<> Table::check_key(const json::object& key) const {
  if (key.size() != (range ? 2U : 1U)) return wrong_key();
  for (const auto* attribute : {&hash, range ? &*range : nullptr}) {
    if (attribute == nullptr) continue;
    const auto* value = key.if_contains(attribute->name);
    if (value == nullptr || type_of(*value) != attribute->type) return wrong_key();
    TRY(check_not_empty(*attribute, *value));
  }
  return {};
}

base::Result<> Table::check_item_key(const json::object& item) const {
  for (const auto* attribute : {&hash, range ? &*range : nullptr}) {
    if (attribute == nullptr) continue;
    const auto* value = item.if_contains(attribute->name);
    if (value == nullptr) {
      return invalid(
          fmt::format("One or more parameter values were invalid: Missing the key {} in the item", attribute->name));
    }
    if (type_of(*value) != attribute->type) {
      return invalid(
          fmt::format("One or more parameter values were invalid: Type mismatch for key {} expected: {} actual: {}",
                      attribute->name, attribute->type, type_of(*value)));
    }
    TRY(check_not_empty(*attribute, *value));
  }
  return {};
}

bool Table::is_key(std::string_view attribute) const {
  return attribute == hash.name || (range && attribute == range->name);
}

std::string Table::key_text(const json::object& item) const {
  std::string text(content_of(*item.if_contains(hash.name)).get_string());
  // A length first, so that no two keys have one text.
  if (range) {
    text = fmt::format("{}:{}{}", text.size(), text,
                       std::string_view(content_of(*item.if_contains(range->name)).get_string()));
  }
  return text;
}

json::object Table::key_of(const json::object& item) const {
  json::object key;
  key[hash.name] = *item.if_contains(hash.name);
  if (range) key[range->name] = *item.if_contains(range->name);
  return key;
}

std::int64_t Table::size_bytes() const {
  std::size_t size = 0;
  for (const auto& [key, item] : items) size += item_size(item);
  return static_cast<std::int64_t>(size);
}

json::object Table::describe(std::string_view status) const {
  json::object table = attributes_described;
  table["TableName"] = name;
  table["TableStatus"] = status;
  table["CreationDateTime"] = epoch_seconds(created);
  table["ProvisionedThroughput"] = json::object{
      {"NumberOfDecreasesToday", 0}, {"ReadCapacityUnits", read_units}, {"WriteCapacityUnits", write_units}};
  table["TableSizeBytes"] = size_bytes();
  table["ItemCount"] = items.size();
  table["TableArn"] = arn;
  table["TableId"] = id;
  if (pay_per_request) {
    table["BillingModeSummary"] =
        json::object{{"BillingMode", "PAY_PER_REQUEST"}, {"LastUpdateToPayPerRequestDateTime", epoch_seconds(created)}};
  }
  table["DeletionProtectionEnabled"] = false;
  return table;
}

base::Result<Table> make_table(const json::object& input) {
  Table table;
  json::value whole(input);
  const auto* definitions = codec::find(whole, "AttributeDefinitions");
  const auto* schema = codec::find(whole, "KeySchema");
  if (definitions == nullptr || !definitions->is_array() || schema == nullptr || !schema->is_array()) {
    return invalid("One or more parameter values were invalid: AttributeDefinitions and KeySchema are required");
  }
  std::map<std::string, std::string> types;
  for (const auto& one : definitions->get_array()) {
    auto type = codec::find_string(one, "AttributeType");
    if (type != "S" && type != "N" && type != "B") {
      return invalid(
          fmt::format("Value '{}' at 'attributeDefinitions.1.member.attributeType' failed to satisfy "
                      "constraint: Member must satisfy enum value set: [B, N, S]",
                      type));
    }
    types[codec::find_string(one, "AttributeName")] = type;
  }
  for (const auto& one : schema->get_array()) {
    auto attribute = codec::find_string(one, "AttributeName");
    auto kind = codec::find_string(one, "KeyType");
    auto type = types.find(attribute);
    if (type == types.end()) {
      return invalid(
          fmt::format("One or more parameter values were invalid: Some index key attributes are not defined in "
                      "AttributeDefinitions. Keys: [{}]",
                      attribute));
    }
    if (kind == "HASH" && table.hash.name.empty()) {
      table.hash = {.name = attribute, .type = type->second};
    } else if (kind == "RANGE" && !table.range) {
      table.range = KeyAttribute{.name = attribute, .type = type->second};
    } else {
      return invalid("Invalid KeySchema: one HASH and at most one RANGE key");
    }
  }
  if (table.hash.name.empty()) return invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  std::size_t keys = table.range ? 2 : 1;
  if (types.size() != keys) {
    return invalid(
        "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match "
        "number of attributes defined in AttributeDefinitions");
  }
  table.pay_per_request = codec::find_string(whole, "BillingMode") == "PAY_PER_REQUEST";
  const auto* throughput = codec::find(whole, "ProvisionedThroughput");
  if (!table.pay_per_request && throughput == nullptr) {
    return invalid("No provisioned throughput specified for the table");
  }
  table.read_units = number_of(codec::find(whole, "ProvisionedThroughput", "ReadCapacityUnits"));
  table.write_units = number_of(codec::find(whole, "ProvisionedThroughput", "WriteCapacityUnits"));
  table.attributes_described["AttributeDefinitions"] = *definitions;
  table.attributes_described["KeySchema"] = *schema;
  table.id = base::random_uuid();
  return table;
}

}  // namespace localcloud
