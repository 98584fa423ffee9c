// What a table's or index's keys and projections are, and whether an item fits them. Pure; errors are
// ValidationException 400 in DynamoDB's wording.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/dynamodb/value.h"

namespace localcloud {

struct KeyAttribute {
  std::string name;
  std::string type;  // "S", "N" or "B"

  bool operator==(const KeyAttribute&) const = default;
};

struct KeySchema {
  KeyAttribute hash;
  std::optional<KeyAttribute> range;

  std::vector<KeyAttribute> attributes() const;
  bool has(std::string_view attribute) const;

  // Is `key` exactly a key of this schema?
  base::Result<> check_key(const json::object& key) const;
  // Has the item the key's attributes, of the right types and sizes?
  base::Result<> check_item(const json::object& item) const;
  // The key's attributes of an item; nullopt if one is missing or of another type.
  std::optional<json::object> key_of(const json::object& item) const;

  json::array describe() const;  // [{"AttributeName", "KeyType"}]
  bool operator==(const KeySchema&) const = default;
};

struct Projection {
  std::string type = "ALL";  // "ALL", "KEYS_ONLY", "INCLUDE"
  std::vector<std::string> included = {};

  json::object describe() const;
  bool operator==(const Projection&) const = default;
};

struct Throughput {
  std::int64_t read_units = 0;
  std::int64_t write_units = 0;

  json::object describe() const;
  bool operator==(const Throughput&) const = default;
};

}  // namespace localcloud
