#include "localcloud/dynamodb/schema.h"

#include <fmt/format.h>

#include "codec/base64.h"
#include "localcloud/dynamodb/errors.h"

namespace localcloud {

namespace {

// The developer guide, "Constraints in Amazon DynamoDB": partition key and sort key length.
constexpr std::size_t kLongestHash = 2048;
constexpr std::size_t kLongestRange = 1024;

tl::unexpected<base::Error> wrong_key() {
  return validation_exception("The provided key element does not match the schema");
}

base::Result<> check_size(const KeyAttribute& attribute, const json::value& value, bool is_hash) {
  if (attribute.type == "N") return {};
  std::string_view text = content_of(value).get_string();
  auto size = attribute.type == "B" ? codec::base64_decode(text).value_or("").size() : text.size();
  if (is_hash && size > kLongestHash) {
    return validation_exception(
        "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes");
  }
  if (!is_hash && size > kLongestRange) {
    return validation_exception(
        "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of "
        "1024 bytes");
  }
  return {};
}

// `problem`: DynamoDB words the same rule in two ways, for keys and for items.
base::Result<> check_not_empty(const KeyAttribute& attribute, const json::value& value, std::string_view problem) {
  if (attribute.type == "N" || !content_of(value).get_string().empty()) return {};
  return validation_exception(
      fmt::format("One or more parameter values {} The AttributeValue for a key attribute cannot contain an empty {} "
                  "value. Key: {}",
                  problem, attribute.type == "S" ? "string" : "binary", attribute.name));
}

}  // namespace

std::vector<KeyAttribute> KeySchema::attributes() const {
  std::vector<KeyAttribute> all{hash};
  if (range) all.push_back(*range);
  return all;
}

bool KeySchema::has(std::string_view attribute) const {
  return attribute == hash.name || (range && attribute == range->name);
}

base::Result<> KeySchema::check_key(const json::object& key) const {
  if (key.size() != (range ? 2U : 1U)) return wrong_key();
  for (const auto& attribute : attributes()) {
    const auto* value = key.if_contains(attribute.name);
    if (value == nullptr || type_of(*value) != attribute.type) return wrong_key();
    TRY(check_not_empty(attribute, *value, "were invalid:"));
    TRY(check_size(attribute, *value, attribute.name == hash.name));
  }
  return {};
}

base::Result<> KeySchema::check_item(const json::object& item) const {
  for (const auto& attribute : attributes()) {
    const auto* value = item.if_contains(attribute.name);
    if (value == nullptr) {
      return validation_exception(
          fmt::format("One or more parameter values were invalid: Missing the key {} in the item", attribute.name));
    }
    if (type_of(*value) != attribute.type) {
      return validation_exception(
          fmt::format("One or more parameter values were invalid: Type mismatch for key {} expected: {} actual: {}",
                      attribute.name, attribute.type, type_of(*value)));
    }
    TRY(check_not_empty(attribute, *value, "are not valid."));
    TRY(check_size(attribute, *value, attribute.name == hash.name));
  }
  return {};
}

std::optional<json::object> KeySchema::key_of(const json::object& item) const {
  json::object key;
  for (const auto& attribute : attributes()) {
    const auto* value = item.if_contains(attribute.name);
    if (value == nullptr || type_of(*value) != attribute.type) return std::nullopt;
    key[attribute.name] = *value;
  }
  return key;
}

json::array KeySchema::describe() const {
  json::array described{{{"AttributeName", hash.name}, {"KeyType", "HASH"}}};
  if (range) described.push_back({{"AttributeName", range->name}, {"KeyType", "RANGE"}});
  return described;
}

json::object Projection::describe() const {
  json::object described{{"ProjectionType", type}};
  if (!included.empty()) described["NonKeyAttributes"] = json::array(included.begin(), included.end());
  return described;
}

json::object Throughput::describe() const {
  return {{"NumberOfDecreasesToday", 0}, {"ReadCapacityUnits", read_units}, {"WriteCapacityUnits", write_units}};
}

}  // namespace localcloud
